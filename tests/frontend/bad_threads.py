# SPDX-License-Identifier: Apache-2.0
"""Mistakes in threads: parts of a program with the place marked, and the whole diagnostic; {at} is that place."""

from tests.frontend.programs import Case

CASES = (
    Case(
        "rank_of_index",
        """\
error: 1 index for tensor 'a' of rank 2{at}
  help: give an index or a slice per dimension; they count tiles""",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(«a[0]», block).wait()""",
    ),
    Case(
        "index_out_of_range",
        """\
error: index 4 is out of range: tensor 'a' has 4 tiles along dimension 1{at}
  help: indices count from 0 and end before 4""",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(«a[0, 4]», block).wait()""",
    ),
    Case(
        "loop_leaves_tensor",
        """\
error: index 4 is out of range: tensor 'a' has 4 tiles along dimension 0{at}
  help: make the loops cover whole blocks only: sizes must be multiples of the block shape""",
        read="""\
for i in range(5):
    with a_cb.reserve() as block:
        ttl.copy(«a[i, 0]», block).wait()""",
    ),
    Case(
        "loop_leaves_tensor_with_slices",
        """\
error: index 4 is out of range: tensor 'a' has 4 tiles along dimension 0{at}
  help: make the loops cover whole blocks only: sizes must be multiples of the block shape""",
        read="""\
for i in range(0, 6, 2):
    with a_cb.reserve() as block:
        ttl.copy(«a[i : i + 1, 0]», block).wait()""",
    ),
    Case(
        "core_leaves_tensor",
        """\
error: index 7 is out of range: tensor 'a' has 4 tiles along dimension 0{at}
  help: make the loops cover whole blocks only: sizes must be multiples of the block shape""",
        decorator="grid=(8, 8)",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(«a[x, y]», block).wait()""",
    ),
    Case(
        "negative_index",
        """\
error: index -1 is out of range: tensor 'a' has 4 tiles along dimension 0{at}
  help: indices count from 0""",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(«a[-1, 0]», block).wait()""",
    ),
    Case(
        "slice_shape",
        """\
error: ttl.copy: a slice of 2x1 of tensor 'a' does not match a block of 1x1 tiles{at}
  note: the buffer is made at {file}:10:12
      a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
             ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: the slice must have the shape of the buffer's block""",
        read="""\
with a_cb.reserve() as block:
    «ttl.copy(a[0:2, 0], block)».wait()""",
    ),
    Case(
        "empty_slice",
        "error: the slice along dimension 0 of tensor 'a' is empty: its size is 0{at}",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(«a[2:2, 0]», block).wait()""",
    ),
    Case(
        "slice_of_unknown_size",
        """\
error: the size of the slice along dimension 0 of tensor 'a' is not known at compile time{at}
  help: write it as start : start + size with a constant size""",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(«a[x : y + 2, 0]», block).wait()""",
    ),
    Case(
        "slice_step",
        "error: the step of a slice must be an integer of at least 1, got int -1{at}",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(«a[0:2:-1, 0]», block).wait()""",
    ),
    Case(
        "slice_bound",
        "error: a slice bound must be an integer, got float 1.5{at}",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(«a[0:1.5, 0]», block).wait()""",
    ),
    Case(
        "index_kind",
        """\
error: dimension 0 of tensor 'a' is indexed with str '0'{at}
  help: use integers and slices""",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(«a['0', 0]», block).wait()""",
    ),
    Case(
        "copy_of_wrong_things",
        """\
error: ttl.copy moves data between a slice of a tensor and a block, a block and a pipe, or two blocks; got a circular buffer and a block of 1x1 tiles{at}""",
        read="""\
with a_cb.reserve() as block:
    «ttl.copy(a_cb, block)».wait()""",
    ),
    Case(
        "copy_to_waited_block",
        """\
error: a block that is written to by ttl.copy is acquired with reserve(), this one with wait(){at}
  note: it was acquired at {file}:26:14
      with out_cb.wait() as block:
           ^~~~~~~~~~~~~""",
        write="""\
with out_cb.wait() as block:
    «ttl.copy(a[0, 0], block)».wait()""",
    ),
    Case(
        "transfer_does_not_convert",
        """\
error: ttl.copy: tensor 'a' is float32, the block is bfloat16{at}
  help: transfers do not convert: make the buffer like the tensor and convert in the compute thread""",
        kernel="other_cb = ttl.CircularBuffer(shape=(1, 1), dtype=ttl.bfloat16)",
        read="""\
with other_cb.reserve() as block:
    «ttl.copy(a[0, 0], block)».wait()""",
    ),
    Case(
        "copy_in_compute",
        """\
error: an index into tensor 'out' belongs in a data-movement thread; 'compute' is a compute thread{at}
  note: 'compute' is defined at {file}:15:5
      def compute():
      ^~~
  help: move it to a function decorated with @ttl.datamovement()""",
        compute="""\
with a_cb.wait() as block:
    ttl.copy(block, «out[0, 0]»).wait()""",
    ),
    Case(
        "index_in_compute",
        """\
error: an index into tensor 'a' belongs in a data-movement thread; 'compute' is a compute thread{at}
  note: 'compute' is defined at {file}:15:5
      def compute():
      ^~~
  help: move it to a function decorated with @ttl.datamovement()""",
        compute="""\
with a_cb.wait() as block:
    tile = «a[0, 0]»""",
    ),
    Case(
        "arithmetic_in_data_movement",
        """\
error: '+' of blocks belongs in a compute thread; 'read' is a data-movement thread{at}
  note: 'read' is defined at {file}:20:5
      def read():
      ^~~
  help: move it to a function decorated with @ttl.compute()""",
        read="""\
with a_cb.reserve() as block:
    total = «block + block»""",
    ),
    Case(
        "function_in_data_movement",
        """\
error: 'exp' of blocks belongs in a compute thread; 'read' is a data-movement thread{at}
  note: 'read' is defined at {file}:20:5
      def read():
      ^~~
  help: move it to a function decorated with @ttl.compute()""",
        read="""\
with a_cb.reserve() as block:
    total = «ttl.math.exp(block)»""",
    ),
    Case(
        "store_in_data_movement",
        """\
error: a store to a block belongs in a compute thread; 'read' is a data-movement thread{at}
  note: 'read' is defined at {file}:20:5
      def read():
      ^~~
  help: move it to a function decorated with @ttl.compute()""",
        read="""\
with a_cb.reserve() as block:
    «block.store(1.0)»""",
    ),
    Case(
        "undefined_name",
        """\
error: name 'colum' is not defined{at}
  help: did you mean 'column'?""",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(a[0, «colum»], block).wait()""",
        globals="""\
column = 0
""",
    ),
    Case(
        "undefined_builtin",
        """\
error: name 'rang' is not defined{at}
  help: did you mean 'range'?""",
        read="""\
for i in «rang»(4):
    pass""",
    ),
    Case(
        "undefined_without_suggestion",
        "error: name 'quux' is not defined{at}",
        read="«quux»",
    ),
    Case(
        "unbound_closure",
        "error: name 'rows' is not defined{at}",
        kernel="""\
if False:
    rows = 4""",
        read="""\
for i in range(«rows»):
    pass""",
    ),
    Case(
        "read_before_assignment",
        """\
error: 'n' is used before it is bound{at}
  help: it is assigned in 'read', which makes it a local variable there""",
        globals="n = 4",
        read="""\
for i in range(«n»):
    pass
n = 5""",
    ),
    Case(
        "bound_in_one_branch",
        """\
error: 'block' has no single value here: it depends on a run-time condition{at}
  note: it was bound at {file}:21:9
      if x > 0:
      ^""",
        read="""\
if x > 0:
    block = a_cb.reserve()
    block.push()
ttl.copy(a[0, 0], «block»)""",
    ),
    Case(
        "bound_in_a_loop",
        """\
error: 'r' has no single value here: it is bound in a loop{at}
  note: it was bound at {file}:21:9
      for i in range(4):
      ^""",
        read="""\
for i in range(4):
    r = 1.5
z = «r»""",
    ),
    Case(
        "float_changed_by_a_loop",
        """\
error: '*': a run-time float cannot be an operand of block arithmetic{at}
  help: floats that meet blocks are known at compile time: no loop or run-time condition may change them; a loop that \
adds up blocks starts with a block: ttl.math.fill(0.0, shape=..., dtype=...)""",
        compute="""\
scale = 1.0
for i in range(4):
    with a_cb.wait() as block, out_cb.reserve() as result:
        result.store(«block * scale»)
    scale = scale * 2""",
    ),
    Case(
        "integer_becomes_float_in_a_loop",
        """\
error: 'n' is an integer before the loop and float 1.5 at the end of a turn{at}
  help: start with a float: 0.0""",
        read="""\
n = 0
«f»or i in range(4):
    n = 1.5""",
    ),
    Case(
        "pop_without_wait",
        """\
error: pop() without wait(): this thread holds no block of the buffer{at}
  help: call wait() first""",
        compute="«a_cb.pop()»",
    ),
    Case(
        "push_without_reserve",
        """\
error: push() without reserve(): this thread holds no block of the buffer{at}
  help: call reserve() first""",
        compute="«out_cb.push()»",
    ),
    Case(
        "pop_of_a_reserved_block",
        "error: pop() releases a block acquired with wait(), this one came from reserve(){at}",
        read="""\
block = a_cb.reserve()
«block.pop()»""",
    ),
    Case(
        "push_of_a_waited_block",
        "error: push() releases a block acquired with reserve(), this one came from wait(){at}",
        write="""\
block = out_cb.wait()
«block.push()»""",
    ),
    Case(
        "use_after_release",
        """\
error: a block is used after its release{at}
  note: it was released at {file}:17:9
      a_cb.pop()
      ^~~~~~~~~~
  help: use it before pop() or push(), or inside the 'with'""",
        compute="""\
block = a_cb.wait()
a_cb.pop()
with out_cb.reserve() as result:
    «result.store(block)»""",
    ),
    Case(
        "use_after_with",
        """\
error: a block is used after its release{at}
  note: it was released at {file}:16:14
      with a_cb.wait() as block:
           ^~~~~~~~~~~
  help: use it before pop() or push(), or inside the 'with'""",
        compute="""\
with a_cb.wait() as block:
    pass
with out_cb.reserve() as result:
    result.store(«block + 1»)""",
    ),
    Case(
        "released_twice",
        """\
error: a block is used after its release{at}
  note: it was released at {file}:17:9
      block.pop()
      ^~~~~~~~~~~
  help: use it before pop() or push(), or inside the 'with'""",
        compute="""\
block = a_cb.wait()
block.pop()
«block.pop()»""",
    ),
    Case(
        "store_to_a_waited_block",
        """\
error: a store to a block that was waited for{at}
  note: it was acquired with wait() at {file}:16:14
      with a_cb.wait() as block:
           ^~~~~~~~~~~
  help: reserve() a block of a circular buffer to write to""",
        compute="""\
with a_cb.wait() as block:
    «block.store(1.0)»""",
    ),
    Case(
        "read_of_a_reserved_block",
        """\
error: '+' reads a block that was reserved for writing{at}
  note: it was reserved at {file}:16:14
      with out_cb.reserve() as result:
           ^~~~~~~~~~~~~~~~
  help: push it and wait() for it, or keep the value in a variable""",
        compute="""\
with out_cb.reserve() as result:
    result.store(«result + 1»)""",
    ),
    Case(
        "never_released",
        """\
error: the block acquired by wait() is not released before the thread ends{at}
  help: call pop() on it, or acquire it in a 'with'""",
        compute="""\
block = «a_cb.wait()»
with out_cb.reserve() as result:
    result.store(block)""",
    ),
    Case(
        "never_released_in_a_loop",
        """\
error: the block acquired by wait() is not released at the end of the loop body{at}
  help: call pop() on it, or acquire it in a 'with'""",
        compute="""\
for _ in range(4):
    block = «a_cb.wait()»
    with out_cb.reserve() as result:
        result.store(block)""",
    ),
    Case(
        "released_on_one_side",
        """\
error: this block is held on one side of the 'if' only; both sides must leave the same blocks acquired{at}
  note: the 'if' stands at {file}:17:9
      if x == 0:
      ^~
  note: it is released on the other side at {file}:18:13
      block.pop()
      ^~~~~~~~~~~
  help: a path that leaves a loop or the thread early must release it too""",
        compute="""\
block = «a_cb.wait()»
if x == 0:
    block.pop()""",
    ),
    Case(
        "acquired_block_unused",
        """\
error: the block acquired here is not used{at}
  help: bind it: 'with buffer.wait() as block:'""",
        compute="«a_cb.wait()»",
    ),
    Case(
        "method_not_called",
        """\
error: the method 'pop' is not called{at}
  help: write pop(...)""",
        compute="""\
block = a_cb.wait()
with out_cb.reserve() as result:
    result.store(block)
«a_cb.pop»""",
    ),
    Case(
        "result_unused",
        """\
error: the result of this expression is not used{at}
  help: store it in a block: block.store(...)""",
        compute="""\
with a_cb.wait() as block:
    «block + block»""",
    ),
    Case(
        "shape_of_a_store",
        """\
error: a block of 2x2 tiles cannot hold a value of 1x1 tiles{at}
  note: its buffer is made at {file}:12:15
      wide_cb = ttl.make_circular_buffer_like(out, shape=(2, 2))
                ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        kernel="wide_cb = ttl.make_circular_buffer_like(out, shape=(2, 2))",
        compute="""\
with a_cb.wait() as block, wide_cb.reserve() as result:
    «result.store(block)»""",
    ),
    Case(
        "operand_shapes",
        """\
error: '+': block shapes [2, 3] and [3, 2] do not broadcast{at}
  help: dimensions must be equal, or 1 to be repeated""",
        kernel="""\
wide_cb = ttl.make_circular_buffer_like(a, shape=(2, 3))
tall_cb = ttl.make_circular_buffer_like(a, shape=(3, 2))""",
        compute="""\
with wide_cb.wait() as p, tall_cb.wait() as q:
    z = «p + q»""",
    ),
    Case(
        "matmul_shapes",
        "error: cannot multiply blocks of [2, 3] and [2, 3] tiles: 3 columns against 2 rows{at}",
        kernel="wide_cb = ttl.make_circular_buffer_like(a, shape=(2, 3))",
        compute="""\
with wide_cb.wait() as p:
    z = «p @ p»""",
    ),
    Case(
        "buffer_as_operand",
        """\
error: '+' of a circular buffer and int 1 is not defined{at}
  help: acquire a block with wait()""",
        compute="z = «a_cb + 1»",
    ),
    Case(
        "block_as_condition",
        "error: a block of 1x1 tiles has no truth value{at}",
        compute="""\
with a_cb.wait() as block:
    if «block»:
        pass""",
    ),
    Case(
        "runtime_operand",
        "error: '*': a run-time integer cannot be an operand of block arithmetic{at}",
        compute="""\
with a_cb.wait() as block:
    z = «block * x»""",
    ),
    Case(
        "augmented_multiplication",
        """\
error: '*=' on a block: only '+=' accumulates into a block{at}
  help: compute the value and store it with .store(...)""",
        compute="""\
with out_cb.reserve() as result:
    «result *= 2»""",
    ),
    Case(
        "accumulate_flag",
        """\
error: 'acc' of store() is True or False, known at compile time; got a run-time truth value{at}""",
        compute="""\
with a_cb.wait() as block, out_cb.reserve() as result:
    «result.store(block, acc=x > 0)»""",
    ),
    Case(
        "store_without_value",
        "error: store(): missing a required argument: 'value'{at}",
        compute="""\
with out_cb.reserve() as result:
    «result.store()»""",
    ),
    Case(
        "unknown_method",
        "error: a block of 1x1 tiles has no 'foo' in a thread{at}",
        compute="""\
with a_cb.wait() as block:
    «block.foo»()""",
    ),
    Case(
        "never_produced",
        """\
error: circular buffer 'a_cb' is waited for, but no thread produces it
  at {file}:16:14
      with a_cb.wait() as block, out_cb.reserve() as result:
           ^~~~~~~~~~~
  note: the buffer is made at {file}:10:12
      a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
             ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: reserve() and push() a block of it in another thread""",
        read="pass",
    ),
    Case(
        "never_consumed",
        """\
error: circular buffer 'out_cb' is filled, but no thread consumes it{at}
  note: the buffer is made at {file}:11:14
      out_cb = ttl.make_circular_buffer_like(out, shape=(1, 1))
               ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: wait() for its blocks and pop() them in another thread""",
        write="pass",
        compute="""\
with a_cb.wait() as block, «out_cb.reserve()» as result:
    result.store(block)""",
    ),
)
