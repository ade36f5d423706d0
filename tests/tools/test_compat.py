# SPDX-License-Identifier: Apache-2.0
"""Programs of the public language, `import ttl` and `import ttnn`, run unmodified on the simulator.

The tutorials are read from `tt-lang-sim`, which lies with torch in the folder `peer` of `JUDGES`; `tests/conformance/setup.sh`
installs them.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PEER = Path(os.environ.get("JUDGES", ""), "peer")
TUTORIALS = PEER / "ttl" / "tutorials"
SINGLE_DEVICE = (
    "elementwise/step_0_ttnn_base",
    "elementwise/step_1_single_node_single_tile_block",
    "elementwise/step_2_single_node_multitile_block",
    "elementwise/step_3_multinode",
    "elementwise/step_4_multinode_grid_full",
    "broadcast/single_node_broadcast_single_tile_block",
    "broadcast/single_node_broadcast_multitile_blocks",
    "matmul/step_0_ttnn_base",
    "matmul/step_1_single_node_single_tile_block",
    "matmul/step_2_single_node_multitile_block",
    "matmul/step_3_multinode",
    "matmul/step_4_multinode_grid_full",
)
LARGEST = 512
needs_peer = pytest.mark.skipif(
    not TUTORIALS.is_dir() or not (PEER / "torch").is_dir(),
    reason="JUDGES names no folder with tt-lang-sim and torch: tests/conformance/setup.sh installs them",
)


def ttl(*arguments, peer=True, cwd=None):
    environment = dict(os.environ)
    if peer:
        environment["PYTHONPATH"] = str(PEER)
    return subprocess.run(
        [sys.executable, "-m", "ttlang.tools.cli", *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=cwd, env=environment,
    )  # fmt: skip


@needs_peer
@pytest.mark.parametrize("name", SINGLE_DEVICE)
def test_tutorial_runs_unmodified(name):
    """Each compares its result with torch by itself, and fails when it is wrong."""
    result = ttl("run", "--compat", "--largest", LARGEST, TUTORIALS / f"{name}.py")
    assert result.returncode == 0, result.stderr


PROGRAM = """
import torch
import ttnn
import ttl

device = ttnn.open_device(device_id=0)
source = torch.arange(64 * 64, dtype=torch.float32).reshape(64, 64)
a = ttnn.from_torch(source, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device, memory_config=ttnn.L1_MEMORY_CONFIG)
assert isinstance(a, ttnn.Tensor) and a.shape == (64, 64) and a.dtype == ttnn.bfloat16
assert a.memory_config() == ttnn.L1_MEMORY_CONFIG and not a.is_sharded()
assert torch.equal(ttnn.to_torch(a), source.bfloat16())
assert torch.equal(ttnn.to_torch(ttnn.relu(ttnn.neg(a))), torch.zeros(64, 64, dtype=torch.bfloat16))
assert torch.equal(ttnn.to_torch(a + ttnn.ones_like(a)), (source.bfloat16().float() + 1).bfloat16())
assert torch.equal(ttnn.to_torch(ttnn.multiply(a, 2.0)), (source.bfloat16() * 2))
assert tuple(ttnn.rand((32, 64)).shape) == (32, 64)
assert torch.equal(ttnn.to_torch(ttnn.zeros((32, 32), ttnn.uint32)), torch.zeros(32, 32, dtype=torch.int64))
eye = ttnn.from_torch(torch.eye(64), layout=ttnn.TILE_LAYOUT)
assert torch.equal(ttnn.to_torch(a @ eye), source.bfloat16())
assert ttnn.typecast(a, ttnn.float32).dtype == ttnn.float32
cores = ttnn.CoreRangeSet([ttnn.CoreRange(ttnn.CoreCoord(0, 0), ttnn.CoreCoord(1, 0))])
shards = ttnn.MemoryConfig(ttnn.TensorMemoryLayout.HEIGHT_SHARDED, ttnn.BufferType.L1, ttnn.ShardSpec(cores, (32, 64)))
assert ttnn.to_memory_config(a, shards).is_sharded()


@ttl.operation(grid=(1, 1))
def double(x: ttnn.Tensor, y: ttnn.Tensor):
    x_dfb = ttl.make_dataflow_buffer_like(x, shape=(2, 2), block_count=2)
    y_dfb = ttl.make_dataflow_buffer_like(y, shape=(2, 2), block_count=2)

    @ttl.compute()
    def compute():
        with x_dfb.wait() as block, y_dfb.reserve() as result:
            result.store(block + block)

    @ttl.datamovement()
    def read():
        with x_dfb.reserve() as block:
            ttl.copy(x[0:2, 0:2], block).wait()

    @ttl.datamovement()
    def write():
        with y_dfb.wait() as result:
            ttl.copy(result, y[0:2, 0:2]).wait()


y = ttnn.empty_like(a)
double(a, y)
assert torch.equal(ttnn.to_torch(y), source.bfloat16() * 2)
ttnn.synchronize_device(device)
ttnn.close_device(device)
print("done")
"""


@needs_peer
def test_host_side(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    result = ttl("run", "--compat", "program.py", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, "done\n"), result.stderr


@needs_peer
def test_what_ttnn_does_not_have_here(tmp_path):
    (tmp_path / "program.py").write_text("import ttnn\nttnn.conv2d(1)\n")
    result = ttl("run", "--compat", "program.py", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith(
        "error: ttnn.conv2d is not among what programs may use of ttnn on the simulator"
    )
    assert "Traceback" not in result.stderr


def test_largest_goes_with_compat(tmp_path):
    (tmp_path / "program.py").write_text("")
    result = ttl("run", "--largest", 3, "program.py", peer=False, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (2, "error: --largest goes with --compat\n")


def test_torch_is_asked_for(tmp_path):
    (tmp_path / "program.py").write_text("import ttnn\n")
    (tmp_path / "torch.py").write_text("raise ImportError('not here')\n")
    result = ttl("run", "--compat", "program.py", peer=False, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr == (
        "error: the host operations of ttnn are computed with torch, which is not installed\n"
        "  help: pip install torch\n"
    )
