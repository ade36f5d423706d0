# SPDX-License-Identifier: Apache-2.0
"""Kernels without threads that cannot be split, with the whole diagnostic; {at} is the marked place."""

import textwrap

from tests.frontend.programs import Case

_TEMPLATE = """\
import numpy as np

import ttlang as ttl

@ttl.kernel({decorator})
def k(a, b, out):
{body}


a = np.ones((128, 128), np.float32)
b = np.ones((128, 128), np.float32)
out = np.zeros((128, 128), np.float32)
row = ttl.tensor(np.ones((128, 128), np.float32), layout=ttl.ROW_MAJOR)
{call}
"""


class Single(Case):
    """A single-threaded kernel with a mistake."""

    def __init__(
        self, name: str, diagnostic: str, body: str, decorator: str = "", call: str = "k(a, b, out)"
    ):
        self.name = name
        self.diagnostic = diagnostic
        self.source = _TEMPLATE.format(
            decorator=decorator or 'grid=(2, 2), mode="single_threaded"',
            body=textwrap.indent(textwrap.dedent(body).strip("\n"), "    "),
            call=call,
        )


CASES = (
    Single(
        "single_stores_nothing",
        """\
error: kernel 'k' stores nothing
  at {file}:6:1
      def k(a, b, out):
      ^
  help: write its results: out[i].store(...)""",
        "x = 1",
    ),
    Single(
        "single_sum_over_turns",
        """\
error: each turn of a loop around this store writes the same tiles of 'out': it depends on the turn before{at}
  help: write a sum as one expression: a[i, :] @ b[:, j], or ttl.math.reduce_sum(...)""",
        """\
for i in range(4):
    for k in range(4):
        «out[i, 0].store(a[i, k] + b[i, k])»""",
    ),
    Single(
        "single_accumulates",
        """\
error: a store of a single-threaded kernel cannot accumulate: each turn would wait for the one before{at}
  help: write the sum as one expression: a[i, :] @ b[:, j], or ttl.math.reduce_sum(...)""",
        """\
for i in range(4):
    for k in range(4):
        «out[i, 0].store(a[i, k] @ b[k, i], acc=True)»""",
    ),
    Single(
        "single_accumulates_with_operator",
        """\
error: a store of a single-threaded kernel cannot accumulate: each turn would wait for the one before{at}
  help: write the sum as one expression: a[i, :] @ b[:, j], or ttl.math.reduce_sum(...)""",
        """\
for i in range(4):
    for k in range(4):
        «out[i, 0] += a[i, k] @ b[k, i]»""",
    ),
    Single(
        "single_carried_through_memory",
        """\
error: tensor 'out' is read here at another place than it is stored to: whether a core sees the old or the new values \
would depend on the order of the cores{at}
  note: it is stored to at {file}:8:9
      out[i].store(out[i - 1] + a[i])
      ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: store to a tensor of its own""",
        """\
for i in range(1, 4):
    out[i].store(«out[i - 1]» + a[i])""",
    ),
    Single(
        "single_reads_what_is_stored_elsewhere",
        """\
error: tensor 'b' is read here, but another store of this kernel writes it at other places or in other turns: cores \
would wait for each other{at}
  note: it is stored to at {file}:8:9
      b[i].store(a[i] * 2.0)
      ^~~~~~~~~~~~~~~~~~~~~~
  help: make it two kernels, or read what was stored with the same index in the same loops""",
        """\
for i in range(4):
    b[i].store(a[i] * 2.0)
for i in range(4):
    out[i].store(«b[3 - i]» + 1.0)""",
    ),
    Single(
        "single_overwrites_what_was_read",
        """\
error: tensor 'a' is stored to, but an earlier store reads it: another core may still need the old values{at}
  note: it is read at {file}:8:22
      out[i].store(a[i] + b[i])
                   ^~~~
  help: make it two kernels, or store to a tensor of its own""",
        """\
for i in range(4):
    out[i].store(a[i] + b[i])
for i in range(4):
    «a[i].store(b[i])»""",
    ),
    Single(
        "single_stored_between_reading_and_use",
        """\
error: tensor 'a' is stored to between its reading and the use of what was read{at}
  note: it is read at {file}:8:13
      x = a[i]
          ^~~~
  note: it is used at {file}:10:9
      out[i].store(x)
      ^~~~~~~~~~~~~~~
  help: store to a tensor of its own""",
        """\
for i in range(4):
    x = a[i]
    «a[i].store(x * 2.0)»
    out[i].store(x)""",
    ),
    Single(
        "single_stores_twice",
        """\
error: tensor 'out' is stored to twice in this kernel{at}
  note: it is stored to at {file}:8:9
      out[i].store(a[i])
      ^~~~~~~~~~~~~~~~~~
  help: store the final value only""",
        """\
for i in range(4):
    out[i].store(a[i])
    «out[i].store(b[i])»""",
    ),
    Single(
        "single_overlapping_turns",
        """\
error: turns of a loop store to the same tiles of 'out', along dimension 0{at}
  help: let each turn store to tiles of its own""",
        """\
for i in range(3):
    «out[i : i + 2].store(a[i : i + 2])»""",
    ),
    Single(
        "single_diagonal",
        """\
error: a loop variable stands in two dimensions of the slice of 'out' that is stored to{at}
  help: split the work along dimensions: one loop for each""",
        """\
for i in range(4):
    «out[i, i].store(a[i, i])»""",
    ),
    Single(
        "single_condition",
        """\
error: a store that depends on a run-time condition cannot be split into threads{at}
  help: choose between values with ttl.math.where, or write the threads yourself""",
        """\
for i in range(4):
    if i > 1:
        «out[i].store(a[i])»""",
    ),
    Single(
        "single_index_is_no_sum",
        """\
error: this index into tensor 'a' is no sum of multiples of loop variables{at}
  help: cores take turns of the loops in any order: write the index with the variables of 'for' loops""",
        """\
for i in range(4):
    out[i].store(«a[i // 2]»)""",
    ),
    Single(
        "single_index_out_of_range",
        """\
error: index 4 is out of range: tensor 'a' has 4 tiles along dimension 0{at}
  help: make the loops cover whole blocks only: sizes must be multiples of the block shape""",
        """\
for i in range(4):
    out[i].store(«a[i + 1]»)""",
    ),
    Single(
        "single_shape",
        "error: a slice of 1x4 tiles cannot hold a value of 2x4 tiles{at}",
        """\
for i in range(3):
    «out[i].store(a[i : i + 2])»""",
    ),
    Single(
        "single_too_many_indices",
        """\
error: 3 indices for tensor 'a' of rank 2{at}
  help: give an index or a slice per dimension; they count tiles""",
        """\
for i in range(4):
    out[i].store(«a[i, 0, 0]»)""",
    ),
    Single(
        "single_slice_of_a_slice",
        """\
error: a slice of a slice{at}
  help: write one index into the tensor""",
        """\
for i in range(4):
    out[i, 0].store(«a[i][0]»)""",
    ),
    Single(
        "single_row_major",
        """\
error: tensor 'a' is row-major: single-threaded kernels compute on tiles
  at {file}:6:7
      def k(a, b, out):
            ^
  help: make it tiled: layout=ttl.TILE""",
        "out.store(a + b)",
        call="k(row, b, out)",
    ),
    Single(
        "single_makes_a_buffer",
        """\
error: 'make_circular_buffer_like' has no place in a single-threaded kernel{at}
  help: the compiler makes its threads, buffers and synchronisation; mode='multi_threaded' leaves them to you""",
        "cb = «ttl.make_circular_buffer_like(a, (1, 1))»",
    ),
    Single(
        "single_asks_for_its_core",
        """\
error: 'core' has no place in a single-threaded kernel{at}
  help: the compiler makes its threads, buffers and synchronisation; mode='multi_threaded' leaves them to you""",
        "x, y = «ttl.core()»",
    ),
    Single(
        "single_makes_a_thread",
        """\
error: a thread in a single-threaded kernel{at}
  help: the compiler makes its threads; mode='multi_threaded' leaves them to you""",
        """\
@«ttl.compute()»
def compute():
    pass""",
    ),
    Single(
        "single_assigns",
        """\
error: assignment to a slice{at}
  help: write slice.store(value)""",
        """\
for i in range(4):
    «out[i]» = a[i]""",
    ),
    Single(
        "single_prints",
        """\
error: 'print' in a single-threaded kernel{at}
  help: its turns are taken by cores in any order, by no thread of yours; what is known at compile time may be asserted""",
        """\
for i in range(4):
    out[i].store(a[i])
    «print(i)»""",
    ),
    Single(
        "single_asserts",
        """\
error: an assertion about run-time values in a single-threaded kernel{at}
  help: its turns are taken by cores in any order, by no thread of yours; what is known at compile time may be asserted""",
        """\
for i in range(4):
    out[i].store(a[i])
    «assert i < 3»""",
    ),
    Single(
        "single_signpost",
        """\
error: 'signpost' in a single-threaded kernel{at}
  help: its turns are taken by cores in any order, by no thread of yours; what is known at compile time may be asserted""",
        """\
out.store(a)
«ttl.signpost('done')»""",
    ),
    Single(
        "single_construct",
        "error: a list comprehension cannot be compiled in a single-threaded kernel{at}",
        "rows = «[a[i] for i in range(4)]»",
    ),
    Single(
        "single_program",
        """\
error: 'Program' has no place in a single-threaded kernel{at}
  help: the compiler makes its threads, buffers and synchronisation; mode='multi_threaded' leaves them to you""",
        "«ttl.Program()»(a, b, out)",
    ),
    Single(
        "single_while",
        """\
error: a store that depends on a run-time condition cannot be split into threads{at}
  help: choose between values with ttl.math.where, or write the threads yourself""",
        """\
i = 0
while i < 4:
    «out[i].store(a[i])»
    i += 1""",
    ),
    Single(
        "single_index_carried",
        """\
error: this index into tensor 'out' is no sum of multiples of loop variables{at}
  help: cores take turns of the loops in any order: write the index with the variables of 'for' loops""",
        """\
s = 0
for i in range(4):
    «out[s]».store(a[i])
    s += 1""",
    ),
    Single(
        "single_returns",
        "error: a kernel returns nothing{at}",
        "«return a + b»",
    ),
    Single(
        "single_result_not_used",
        """\
error: the result of this expression is not used{at}
  help: store it: out[i].store(...)""",
        """\
for i in range(4):
    «a[i] + b[i]»""",
    ),
    Single(
        "single_row_too_long",
        """\
error: the smallest blocks of this store need 12595200 bytes of L1; there are 1114649 for them{at}
  help: what is reduced must lie in L1 as a whole: reduce in parts, or make the tensor bfloat16""",
        "«out[0:1, 0:1].store(ttl.math.reduce_sum(a, dims=[0, 1]))»",
        call="k(np.ones((1024, 1024), np.float32), b, out)",
    ),
)
