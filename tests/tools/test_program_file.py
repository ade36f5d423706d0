# SPDX-License-Identifier: Apache-2.0
"""Program files run on `.npy` files, and shown."""

from io import StringIO

import ml_dtypes
import numpy as np
import pytest
from rich.console import Console
from tests.end_to_end.kernels import elementwise_kernel

import ttlang as ttl
from ttlang.diagnostics import TTLangError
from ttlang.tools.program_file import inspect_program, run_program


@pytest.fixture(scope="module", params=["bfloat16", "float32"])
def program(request, tmp_path_factory):
    tensors = [ttl.tensor(np.zeros((64, 64), np.float32), dtype=request.param) for _ in range(3)]
    compiled = elementwise_kernel(lambda a, b: a - b, block=(2, 1)).compile(*tensors)
    return compiled.save(tmp_path_factory.mktemp("programs") / "subtract.ttm")


@pytest.fixture
def files(tmp_path):
    """Two inputs, whole numbers, as bfloat16 that NumPy saves as raw bytes and as float32."""
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-100, 100, (64, 64)).astype(np.float32) for _ in range(2))
    np.save(tmp_path / "a.npy", a.astype(ml_dtypes.bfloat16) if "bfloat16" in tmp_path.name else a)
    np.save(tmp_path / "b.npy", b)
    return tmp_path, a, b


def test_run(program, files):
    folder, a, b = files
    report = run_program(program, [folder / "a.npy", folder / "b.npy"], [folder / "out.npy"])
    assert report.cycles
    out = np.load(folder / "out.npy")
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, a - b)


def test_run_with_a_file_for_every_tensor(program, files):
    folder, a, b = files
    np.save(folder / "out.npy", np.ones((64, 64), np.float32))
    run_program(
        program, [folder / name for name in ("a.npy", "b.npy", "out.npy")], [folder / "out.npy"], time=False
    )
    np.testing.assert_array_equal(np.load(folder / "out.npy"), a - b)


def refused(*arguments):
    with pytest.raises(TTLangError) as caught:
        run_program(*arguments)
    return str(caught.value)


def test_wrong_files(program, files):
    folder, a, _ = files
    good = folder / "a.npy"
    assert "takes 2 input files, or 3" in refused(program, [good])
    assert "writes 'out', but there are 2 output files" in refused(program, [good, good], [good, good])
    assert "cannot read" in refused(program, [good, folder / "no.npy"])
    (folder / "text.npy").write_text("1 2 3")
    assert f"cannot read {folder / 'text.npy'} for 'b'" in refused(program, [good, folder / "text.npy"])
    np.save(folder / "small.npy", a[:32])
    assert "has shape (32, 64), but 'b' has (64, 64)" in refused(program, [good, folder / "small.npy"])
    np.savez(folder / "many.npz", a=a)
    assert "holds several arrays" in refused(program, [good, folder / "many.npz"])
    np.save(folder / "words.npy", np.full((64, 64), "word"))
    assert "holds <U4, but 'b' is" in refused(program, [good, folder / "words.npy"])
    assert "cannot write" in refused(program, [good, good], [folder / "no" / "out.npy"])


def shown(*arguments):
    stream = StringIO()
    Console(file=stream, width=120).print(inspect_program(*arguments))
    return stream.getvalue()


def test_inspect(program):
    text = shown(program)
    for part in (
        "program elementwise",
        "wormhole_b0",
        "tt-metal 0.81",
        "64 x 64",
        "written",
        "a_cb",
        "compute",
        "ttkernel",
    ):
        assert part in text, part
    assert "ttl.program @elementwise" in shown(program, "ttl")
    with pytest.raises(TTLangError, match="has no stage 'ptx'; it has ttl, ttmetal"):
        inspect_program(program, "ptx")
    with pytest.raises(TTLangError, match="cannot read"):
        inspect_program(program.with_name("none.ttm"))
