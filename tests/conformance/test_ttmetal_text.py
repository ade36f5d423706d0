# SPDX-License-Identifier: Apache-2.0
"""The real ttmetal dialect reads our host functions.

Two things are newer than the dialect in the wheel and are put in its terms first: it has one list of runtime arguments,
and no arguments for tensor accessors.
"""

import re
import subprocess
from pathlib import Path

import pytest
from tests.end_to_end.kernels import elementwise_kernel, matmul_kernel
from tests.end_to_end.test_core_ranges import pipeline, pipeline_arguments

import ttlang as ttl

REAL_PRINT = Path(__file__).with_name("real_print.py")


def in_older_terms(text):
    text = re.sub(r", <tensor_accessor_args\[\d+\]>", "", text).replace("common_rt_args = ", "rt_args = ")
    return re.sub(r", ttl\.grid = #ttl\.grid<[^>]*>", "", text)


def configs(text):
    return re.findall(r"#ttmetal\.(?:noc|compute)_config<@\w+, .*?>, (?:noc\d|hifi\d, [^\]]*\])>", text)


TENSORS = tuple(ttl.tensor([[0.0] * 128] * 128) for _ in range(3))


@pytest.mark.parametrize(
    ("kernel", "arguments", "count"),
    [
        (elementwise_kernel(lambda a, b: a + b, grid=(4, 2)), TENSORS, 3),
        (matmul_kernel(), TENSORS, 3),
        (pipeline, pipeline_arguments(), 6),
    ],
    ids=["elementwise", "matmul", "core ranges"],
)
def test_host_functions(judges, kernel, arguments, count):
    text = kernel.compile(*arguments).asm["ttmetal"]
    command = [str(judges.folder / "venv/bin/python"), str(REAL_PRINT)]
    run = subprocess.run(command, input=in_older_terms(text), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert len(configs(run.stdout)) == count
    assert configs(run.stdout) == configs(in_older_terms(text))
    for name in (
        "create_buffer",
        "enqueue_write_buffer",
        "enqueue_read_buffer",
        "deallocate_buffer",
        "finish",
    ):
        assert run.stdout.count(f"ttmetal.{name}") == text.count(f"ttmetal.{name}")
