# SPDX-License-Identifier: Apache-2.0
"""Programs of any length for the tests of the passes for buffers, transfers and synchronisation."""

from xdsl.dialects.builtin import ModuleOp

from ttlang.dialects import checking, context

HEADER = """
ttl.program @p(%t: tensor<{rows}x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = {grid} {{
  ttl.kernel {{
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
"""
READ = """
      %x{i} = ttl.cb_reserve %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %r{i} = ttl.index_accessor %in, %c, %c
      %t{i} = ttl.copy %r{i}, %x{i}
      ttl.wait %t{i}
      ttl.cb_push %a, 1
"""
COMPUTE = """
      %u{i} = ttl.cb_wait %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %v{i} = ttl.cb_reserve %b, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      ttl.block_store %v{i}, %u{i}
      ttl.cb_push %b, 1
      ttl.cb_pop %a, 1
"""
WRITE = """
      %y{i} = ttl.cb_wait %b, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %s{i} = ttl.index_accessor %out, %d, %d
      %w{i} = ttl.copy %y{i}, %s{i}
      ttl.cb_pop %b, 1
"""
ACCESSOR = "ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}"


def parse(text: str) -> ModuleOp:
    return checking.parse(context(), text)


def straight_line(ops: int) -> str:
    """A program of about `ops` ops: a reader, a compute thread and a writer without loops."""
    blocks = range(max(1, ops // 14))
    return "".join(
        [
            HEADER.format(rows=8, grid="[1, 1]"),
            f"    ttl.datamovement_thread {{\n      %c = arith.constant 0 : index\n      %in = {ACCESSOR}\n",
            *(READ.format(i=i) for i in blocks),
            "    }\n    ttl.compute_thread {\n",
            *(COMPUTE.format(i=i) for i in blocks),
            f"    }}\n    ttl.datamovement_thread {{\n      %d = arith.constant 0 : index\n      %out = {ACCESSOR}\n",
            *(WRITE.format(i=i) for i in blocks),
            "    }\n  }\n}\n",
        ]
    )
