# SPDX-License-Identifier: Apache-2.0
"""A use of every documented signature of the kernel API compiles, or is refused by name; the documents list what is refused."""

import json
import re
from pathlib import Path

import pytest

from ttlang.simulator import KernelCompileError, Program

USES = json.loads((Path(__file__).parent / "kernel_api_uses.json").read_text(encoding="utf-8"))
ROOT = Path(__file__).resolve().parents[2]
HEADERS = ROOT / "src" / "ttlang" / "simulator" / "native" / "include" / "ttsim"
CORE = (0, 0, 0, 0)
SHARDED = [1, 64, 2, 1, 2, 1, 1, 1, 0]
"""Words of a tensor of 2 x 1 pages of 64 bytes in shards of one page on one core."""
HEAD = """#include "api/dataflow/dataflow_api.h"
void kernel_main() {
    if (get_arg_val<uint32_t>(0) == 0) return;
    const auto accessor = TensorAccessor(TensorAccessorArgs<0>(), 0);
    const auto sharded = TensorAccessor(TensorAccessorArgs<2>(), 0);
    const ckernel::ReluConfig relu;
    const std::array<uint32_t, 4> lut{};
    volatile uint32_t* word = nullptr;
    const InterleavedAddrGen<true> interleaved{0, 64};
    const InterleavedAddrGenFast<true> fast{0, 64, DataFormat::Float16_b};
    const InterleavedPow2AddrGen<true> pow2{0, 6};
    const InterleavedPow2AddrGenFast<true> pow2fast{0, 6};
"""


def documented(title):
    """Names in the first column of a table of the document, and the words after them."""
    text = (ROOT / "docs" / "simulator-api.md").read_text(encoding="utf-8")
    section = text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def name_of(use):
    return re.match(r"\w+", use)[0]


def compile_log(device, uses):
    program = Program()
    lines = "\n".join(f"    {{ (void)({use}); }}" for use in uses)
    program.add_kernel(
        f"{HEAD}{lines}\n}}\n",
        "reader",
        CORE,
        name="uses",
        compile_time_args=[2, 2048, *SHARDED],
        named_compile_time_args={"n": 1},
        runtime_args={(0, 0): [0]},
    )
    program.add_circular_buffer(0, CORE, num_pages=2)
    try:
        device.run(program, sanitize=False)
    except KernelCompileError as error:
        return error.log
    return ""


@pytest.mark.parametrize("chip", ["device", "blackhole"])
def test_every_signature_compiles_or_is_refused(chip, request):
    refused = documented("Refused")
    uses = [use for each in USES.values() for use in each]
    assert len({name_of(use) for use in uses}) > 650
    log = compile_log(request.getfixturevalue(chip), [use for use in uses if name_of(use) not in refused])
    assert re.findall(r"error: .*", log) == []


def test_refused_calls_are_named(device):
    refused = documented("Refused")
    uses = [use for each in USES.values() for use in each if name_of(use) in refused]
    log = compile_log(device, uses)
    named = set(re.findall(r"error: (\w+)[^:]* is not simulated", log))
    assert named == {name_of(use) for use in uses} and len(named) >= 25


def refused_in_headers():
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(HEADERS.iterdir()))
    direct = re.findall(r'TTSIM_REFUSED\("(\w+)', text)
    listed = re.findall(r"TTSIM_(?:REFUSED_CALL|GROUP_STATISTICS)\((\w+)[,)]", text)
    return {*direct, *listed} - {"name"}


def test_the_document_lists_what_the_headers_refuse():
    assert documented("Refused") == refused_in_headers()


# A body that is empty, or only marks its parameters as unused.
EMPTY = re.compile(r"ALWI [^;{}()]*?\b(\w+)\([^{}]*\)(?: const)? *\{\s*(?:\(void\)[^;{}]*;\s*)?\}")


def test_the_document_lists_every_call_without_effect():
    found = {
        match[1]
        for path in sorted(HEADERS.iterdir())
        for match in EMPTY.finditer(path.read_text(encoding="utf-8"))
        if not match[1][0].isupper() and ") :" not in match[0]
    }
    assert found == documented("Without effect")
