# SPDX-License-Identifier: Apache-2.0
"""Every verifier: text with one mistake, marked by § where the diagnostic must point, and the exact
message.
"""

import pytest

from ttlang.diagnostics import CompileError
from ttlang.dialects import context
from ttlang.dialects.checking import parse, verify

TILE = "!ttcore.tile<32x32, bf16>"
F32_TILE = "!ttcore.tile<32x32, f32>"
CB = f"!ttl.cb<[2,1], {TILE}, 2, L1>"
BLOCK = f"!ttl.block<tensor<2x1x{TILE}>>"
TENSOR = f"tensor<8x8x{TILE}>"
LAYOUT = "#ttl.layout<tiled, interleaved>"
DEFINITIONS = f"""
%cb = ttl.create_cb shape=[2, 1], tile_type={TILE}, buffer_factor=2
%one = ttl.create_cb shape=[1, 1], tile_type={TILE}, buffer_factor=2
%wide = ttl.create_cb shape=[2, 1], tile_type={F32_TILE}, buffer_factor=2
%s = ttl.create_semaphore initial_value=0
%far = ttl.create_semaphore initial_value=0 is_remote=true
%p = ttl.create_pipe src_core=[0, 0] dst_core=[1, 1]
%x, %y = ttl.core_index(dims = 2)
%c7 = arith.constant 7 : index
%v = arith.constant 1.0 : f32
"""


def func(arguments: str, body: str) -> str:
    return f"func.func @f({arguments}) {{ {body}\nfunc.return }}"


def compute(body: str) -> str:
    return f"ttl.kernel grid = [4, 4] {{ {DEFINITIONS} ttl.compute_thread @math {{ {body} }} }}"


def movement(body: str) -> str:
    return f"ttl.kernel grid = [4, 4] {{ {DEFINITIONS} ttl.datamovement_thread @mover {{ {body} }} }}"


def kernel(body: str) -> str:
    return f"ttl.kernel grid = [4, 4] {{ {DEFINITIONS} {body} }}"


def acquired(body: str, wrap: str = "compute") -> str:
    text = f"""%b = ttl.cb_wait %cb, 2 : {BLOCK}
    %o = ttl.cb_reserve %one, 1 : !ttl.block<tensor<1x1x{TILE}>>
    {body}"""
    return compute(text) if wrap == "compute" else movement(text)


def accessor(layout: str, space: str = "L1", tensor: str = TENSOR) -> str:
    return func(f"%t: {tensor}", f"%a = §ttl.tensor_accessor %t {{layout = {layout}, memspace = {space}}}")


CASES: dict[str, tuple[str, str]] = {
    # circular buffers
    "wait count": (
        compute("§ttl.cb_wait %cb, 3"),
        f"'ttl.cb_wait' op 3 tiles, but a block of {CB} has 2",
    ),
    "pop count": (compute("§ttl.cb_pop %cb, 1"), f"'ttl.cb_pop' op 1 tiles, but a block of {CB} has 2"),
    "reserve count": (
        movement("§ttl.cb_reserve %cb, 0"),
        f"'ttl.cb_reserve' op 0 tiles, but a block of {CB} has 2",
    ),
    "push count": (movement("§ttl.cb_push %cb, 3"), f"'ttl.cb_push' op 3 tiles, but a block of {CB} has 2"),
    "push too many": (
        movement("§ttl.cb_push %cb, 6"),
        f"'ttl.cb_push' op 6 tiles, but a block of {CB} has 2",
    ),
    "block of a buffer": (
        compute(f"%b = §ttl.cb_wait %cb, 2 : !ttl.block<tensor<1x2x{TILE}>>"),
        f"'ttl.cb_wait' op block !ttl.block<tensor<1x2x{TILE}>> is no block of {CB}",
    ),
    "acquired type": (
        compute("%b = §ttl.cb_wait %cb, 2 : index"),
        "'ttl.cb_wait' op the result must be a block or a memref, got index",
    ),
    "buffer shape": (
        f"%cb = §ttl.create_cb shape=[2, 2], tile_type={TILE}, buffer_factor=2 : {CB}",
        f"'ttl.create_cb' op shape [2, 2] does not match the result type {CB}",
    ),
    "buffer factor": (
        f"%cb = §ttl.create_cb shape=[2, 1], tile_type={TILE}, buffer_factor=3 : {CB}",
        f"'ttl.create_cb' op buffer_factor 3 does not match the result type {CB}",
    ),
    "buffer tile": (
        f"%cb = §ttl.create_cb shape=[2, 1], tile_type={F32_TILE}, buffer_factor=2 : {CB}",
        f"'ttl.create_cb' op tile_type {F32_TILE} does not match the result type {CB}",
    ),
    "buffer memory": (
        f"%cb = §ttl.create_cb shape=[2, 1], tile_type={TILE}, buffer_factor=2, memory_space=DRAM : {CB}",
        f"'ttl.create_cb' op memory_space DRAM does not match the result type {CB}",
    ),
    "buffer in DST": (
        f"%cb = ttl.create_cb §shape=[2, 1], tile_type={TILE}, buffer_factor=2, memory_space=DST",
        "a circular buffer cannot live in DST: the hardware has none there, use L1",
    ),
    "buffer in System": (
        f"%cb = ttl.create_cb §shape=[2, 1], tile_type={TILE}, buffer_factor=2, memory_space=System",
        "a circular buffer cannot live in System: the hardware has none there, use L1",
    ),
    "buffer of nothing": (
        f"%cb = ttl.create_cb §shape=[0, 1], tile_type={TILE}, buffer_factor=2",
        "block shape [0, 1] must have dimensions of at least 1",
    ),
    "no slots": (
        f"%cb = ttl.create_cb §shape=[2, 1], tile_type={TILE}, buffer_factor=0",
        "buffer factor must be at least 1, got 0",
    ),
    "tile of another buffer": (
        compute(f"%t = §ttl.get_tile %cb, %x : {F32_TILE}"),
        f"'ttl.get_tile' op tile {F32_TILE} is no tile of {CB}",
    ),
    "tile beyond the buffer": (
        compute("%t = §ttl.get_tile %cb, %c7"),
        f"'ttl.get_tile' op there is no tile 7 in {CB}, which holds 4",
    ),
    "packed beyond the buffer": (
        compute("§ttl.pack_tile %x, %cb, %c7"),
        f"'ttl.pack_tile' op there is no tile 7 in {CB}, which holds 4",
    ),
    # block shapes
    "shapes of operands": (
        func(
            f"%a: tensor<2x3x{TILE}>, %b: tensor<2x2x{TILE}>",
            f"%r = §ttl.block_add %a, %b : tensor<2x3x{TILE}>",
        ),
        "'ttl.block_add' op block shapes [2, 3] and [2, 2] do not broadcast",
    ),
    "shape of a result": (
        func(f"%a: tensor<2x3x{TILE}>", f"%r = §ttl.block_exp %a : tensor<3x2x{TILE}>"),
        f"'ttl.block_exp' op operands give tensor<2x3x{TILE}>, but the result is tensor<3x2x{TILE}>",
    ),
    "scalars in arithmetic": (
        func("%a: tensor<2x3xf32>", "%r = §ttl.block_exp %a : tensor<2x3xf32>"),
        "'ttl.block_exp' op expected tiles, got tensor<2x3xf32>",
    ),
    "arity": (
        func(f"%a: tensor<2x3x{TILE}>", f"%r = §ttl.block_add %a : tensor<2x3x{TILE}>"),
        "'ttl.block_add' op takes 2 operands, got 1",
    ),
    "parameters": (
        func(f"%a: tensor<2x3x{TILE}>", f"%r = §ttl.block_clamp %a parameters = [1.0] : tensor<2x3x{TILE}>"),
        "'ttl.block_clamp' op takes the parameters (lower, upper), got 1 values",
    ),
    "inner sizes of a product": (
        func(
            f"%a: tensor<2x3x{TILE}>, %b: tensor<2x2x{TILE}>",
            f"%r = §ttl.block_matmul %a, %b : tensor<2x2x{TILE}>",
        ),
        "'ttl.block_matmul' op cannot multiply blocks of [2, 3] and [2, 2] tiles: 3 columns against 2 rows",
    ),
    "transposed shape": (
        func(f"%a: tensor<2x3x{TILE}>", f"%r = §ttl.block_transpose %a : tensor<2x3x{TILE}>"),
        f"'ttl.block_transpose' op operand gives tensor<3x2x{TILE}>, but the result is tensor<2x3x{TILE}>",
    ),
    "converted shape": (
        func(f"%a: tensor<2x3x{TILE}>", f"%r = §ttl.block_typecast %a : tensor<3x2x{TILE}>"),
        f"'ttl.block_typecast' op tensor<2x3x{TILE}> and tensor<3x2x{TILE}> differ in shape",
    ),
    "reduced shape": (
        func(
            f"%a: tensor<2x3x{TILE}>", f"%r = §ttl.block_reduce %a kind = sum dims = [1] : tensor<2x3x{TILE}>"
        ),
        "'ttl.block_reduce' op reducing [2, 3] over [1] gives [2, 1], not [2, 3]",
    ),
    "reduced dimensions": (
        func(
            f"%a: tensor<2x3x{TILE}>", f"%r = §ttl.block_reduce %a kind = sum dims = [2] : tensor<2x3x{TILE}>"
        ),
        f"'ttl.block_reduce' op dims [2] do not name dimensions of tensor<2x3x{TILE}>",
    ),
    "kind of reduction": (
        func(
            f"%a: tensor<1x1x{TILE}>",
            f'%r = §"ttl.block_reduce"(%a) <{{kind = "median", dims = [1 : i64]}}>'
            f" : (tensor<1x1x{TILE}>) -> tensor<1x1x{TILE}>",
        ),
        "'ttl.block_reduce' op kind must be one of sum, max, min, mean, got median",
    ),
    "broadcast shape": (
        func(f"%a: tensor<2x3x{TILE}>", f"%r = §ttl.block_broadcast %a dims = [1] : tensor<2x6x{TILE}>"),
        "'ttl.block_broadcast' op cannot broadcast [2, 3] to [2, 6] along [1]",
    ),
    "broadcast dimensions": (
        func(f"%a: tensor<2x1x{TILE}>", f"%r = §ttl.block_broadcast %a dims = [3] : tensor<2x6x{TILE}>"),
        f"'ttl.block_broadcast' op dims [3] do not name dimensions of tensor<2x1x{TILE}>",
    ),
    "stored shape": (
        acquired("§ttl.block_store %o, %b"),
        "'ttl.block_store' op a block of [1, 1] tiles cannot hold a value of [2, 1] tiles",
    ),
    "store to a value": (
        func(f"%a: tensor<2x3x{TILE}>", "§ttl.block_store %a, %a"),
        f"'ttl.block_store' op stores to a block or to a shard of a distributed tensor, got tensor<2x3x{TILE}>",
    ),
    "fused inputs": (
        func(
            f"%a: memref<1x1x{TILE}>",
            f"§ttl.block_compute outs(%a) {{ ^bb0(%t: {TILE}): \n ttl.yield %t }}",
        ),
        "'ttl.block_compute' op 0 inputs but 1 body arguments",
    ),
    "fused outputs": (
        func(
            f"%a: memref<1x1x{TILE}>",
            f"§ttl.block_compute ins(%a) outs(%a, %a) {{ ^bb0(%t: {TILE}): \n ttl.yield %t }}",
        ),
        "'ttl.block_compute' op 2 outputs but 1 yielded values",
    ),
    # kinds of thread
    "copy in compute": (
        acquired("%tx = §ttl.copy %b, %b"),
        "'ttl.copy' op belongs in a data-movement thread, but stands in the compute thread @math",
    ),
    "wait in compute": (
        func(
            "%tx: !ttl.mem_tx",
            "ttl.compute_thread { §ttl.wait %tx }",
        ),
        "'ttl.wait' op belongs in a data-movement thread, but stands in the compute thread",
    ),
    "barrier in compute": (
        compute("§ttl.dma_barrier"),
        "'ttl.dma_barrier' op belongs in a data-movement thread, but stands in the compute thread @math",
    ),
    "semaphore in compute": (
        compute("§ttl.semaphore_set %s, 1"),
        "'ttl.semaphore_set' op belongs in a data-movement thread, but stands in the compute thread @math",
    ),
    "pipe end in compute": (
        compute("§ttl.if_src %p { }"),
        "'ttl.if_src' op belongs in a data-movement thread, but stands in the compute thread @math",
    ),
    "element in compute": (
        acquired("%e = §ttl.read_element %b[%x, %y]"),
        "'ttl.read_element' op belongs in a data-movement thread, but stands in the compute thread @math",
    ),
    "arithmetic in data movement": (
        acquired("%e = §ttl.block_exp %b", "movement"),
        "'ttl.block_exp' op belongs in a compute thread, but stands in the data-movement thread @mover",
    ),
    "store in data movement": (
        acquired("§ttl.block_store %b, %b", "movement"),
        "'ttl.block_store' op belongs in a compute thread, but stands in the data-movement thread @mover",
    ),
    "tile in a microcore of data movement": (
        kernel(
            "ttl.tile_proc microcores = <noc = datamovement> { ttl.thread @noc { %t = §ttl.get_tile"
            " %cb, %x } }"
        ),
        "'ttl.get_tile' op belongs in a compute thread, but stands in the data-movement thread",
    ),
    "two compute threads": (
        "§ttl.kernel { ttl.compute_thread { }\n ttl.compute_thread { } }",
        "'ttl.kernel' op a core runs one compute thread, this kernel has 2",
    ),
    "three data-movement threads": (
        "§ttl.kernel { ttl.datamovement_thread { }\n ttl.datamovement_thread { }\n"
        " ttl.datamovement_thread { } }",
        "'ttl.kernel' op a core runs two data-movement threads, this kernel has 3",
    ),
    "thread in a thread": (
        "ttl.compute_thread { §ttl.datamovement_thread { } }",
        "'ttl.datamovement_thread' op a thread cannot stand inside another (ttl.compute_thread)",
    ),
    # structure
    "core range outside": (
        "§ttl.kernel grid = [4, 4] core_range = [[0, 0], [4, 3]] { }",
        "'ttl.kernel' op core_range [0, 0] to [4, 3] is outside of the grid [4, 4]",
    ),
    "core range empty": (
        "§ttl.kernel grid = [4, 4] core_range = [[2, 0], [1, 3]] { }",
        "'ttl.kernel' op core_range [2, 0] to [1, 3] holds no core",
    ),
    "core range corners": (
        "§ttl.kernel core_range = [[2, 0]] { }",
        "'ttl.kernel' op core_range has a first and a last core, got 1 cores",
    ),
    "program memory": (
        '§ttl.program @p() grid = [1] memory_space = "DST" { }',
        '\'ttl.program\' op memory_space must be "L1" or "DRAM", got "DST"',
    ),
    "python line": (
        "§ttl.kernel attributes {python_source_line = 0 : i64} { }",
        "'ttl.kernel' op python_source_line counts from 1, got 0",
    ),
    "grid rank": (
        "§ttl.program @p() grid = [1, 1, 1, 1] { }",
        "a grid has 1 to 3 dimensions, got [1, 1, 1, 1]",
    ),
    "grid size": ("§ttl.program @p() grid = [1, 0] { }", "grid dimensions must be at least 1, got [1, 0]"),
    # pipes
    "pipe source outside": (
        kernel("%q = §ttl.create_pipe src_core=[0, 4] dst_core=[1, 1]"),
        "'ttl.create_pipe' op source core [0, 4] is outside of the grid [4, 4]",
    ),
    "pipe destination outside": (
        kernel("%q = §ttl.create_pipe src_core=[0, 0] dst_core=[9, 1]"),
        "'ttl.create_pipe' op destination core [9, 1] is outside of the grid [4, 4]",
    ),
    "pipe range outside": (
        kernel("%q = §ttl.create_pipe src_core=[0, 0] dst_core_range=[[0, %y], [3, 5]]"),
        "'ttl.create_pipe' op destination core [3, 5] is outside of the grid [4, 4]",
    ),
    "pipe of the program's grid": (
        "ttl.program @p() grid = [2] { %q = §ttl.create_pipe src_core=[0] dst_core=[2] }",
        "'ttl.create_pipe' op destination core [2] is outside of the grid [2]",
    ),
    "pipe without destination": (
        "%q = §ttl.create_pipe src_core=[0, 0]",
        "a pipe needs a destination core or a destination range, and not both",
    ),
    "pipe with both destinations": (
        "%q = §ttl.create_pipe src_core=[0, 0] dst_core=[1, 0] dst_core_range=[[0, 0], [1, 0]]",
        "a pipe needs a destination core or a destination range, and not both",
    ),
    "pipe unicast and multicast": (
        '%q = §"ttl.create_pipe"() <{src_core = [0 : i64], dst_core = [1 : i64], dst_core_range'
        " = [[0 : i64], [1 : i64]]}>"
        " : () -> !ttl.pipe<[0] -> [1]>",
        "'ttl.create_pipe' op a pipe needs either dst_core (unicast) or dst_core_range (multicast), got both",
    ),
    "pipe to nowhere": (
        '%q = §"ttl.create_pipe"() <{src_core = [0 : i64]}> : () -> !ttl.pipe<[0] -> [1]>',
        "'ttl.create_pipe' op a pipe needs either dst_core (unicast) or dst_core_range"
        " (multicast), got neither",
    ),
    "pipe type": (
        '%q = §"ttl.create_pipe"() <{src_core = [0 : i64], dst_core = [1 : i64]}> : () ->'
        " !ttl.pipe<[0] -> [2]>",
        "'ttl.create_pipe' op coordinates [0] and [1] do not match the result type !ttl.pipe<[0] -> [2]>",
    ),
    "pipe operands": (
        '%q = §"ttl.create_pipe"() <{src_core = [-9223372036854775808 : i64], dst_core = [1 : i64]}>'
        " : () -> !ttl.pipe<[?] -> [1]>",
        "'ttl.create_pipe' op 1 coordinates are computed, but there are 0 operands for them",
    ),
    "pipe ranks": (
        "%q = §ttl.create_pipe src_core=[0, 0] dst_core=[1]",
        "coordinates of a pipe must have one rank, 1 to 3, got [0, 0] and [1]",
    ),
    "pipe range order": (
        "%q = §ttl.create_pipe src_core=[0, 0] dst_core_range=[[1, 0], [0, 3]]",
        "destination range [1, 0] to [0, 3] is empty: corners are first and last core",
    ),
    "pipe range corners": (
        "%q = §ttl.create_pipe src_core=[0, 0] dst_core_range=[[1, 0]]",
        "a destination range has two corners, got 1",
    ),
    "pipe with negative coordinates": (
        "%q = §ttl.create_pipe src_core=[0, -1] dst_core=[0, 0]",
        "coordinates must not be negative, got [0, -1] and [0, 0]",
    ),
    # semaphores
    "comparison": (
        movement(
            '§"ttl.semaphore_wait"(%s) <{value = 1 : i32, comparison = "max",'
            " operandSegmentSizes = array<i32: 1, 0, 0>}> : (!ttl.semaphore) -> ()"
        ),
        '\'ttl.semaphore_wait\' op comparison must be "equal" or "min", got "max"',
    ),
    "comparison keyword": (
        movement("ttl.semaphore_wait %s, 1 comparison = §max"),
        "Expected one of 'equal', 'min'",
    ),
    "reset after a minimum": (
        movement("§ttl.semaphore_wait %s, 1 comparison = min reset = 0"),
        "'ttl.semaphore_wait' op a reset after comparison = min would lose increments beyond the value",
    ),
    "wait for a remote semaphore": (
        movement("§ttl.semaphore_wait %far, 1"),
        "'ttl.semaphore_wait' op a core can only wait for its own semaphore, this one is remote",
    ),
    "negative value": (
        movement("§ttl.semaphore_wait %s, -1"),
        "'ttl.semaphore_wait' op value must be 0 to 2147483647, got -1",
    ),
    "negative reset": (
        movement("§ttl.semaphore_wait %s, 1 reset = -1"),
        "'ttl.semaphore_wait' op reset value must be 0 to 2147483647, got -1",
    ),
    "initial value": (
        "%s = §ttl.create_semaphore initial_value=-1",
        "'ttl.create_semaphore' op initial value must be 0 to 2147483647, got -1",
    ),
    "multicast increment": (
        movement("%r = ttl.remote_semaphore %s mcast = [[0, 0], [1, 1]]\n §ttl.semaphore_inc %r, 1"),
        "'ttl.semaphore_inc' op an increment goes to one core; set is the op for several",
    ),
    "increment of its own": (
        movement("§ttl.semaphore_inc %s, 1"),
        "'ttl.semaphore_inc' op an increment goes to another core: give its coordinates",
    ),
    "increment outside": (
        movement("§ttl.semaphore_inc %s, 1 core = [4, 0]"),
        "'ttl.semaphore_inc' op core [4, 0] is outside of the grid [4, 4]",
    ),
    "set outside": (
        movement("§ttl.semaphore_set %s, 1 mcast = [[0, 0], [3, 4]]"),
        "'ttl.semaphore_set' op multicast corner [3, 4] is outside of the grid [4, 4]",
    ),
    "multicast range order": (
        movement("§ttl.semaphore_set %s, 1 mcast = [[3, 0], [0, 3]]"),
        "'ttl.semaphore_set' op multicast range [3, 0] to [0, 3] is empty",
    ),
    "unicast and multicast": (
        movement("§ttl.semaphore_set %s, 1 core = [1, 1] mcast = [[0, 0], [1, 1]]"),
        "'ttl.semaphore_set' op either core [1, 1] or mcast [0, 0, 1, 1], not both",
    ),
    "remote without target": (
        movement("§ttl.semaphore_set %far, 1"),
        "'ttl.semaphore_set' op which core's semaphore? give a core",
    ),
    "target twice": (
        movement("%r = ttl.remote_semaphore %s core = [1, 1]\n §ttl.semaphore_set %r, 1 core = [2, 2]"),
        "'ttl.semaphore_set' op the target is already in ttl.remote_semaphore",
    ),
    "remote of nothing": (
        kernel("%r = §ttl.remote_semaphore %s"),
        "'ttl.remote_semaphore' op needs either a core or a multicast range",
    ),
    "remote of remote": (
        kernel("%r = ttl.remote_semaphore %s core = [0, 0]\n %q = §ttl.remote_semaphore %r core = [1, 1]"),
        "'ttl.remote_semaphore' op the semaphore already belongs to other cores",
    ),
    # transfers
    "tensor to tensor": (
        func(
            f"%t: {TENSOR}, %i: index",
            f"%a = ttl.tensor_accessor %t {{layout = {LAYOUT}, memspace = DRAM}}\n"
            "%r = ttl.index_accessor %a, %i, %i\n %tx = §ttl.copy %r, %r",
        ),
        f"'ttl.copy' op cannot copy tensor<1x1x{TILE}> to tensor<1x1x{TILE}>:"
        " data moves through a block: copy to a block first, and from it then",
    ),
    "tensor to pipe": (
        func(f"%t: tensor<1x1x{TILE}>, %q: !ttl.pipe<[0] -> [1]>", "%tx = §ttl.copy %t, %q"),
        f"'ttl.copy' op cannot copy tensor<1x1x{TILE}> to !ttl.pipe<[0] -> [1]>:"
        " a pipe carries blocks: copy to a block first",
    ),
    "pipe to pipe": (
        func("%q: !ttl.pipe<[0] -> [1]>", "%tx = §ttl.copy %q, %q"),
        "'ttl.copy' op cannot copy !ttl.pipe<[0] -> [1]> to !ttl.pipe<[0] -> [1]>:"
        " a pipe leads to a block: receive there, and send on then",
    ),
    "copy of a scalar": (
        func(f"%i: index, %b: {BLOCK}", "%tx = §ttl.copy %i, %b"),
        "'ttl.copy' op a transfer moves slices of tensors, blocks and pipes, not index",
    ),
    "source in DST": (
        func(
            f"%b: {BLOCK}, %a: !ttl.accessor<{TENSOR}, {LAYOUT}, DST>",
            "%tx = §ttl.copy %a, %b",
        ),
        "'ttl.copy' op the source is in DST memory, the network on chip reaches L1 and DRAM only",
    ),
    "destination in System": (
        func(
            f"%b: {BLOCK}, %a: !ttl.accessor<{TENSOR}, {LAYOUT}, System>, %i: index",
            f"%r = ttl.index_accessor %a, %i, %i : tensor<2x1x{TILE}>\n%tx = §ttl.copy %b, %r",
        ),
        "'ttl.copy' op the destination is in System memory, the network on chip reaches L1 and DRAM only",
    ),
    "copied shapes": (
        func(f"%b: {BLOCK}, %t: tensor<1x1x{TILE}>", "%tx = §ttl.copy %t, %b"),
        "'ttl.copy' op cannot copy a block of [1, 1] to one of [2, 1]",
    ),
    "copied elements": (
        func(f"%b: {BLOCK}, %t: tensor<2x1x{F32_TILE}>", "%tx = §ttl.copy %t, %b"),
        f"'ttl.copy' op a transfer converts nothing: elements {F32_TILE} and {TILE} differ",
    ),
    "coordinates of a block": (
        func(f"%b: {BLOCK}", "%tx = §ttl.copy %b, %b src_coords = [0, 0]"),
        f"'ttl.copy' op src_coords [0, 0] are for an accessor, not for {BLOCK}",
    ),
    "coordinates outside": (
        func(
            f"%b: {BLOCK}, %a: !ttl.accessor<{TENSOR}, {LAYOUT}, DRAM>",
            "%tx = §ttl.copy %a, %b src_coords = [0, 8]",
        ),
        "'ttl.copy' op src_coords [0, 8] are outside of the tensor of [8, 8]",
    ),
    "direction": (
        '§"ttl.dma_barrier"() <{direction = "sideways"}> : () -> ()',
        '\'ttl.dma_barrier\' op direction must be "read" or "write", got "sideways"',
    ),
    "element indices": (
        acquired("%e = §ttl.read_element %b[%x]", "movement"),
        "'ttl.read_element' op 1 indices for an element of a block of rank 2",
    ),
    "element type": (
        acquired("§ttl.write_element %x, %b[%x, %y]", "movement"),
        f"'ttl.write_element' op an element of {BLOCK} is written as f32, not index",
    ),
    "element of a tensor": (
        func(f"%t: {TENSOR}, %i: index, %v: f32", "§ttl.write_element %v, %t[%i, %i]"),
        f"'ttl.write_element' op expected a block, got {TENSOR}",
    ),
    # layouts and accessors
    "tensor in DST": (
        accessor(LAYOUT, "DST"),
        "'ttl.tensor_accessor' op a tensor is accessed in L1 or DRAM, not in DST",
    ),
    "tiled layout of scalars": (
        accessor(LAYOUT, tensor="tensor<8x8xf32>"),
        "'ttl.tensor_accessor' op a tiled layout cannot hold elements of type f32",
    ),
    "row-major layout of tiles": (
        accessor("#ttl.layout<row_major, interleaved>"),
        f"'ttl.tensor_accessor' op a row_major layout cannot hold elements of type {TILE}",
    ),
    "unknown size": (
        accessor(LAYOUT, tensor=f"tensor<8x?x{TILE}>"),
        f"'ttl.tensor_accessor' op a tensor needs known sizes of at least 1, got tensor<8x?x{TILE}>",
    ),
    "narrow height shards": (
        accessor("#ttl.layout<tiled, height_sharded, grid = [4], shard = [2, 4]>"),
        "'ttl.tensor_accessor' op height_sharded shards are as wide as the tensor,"
        " but a tensor of 8x8 in shards of 2x4 is 2 across",
    ),
    "low width shards": (
        accessor("#ttl.layout<tiled, width_sharded, grid = [4], shard = [4, 2]>"),
        "'ttl.tensor_accessor' op width_sharded shards are as high as the tensor,"
        " but a tensor of 8x8 in shards of 4x2 is 2 down",
    ),
    "too few cores": (
        accessor("#ttl.layout<tiled, height_sharded, grid = [1, 3], shard = [2, 8]>"),
        "'ttl.tensor_accessor' op a tensor of 8x8 in shards of 2x8 needs 4 cores, the grid [1, 3] has 3",
    ),
    "block grid": (
        accessor("#ttl.layout<tiled, block_sharded, grid = [2, 4], shard = [4, 2]>"),
        "'ttl.tensor_accessor' op a tensor of 8x8 in shards of 4x2 needs a grid of [4, 2] cores, got [2, 4]",
    ),
    "block grid of columns": (
        accessor("#ttl.layout<tiled, block_sharded, grid = [4, 2], shard = [4, 2], orientation = col_major>"),
        "'ttl.tensor_accessor' op a tensor of 8x8 in shards of 4x2 needs a grid of [2, 4] cores, got [4, 2]",
    ),
    "block grid rank": (
        accessor("#ttl.layout<tiled, block_sharded, grid = [4], shard = [4, 4]>"),
        "'ttl.tensor_accessor' op a block_sharded layout needs a grid of 2 dimensions, got [4]",
    ),
    "shard rank": (
        accessor("#ttl.layout<tiled, block_sharded, grid = [4, 4], shard = [4]>"),
        "'ttl.tensor_accessor' op a shard has rows and columns of at least 1, got [4]",
    ),
    "shard grid rank": (
        accessor("#ttl.layout<tiled, height_sharded, grid = [4, 1, 1], shard = [2, 8]>"),
        "'ttl.tensor_accessor' op a shard grid has 1 or 2 sizes of at least 1, got [4, 1, 1]",
    ),
    "sharded without grid": (
        "func.func private @f() attributes {m = §#ttl.layout<tiled, height_sharded, shard = [2, 8]>}",
        "a height_sharded layout needs a grid",
    ),
    "interleaved with grid": (
        "func.func private @f() attributes {m = §#ttl.layout<tiled, interleaved, grid = [2, 8]>}",
        "an interleaved layout has no grid",
    ),
    "index rank": (
        func(
            f"%a: !ttl.accessor<{TENSOR}, {LAYOUT}, DRAM>, %i: index",
            f"%r = §ttl.index_accessor %a, %i : tensor<1x1x{TILE}>",
        ),
        "'ttl.index_accessor' op 1 indices for a tensor of rank 2",
    ),
    "slice rank": (
        func(
            f"%a: !ttl.accessor<{TENSOR}, {LAYOUT}, DRAM>, %i: index",
            f"%r = §ttl.index_accessor %a, %i, %i : tensor<1x{TILE}>",
        ),
        f"'ttl.index_accessor' op a slice of rank 1 of a tensor of rank 2: tensor<1x{TILE}>",
    ),
    "slice size": (
        func(
            f"%a: !ttl.accessor<{TENSOR}, {LAYOUT}, DRAM>, %i: index",
            f"%r = §ttl.index_accessor %a, %i, %i : tensor<1x9x{TILE}>",
        ),
        "'ttl.index_accessor' op slice of 9 along dimension 1 of a tensor of [8, 8]",
    ),
    "slice elements": (
        func(
            f"%a: !ttl.accessor<{TENSOR}, {LAYOUT}, DRAM>, %i: index",
            f"%r = §ttl.index_accessor %a, %i, %i : tensor<1x1x{F32_TILE}>",
        ),
        f"'ttl.index_accessor' op a slice of {TILE} cannot have elements {F32_TILE}",
    ),
    "slice sizes": (
        func(
            f"%a: !ttl.accessor<{TENSOR}, {LAYOUT}, DRAM>, %i: index",
            f"%r = §ttl.index_accessor %a, %i, %i slice #ttl.slice<[2, 1], [3, 1]> : tensor<1x1x{TILE}>",
        ),
        "'ttl.index_accessor' op slice sizes [2, 1] but a result of [1, 1]",
    ),
    "slice outside": (
        func(
            f"%a: !ttl.accessor<{TENSOR}, {LAYOUT}, DRAM>",
            f"%i = arith.constant 7 : index\n%r = §ttl.index_accessor %a, %i, %i : tensor<1x2x{TILE}>",
        ),
        "'ttl.index_accessor' op elements 7 to 8 along dimension 1 are outside of a tensor of [8, 8]",
    ),
    "number of coordinates": (
        '%a = §"ttl.core_index"() <{dims = 2 : i64}> : () -> index',
        "'ttl.core_index' op dims = 2 but 1 results",
    ),
    # microcores
    "undeclared microcore": (
        "ttl.kernel { ttl.tile_proc microcores = <a = compute> { §ttl.thread @b { } } }",
        "'ttl.thread' op microcore @b is not declared; there are @a",
    ),
    "microcore outside": (
        "§ttl.thread @b { }",
        "'ttl.thread' op stands directly in a ttl.tile_proc",
    ),
    "microcore taken": (
        "§ttl.tile_proc microcores = <a = compute> { ttl.thread @a { }\n ttl.thread @a { } }",
        "'ttl.tile_proc' op microcore @a runs one thread, but several are bound to it",
    ),
    "not a thread": (
        "§ttl.tile_proc microcores = <a = compute> { ttl.dma_barrier }",
        "'ttl.tile_proc' op holds ttl.thread ops only, got ttl.dma_barrier",
    ),
    "two microcores for compute": (
        "§ttl.tile_proc microcores = <a = compute, b = compute> { }",
        "2 microcores for compute, a Tensix core has 1",
    ),
    "microcore twice": (
        "§ttl.tile_proc microcores = <a = compute, a = datamovement> { }",
        "microcore a is declared 2 times",
    ),
    # distribution
    "distributed shape": (
        func(
            "%t: tensor<256x256xf32>",
            "%d = §ttl.distribute %t : !ttl.dist_tensor<grid=[8,8], shard=[32,64], f32, sharded, L1>",
        ),
        "'ttl.distribute' op grid [8, 8] x shard [32, 64] is a tensor of [256, 512], not of [256, 256]",
    ),
    "distributed elements": (
        func(
            "%t: tensor<256x256xf32>",
            "%d = §ttl.distribute %t : !ttl.dist_tensor<grid=[8,8], shard=[32,32], bf16, sharded, L1>",
        ),
        "'ttl.distribute' op elements f32 cannot become bf16",
    ),
    "distributed rank": (
        "func.func private @f(§!ttl.dist_tensor<grid=[8], shard=[32,32], f32, sharded, L1>) -> ()",
        "grid [8] and shard [32, 32] must have the rank of the tensor",
    ),
    "distributed sizes": (
        "func.func private @f(§!ttl.dist_tensor<grid=[8,0], shard=[32,32], f32, sharded, L1>) -> ()",
        "grid [8, 0] and shard [32, 32] must have sizes of at least 1",
    ),
    "height of columns": (
        "func.func private @f(§!ttl.dist_tensor<grid=[8,2], shard=[32,32], f32, height_sharded, L1>) -> ()",
        "height_sharded divides the first dimension only, but the grid is [8, 2]",
    ),
    "width of rows": (
        "func.func private @f(§!ttl.dist_tensor<grid=[8,2], shard=[32,32], f32, width_sharded, L1>) -> ()",
        "width_sharded divides the last dimension only, but the grid is [8, 2]",
    ),
    "distributed in DST": (
        "func.func private @f(§!ttl.dist_tensor<grid=[8,2], shard=[32,32], f32, sharded, DST>) -> ()",
        "a distributed tensor lives in L1 or DRAM, not in DST",
    ),
    "shard type": (
        func(
            "%d: !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>",
            "%s = §ttl.extract_shard %d : tensor<64x32xf32>",
        ),
        "'ttl.extract_shard' op the shard of !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>"
        " is tensor<32x32xf32>, not tensor<64x32xf32>",
    ),
    "redistributed shape": (
        func(
            "%d: !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>",
            "%s = §ttl.redistribute %d strategy=sharded"
            " : !ttl.dist_tensor<grid=[8,4], shard=[32,32], f32, sharded, L1>",
        ),
        "'ttl.redistribute' op a tensor of [256, 256] cannot become one of [256, 128]",
    ),
    "redistributed strategy": (
        func(
            "%d: !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>",
            "%s = §ttl.redistribute %d strategy=interleaved"
            " : !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>",
        ),
        "'ttl.redistribute' op strategy interleaved does not match the result type"
        " !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>",
    ),
    "redistributed elements": (
        func(
            "%d: !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>",
            "%s = §ttl.redistribute %d strategy=sharded"
            " : !ttl.dist_tensor<grid=[8,8], shard=[32,32], bf16, sharded, L1>",
        ),
        "'ttl.redistribute' op elements f32 cannot become bf16",
    ),
    # debugging
    "pieces of a print": (
        '§"ttl.print"() <{pieces = ["a", "b"]}> : () -> ()',
        "'ttl.print' op 0 values need 1 pieces of text, got 2",
    ),
    "formats of a print": (
        func("%i: index", '§"ttl.print"(%i) <{pieces = ["", ""], formats = []}> : (index) -> ()'),
        "'ttl.print' op 1 values but 0 formats",
    ),
    "texts of a print": ('ttl.print "a", §"b"', "two texts in a row; write them as one"),
    "nameless signpost": ('§ttl.signpost ""', "'ttl.signpost' op needs a name"),
    # types
    "tile shape": (
        "func.func private @f(§!ttcore.tile<33x32, bf16>) -> ()",
        "tile shape 33x32 does not exist; the hardware has 1x32, 2x32, 4x16, 4x32, 8x32, 16x16,"
        " 16x32, 32x16, 32x32",
    ),
    "tile of bits": (
        "func.func private @f(§!ttcore.tile<32x32, i1>) -> ()",
        "a tile cannot hold i1; use u8 or u16",
    ),
    "block of nothing": (
        f"func.func private @f(§!ttl.block<tensor<0x1x{TILE}>>) -> ()",
        f"a block needs known sizes of at least 1, got tensor<0x1x{TILE}>",
    ),
    "block of an integer": (
        "func.func private @f(§!ttl.block<i32>) -> ()",
        "parameter 'tensor_type' does not verify: i32 should be of base attribute tensor",
    ),
    "core mask": (
        "func.func private @f() attributes {m = §#ttl.core_mask<[-1]>}",
        "core indices must not be negative, got [-1]",
    ),
    "slice steps": (
        "func.func private @f() attributes {m = §#ttl.slice<[1, 1], [1]>}",
        "2 sizes but 1 steps",
    ),
    "slice step 0": (
        "func.func private @f() attributes {m = §#ttl.slice<[1], [0]>}",
        "a slice step must not be 0",
    ),
    "slice size 0": (
        "func.func private @f() attributes {m = §#ttl.slice<[0]>}",
        "slice sizes must be at least 1, got [0]",
    ),
    # text
    "unknown op": ("§ttl.cb_wiat %cb", "there is no op ttl.cb_wiat; did you mean ttl.cb_wait?"),
    "undefined value": ("ttl.cb_wait §%cb, 1", "%cb is not defined here"),
    "missing operand": ("ttl.wait§", "operand expected"),
    "too many operands": (
        func(f"%b: {BLOCK}", "%tx = ttl.copy §%b, %b, %b"),
        "expected 2 operands, got 3",
    ),
    "wrong operand": (
        func("%i: index", "§ttl.wait %i"),
        "'ttl.wait' op operand 'tx' at position 0 does not verify: index should be of base"
        " attribute ttl.mem_tx",
    ),
}


@pytest.mark.parametrize("case", CASES, ids=lambda name: name.replace(" ", "-"))
def test_message_and_place(case: str) -> None:
    marked, message = CASES[case]
    text = marked.replace("§", "")
    with pytest.raises(CompileError) as caught:
        verify(parse(context(), text, "kernel.mlir"))
    assert caught.value.message == message
    location = caught.value.location
    assert location is not None
    if "§" in marked:
        before = marked[: marked.index("§")]
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        assert (location.file, location.line, location.column) == ("kernel.mlir", line, column)
