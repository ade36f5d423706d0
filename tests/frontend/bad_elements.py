# SPDX-License-Identifier: Apache-2.0
"""Mistakes with elements of blocks: parts of a program with the place marked, and the whole diagnostic."""

from tests.frontend.programs import Case

_RESERVED = "with a_cb.reserve() as block:\n    ttl.copy(a[0, 0], block)\n    "

CASES = (
    Case(
        "element_in_a_compute_thread",
        """\
error: a read of an element of a block belongs in a data-movement thread; 'compute' is a compute thread{at}
  note: 'compute' is defined at {file}:15:5
      def compute():
      ^~~
  help: move it to a function decorated with @ttl.datamovement()""",
        compute="""\
with a_cb.wait() as block, out_cb.reserve() as result:
    v = «block[0, 0]»
    result.store(block)""",
    ),
    Case(
        "element_written_in_a_compute_thread",
        """\
error: a write to an element of a block belongs in a data-movement thread; 'compute' is a compute thread{at}
  note: 'compute' is defined at {file}:15:5
      def compute():
      ^~~
  help: move it to a function decorated with @ttl.datamovement()""",
        compute="""\
with a_cb.wait() as block, out_cb.reserve() as result:
    result.store(block)
    «result[0, 0]» = 1.0""",
    ),
    Case(
        "element_index_out_of_range",
        """\
error: index 32 is out of range: the block has 32 elements along dimension 1{at}
  help: indices of elements count from 0 and end before 32""",
        read=_RESERVED + "v = «block[0, 32]»",
    ),
    Case(
        "element_index_negative",
        """\
error: index -1 is out of range: the block has 32 elements along dimension 0{at}
  help: indices of elements count from 0 and end before 32""",
        read=_RESERVED + "«block[-1, 0]» = 1.0",
    ),
    Case(
        "element_index_of_a_loop",
        """\
error: index 39 is out of range: the block has 32 elements along dimension 0{at}
  help: indices of elements count from 0 and end before 32""",
        read=_RESERVED + "for i in range(40):\n        v = «block[i, 0]»",
    ),
    Case(
        "element_rank",
        """\
error: 1 index for a block of rank 2{at}
  help: an element of a block is named by an integer per dimension; they count elements, not tiles""",
        read=_RESERVED + "v = «block[3]»",
    ),
    Case(
        "element_slice",
        """\
error: dimension 1 of a block is indexed with slice slice(0, 4, None){at}
  help: an element of a block is named by integers; ttl.copy moves whole blocks""",
        read=_RESERVED + "v = «block[0, 0:4]»",
    ),
    Case(
        "element_of_a_block_format",
        """\
error: elements of a block of bfloat8_b cannot be accessed one by one{at}
  help: make the tensor bfloat16 or float32""",
        read="""\
with small.reserve() as block:
    v = «block[0, 0]»""",
        kernel="small = ttl.CircularBuffer((1, 1), dtype='bfloat8_b')",
    ),
    Case(
        "element_written_to_a_waited_block",
        """\
error: a write to an element of a block that was waited for{at}
  note: it was acquired with wait() at {file}:26:14
      with out_cb.wait() as block:
           ^~~~~~~~~~~~~
  help: reserve() a block of a circular buffer to write to""",
        write="""\
with out_cb.wait() as block:
    «block[0, 0]» = 1.0""",
    ),
    Case(
        "element_after_release",
        """\
error: a block is used after its release{at}
  note: it was released at {file}:22:9
      block.push()
      ^~~~~~~~~~~~
  help: use it before pop() or push(), or inside the 'with'""",
        read="""\
block = a_cb.reserve()
block.push()
v = «block[0, 0]»""",
    ),
    Case(
        "element_is_no_number",
        "error: an element of a block is a number, got str 'x'{at}",
        read=_RESERVED + "«block[0, 0]» = 'x'",
    ),
    Case(
        "element_integer_that_does_not_fit",
        "error: 300 does not fit uint8{at}",
        kernel="bytes = ttl.CircularBuffer((1, 1), dtype='uint8')",
        read="with bytes.reserve() as block:\n    «block[0, 0]» = 300",
    ),
    Case(
        "element_float_into_integers",
        """\
error: an element of a block of int32 is an integer, got float 1.5{at}
  help: convert it: int(value)""",
        kernel="numbers = ttl.CircularBuffer((1, 1), dtype='int32')",
        read="with numbers.reserve() as block:\n    «block[0, 0]» = 1.5",
    ),
    Case(
        "element_operator",
        "error: '//' of run-time floats cannot be compiled{at}",
        read=_RESERVED + "v = «block[0, 0] // 2»",
    ),
    Case(
        "element_as_index",
        """\
error: dimension 1 of tensor 'a' is indexed with a run-time float{at}
  help: use integers and slices""",
        read=_RESERVED + "ttl.copy(«a[0, block[0, 0]]», block)",
    ),
    Case(
        "element_starts_as_an_integer",
        """\
error: 'total' is an integer before the loop and a run-time float at the end of a turn{at}
  help: start with a float: 0.0""",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(a[0, 0], block)
    total = 0
    «f»or i in range(32):
        total += block[i, 0]""",
    ),
)
