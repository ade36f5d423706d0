# SPDX-License-Identifier: Apache-2.0
"""Mistakes with distributed tensors and with threads on parts of the grid, in the form of `bad_kernels`."""

from tests.frontend.programs import Case

CASES = (
    Case(
        "range_of_another_rank",
        """\
error: the range of cores of a thread has 1 coordinates, the grid (2, 2) has 2 dimensions
  at {file}:12:6
      @ttl.compute(cores=(0,))
       ^~~~~~~~~~~~~~~~~~~~~~~""",
        kernel="""\
@ttl.compute(cores=(0,))
def more(): pass""",
    ),
    Case(
        "range_outside_of_the_grid",
        """\
error: the range of cores of a thread is outside of the grid: coordinate 2 of 2
  at {file}:12:6
      @ttl.compute(cores=(slice(0, 3), 0))
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        kernel="""\
@ttl.compute(cores=(slice(0, 3), 0))
def more(): pass""",
    ),
    Case(
        "range_with_steps",
        """\
error: the range of cores of a thread is a rectangle: its slices have no steps, got 2
  at {file}:12:6
      @ttl.compute(cores=(slice(0, 2, 2), 0))
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        kernel="""\
@ttl.compute(cores=(slice(0, 2, 2), 0))
def more(): pass""",
    ),
    Case(
        "range_backwards",
        """\
error: the range of cores of a thread is empty: it goes from core (1, 0) to (0, 0)
  at {file}:12:6
      @ttl.compute(cores=((1, 0), (0, 0)))
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        kernel="""\
@ttl.compute(cores=((1, 0), (0, 0)))
def more(): pass""",
    ),
    Case(
        "range_that_depends_on_the_core",
        """\
error: the range of cores of a thread depends on the core
  at {file}:12:6
      @ttl.compute(cores=(slice(x, 2), 0))
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: give constants: cores=(slice(0, 4), slice(0, 8))""",
        kernel="""\
@ttl.compute(cores=(slice(x, 2), 0))
def more(): pass""",
    ),
    Case(
        "range_of_another_kind",
        """\
error: the range of cores of a thread is a tuple of coordinates and slices, got 'left'
  at {file}:12:6
      @ttl.compute(cores='left')
       ^~~~~~~~~~~~~~~~~~~~~~~~~""",
        kernel="""\
@ttl.compute(cores='left')
def more(): pass""",
    ),
    Case(
        "two_compute_threads_of_a_core",
        """\
error: a core runs at most 1 compute thread, core (1, 0) of 'k' has 2: more, compute
  at {file}:17:5
      def compute():
      ^~~
  note: 'more' runs on cores (1, 0) to (1, 1) at {file}:13:5
      def more():
      ^~~
  help: give the threads of a kind ranges of cores that do not meet: cores=...""",
        kernel="""\
@ttl.compute(cores=(1, slice(None)))
def more():
    pass""",
    ),
    Case(
        "three_movers_of_a_core",
        """\
error: a core runs at most 2 data-movement threads, core (0, 1) of 'k' has 3: more, read, write
  at {file}:27:5
      def write():
      ^~~
  note: 'more' runs on cores (0, 1) to (1, 1) at {file}:13:5
      def more():
      ^~~
  note: 'read' runs on all cores at {file}:22:5
      def read():
      ^~~
  help: give the threads of a kind ranges of cores that do not meet: cores=...""",
        kernel="""\
@ttl.datamovement(cores=(slice(None), 1))
def more():
    pass""",
    ),
    Case(
        "shard_of_a_plain_tensor_in_a_thread",
        """\
error: tensor 'a' has no parts of cores: it is not distributed
  at {file}:17:25
      block.store(a.extract_shard())
                  ^~~~~~~~~~~~~~~~~
  help: pass a ttl.DistributedTensor(data, grid=..., shard=..., strategy=...)""",
        compute="""\
with out_cb.reserve() as block:
    block.store(a.extract_shard())""",
    ),
    Case(
        "shard_of_a_plain_tensor_in_the_kernel",
        """\
error: tensor 'a' has no parts of cores: it is not distributed
  at {file}:12:12
      mine = a.extract_shard()
             ^~~~~~~~~~~~~~~~~
  help: pass a ttl.DistributedTensor(data, grid=..., shard=..., strategy=...)""",
        kernel="mine = a.extract_shard()",
    ),
    Case(
        "redistribution_of_a_plain_tensor",
        """\
error: tensor 'a' has no parts of cores: it is not distributed
  at {file}:12:9
      b = a.redistribute('sharded')
          ^~~~~~~~~~~~~~~~~~~~~~~~~
  help: pass a ttl.DistributedTensor(data, grid=..., shard=..., strategy=...)""",
        kernel="b = a.redistribute('sharded')",
    ),
    Case(
        "interleaved_in_a_kernel",
        """\
error: tensor 'a' cannot be made interleaved inside a kernel: its pages would lie on other cores, where only a tensor of the host's has room
  at {file}:12:9
      b = a.redistribute('interleaved')
          ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: call redistribute('interleaved') on the ttl.DistributedTensor, before the kernel is called""",
        kernel="b = a.redistribute('interleaved')",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "redistribution_that_does_not_divide",
        """\
error: tensor 'a' is not redistributed: grid (3, 1) does not divide a matrix of 128x128
  at {file}:12:9
      b = a.redistribute('sharded', grid=(3, 1))
          ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        kernel="b = a.redistribute('sharded', grid=(3, 1))",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "redistribution_to_parts_of_tiles",
        """\
error: tensor 'a' is not redistributed: parts of a tiled tensor are whole tiles of 32x32, got shard (16, 128)
  at {file}:12:9
      b = a.redistribute('sharded', grid=(8, 1))
          ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        kernel="b = a.redistribute('sharded', grid=(8, 1))",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "shard_stored_in_the_kernel",
        """\
error: the shard of tensor 'a' is stored to outside a compute thread
  at {file}:12:5
      a.extract_shard().store(1)
      ^~~~~~~~~~~~~~~~~~~~~~~~~~
  help: store in a function decorated with @ttl.compute()""",
        kernel="a.extract_shard().store(1)",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "store_of_another_shape",
        """\
error: the shard of tensor 'a' of 2x2 tiles cannot hold a value of 1x1 tiles
  at {file}:17:13
      mine.store(block)
      ^~~~~~~~~~~~~~~~~""",
        kernel="mine = a.extract_shard()",
        compute="""\
with a_cb.wait() as block:
    mine.store(block)
with out_cb.reserve() as result:
    result.store(ttl.math.fill(1.0, shape=(1, 1), dtype=ttl.float32))""",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "store_to_a_redistributed_shard",
        """\
error: a write to the shard of tensor 'a', redistributed: that is a value, not a tensor
  at {file}:16:9
      b.extract_shard().store(b.extract_shard())
      ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: write to the argument itself: a.extract_shard()""",
        kernel="b = a.redistribute('sharded')",
        compute="b.extract_shard().store(b.extract_shard())",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "copy_to_a_redistributed_shard",
        """\
error: a write to the shard of tensor 'a', redistributed: that is a value, not a tensor
  at {file}:27:13
      ttl.copy(block, b.extract_shard()).wait()
      ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: write to the argument itself: a.extract_shard()""",
        kernel="b = a.redistribute('sharded', grid=(4, 4))",
        write="""\
with out_cb.wait() as block:
    ttl.copy(block, b.extract_shard()).wait()""",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "redistributed_and_stored",
        """\
error: tensor 'a' is redistributed and written in the same kernel: other cores would read parts of it while they change
  at {file}:16:33
      a.extract_shard().store(b.extract_shard())
                              ^~~~~~~~~~~~~~~~~
  note: it is written at {file}:16:9
      a.extract_shard().store(b.extract_shard())
      ^~~~~~~~~~~~~~~~~
  help: write to another tensor, or redistribute it with a call before the kernel""",
        kernel="b = a.redistribute('sharded')",
        compute="a.extract_shard().store(b.extract_shard())",
        read="pass",
        write="pass",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "redistributed_and_copied_to",
        """\
error: tensor 'a' is redistributed and written in the same kernel: other cores would read parts of it while they change
  at {file}:16:35
      out.extract_shard().store(b.extract_shard())
                                ^~~~~~~~~~~~~~~~~
  note: it is written at {file}:25:13
      ttl.copy(block, a[0, 0])
      ^~~~~~~~~~~~~~~~~~~~~~~~
  help: write to another tensor, or redistribute it with a call before the kernel""",
        kernel="b = a.redistribute('sharded')",
        compute="out.extract_shard().store(b.extract_shard())",
        read="pass",
        write="""\
with a_cb.reserve() as block:
    ttl.copy(block, a[0, 0])""",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, ttl.DistributedTensor(out, (2, 2), (64, 64)))""",
    ),
    Case(
        "row_major_shard_in_compute",
        """\
error: the shard of tensor 'a' is row-major: compute threads work on tiles
  at {file}:16:9
      a.extract_shard().store(a.extract_shard())
      ^~~~~~~~~~~~~~~~~
  help: make the tensor tiled: layout=ttl.TILE""",
        compute="a.extract_shard().store(a.extract_shard())",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64), layout=ttl.ROW_MAJOR)
k(d, out)""",
    ),
    Case(
        "core_without_a_part",
        """\
error: core (2, 0) has no part of 'out', which has 2x2 of them
  at {file}:16:9
      out.extract_shard().store(-a.extract_shard())
      ^~~~~~~~~~~~~~~~~~~
  help: give the kernel the grid of the tensor (grid=lambda a, ...: a.cores), or the thread some of its cores (cores=...)""",
        decorator="grid=(3, 2)",
        kernel="",
        compute="out.extract_shard().store(-a.extract_shard())",
        read="pass",
        write="pass",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, ttl.DistributedTensor(out, (2, 2), (64, 64)))""",
    ),
    Case(
        "cores_in_other_rows",
        """\
error: the parts of 'out' lie on cores in rows of 4, the cores of this grid in rows of 2
  at {file}:16:9
      out.extract_shard().store(-a.extract_shard())
      ^~~~~~~~~~~~~~~~~~~
  help: give the kernel the grid of the tensor: grid=lambda a, ...: a.cores""",
        decorator="grid=(2, 1, 2)",
        kernel="",
        compute="out.extract_shard().store(-a.extract_shard())",
        read="pass",
        write="pass",
        call="""\
d = ttl.DistributedTensor(a, (4, 1), (32, 128), 'height_sharded')
k(d, ttl.DistributedTensor(out, (4, 1), (32, 128), 'height_sharded'))""",
    ),
    Case(
        "host_redistribution_in_a_kernel",
        """\
error: a tensor is redistributed by a kernel of its own here, inside of another kernel
  at {file}:12:9
      b = t.redistribute('sharded')
          ^~~~~~~~~~~~~~~~~~~~~~~~~
  help: call redistribute() on the argument of the kernel, or before the kernel is called""",
        globals="t = ttl.DistributedTensor(np.ones((64, 64), np.float32), (2, 2), (32, 32))",
        kernel="b = t.redistribute('sharded')",
    ),
    Case(
        "host_shard_in_a_thread",
        """\
error: 'extract_shard' of a tensor of the host: threads know the tensors that are arguments of their kernel
  at {file}:17:25
      block.store(t.extract_shard())
                  ^~~~~~~~~~~~~~~
  help: pass the tensor to the kernel""",
        globals="t = ttl.DistributedTensor(np.ones((64, 64), np.float32), (2, 2), (32, 32))",
        compute="""\
with out_cb.reserve() as block:
    block.store(t.extract_shard())""",
    ),
    Case(
        "shard_is_not_used",
        """\
error: the result of this expression is not used
  at {file}:16:9
      a.extract_shard()
      ^~~~~~~~~~~~~~~~~
  help: store it in a block: block.store(...)""",
        compute="a.extract_shard()",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "elements_of_a_shard",
        """\
error: a slice of 2x2 of tensor 'a' cannot be indexed
  at {file}:21:13
      v = a.extract_shard()[0, 0]
          ^~~~~~~~~~~~~~~~~~~~~~~""",
        read="v = a.extract_shard()[0, 0]",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "elements_of_a_shard_c",
        """\
error: the shard of tensor 'a' cannot be indexed
  at {file}:16:13
      v = a.extract_shard()[0, 0]
          ^~~~~~~~~~~~~~~~~~~~~~~""",
        compute="v = a.extract_shard()[0, 0]",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "redistribution_in_a_thread",
        """\
error: tensor 'a' is redistributed in a thread: all threads see it in the same parts
  at {file}:16:13
      b = a.redistribute('sharded')
          ^~~~~~~~~~~~~~~~~~~~~~~~~
  help: call redistribute() in the kernel, outside threads, and extract_shard() of its result in them""",
        compute="b = a.redistribute('sharded')",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "shard_in_a_single_threaded_kernel",
        """\
error: 'extract_shard' has no place in a single-threaded kernel: the compiler deals the work to cores by itself
  at {file}:34:15
      out.store(a.extract_shard())
                ^~~~~~~~~~~~~~~
  help: write threads: mode='multi_threaded' is the default""",
        call="""\
@ttl.kernel(grid=(2, 2), mode='single_threaded')
def m(a, out):
    out.store(a.extract_shard())


d = ttl.DistributedTensor(a, (2, 2), (64, 64))
m(d, out)""",
    ),
    Case(
        "shard_in_a_with",
        """\
error: 'with' takes buffer.wait() or buffer.reserve(), got the shard of tensor 'a'
  at {file}:16:14
      with a.extract_shard() as block:
           ^~~~~~~~~~~~~~~~~""",
        compute="""\
with a.extract_shard() as block:
    out.extract_shard().store(block)""",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, ttl.DistributedTensor(out, (2, 2), (64, 64)))""",
    ),
    Case(
        "printed_shard",
        """\
error: the shard of tensor 'a' cannot be printed in a thread
  at {file}:16:15
      print(a.extract_shard())
            ^~~~~~~~~~~~~~~~~
  help: print integers and texts""",
        compute="print(a.extract_shard())",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "released_shard",
        """\
error: the shard of tensor 'a' has no 'pop' in a thread
  at {file}:16:9
      a.extract_shard().pop()
      ^~~~~~~~~~~~~~~~~~~~~""",
        compute="a.extract_shard().pop()",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "store_in_a_data_movement_thread",
        """\
error: a store to a block belongs in a compute thread; 'write' is a data-movement thread
  at {file}:26:9
      a.extract_shard().store(1.0)
      ^~~~~~~~~~~~~~~~~~~~~~~~~~~~
  note: 'write' is defined at {file}:25:5
      def write():
      ^~~
  help: move it to a function decorated with @ttl.compute()""",
        write="a.extract_shard().store(1.0)",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "subtraction_from_a_shard",
        """\
error: '-=' on a block: only '+=' accumulates into a block
  at {file}:17:9
      mine -= 1.0
      ^~~~~~~~~~~
  help: compute the value and store it with .store(...)""",
        compute="""\
mine = a.extract_shard()
mine -= 1.0""",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "copy_of_shards",
        """\
error: ttl.copy moves data between a slice of a tensor and a block, a block and a pipe, or two blocks; got a slice of 2x2 of tensor 'a' and a slice of 2x2 of tensor 'a'
  at {file}:26:9
      ttl.copy(a.extract_shard(), a.extract_shard())
      ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        write="ttl.copy(a.extract_shard(), a.extract_shard())",
        call="""\
d = ttl.DistributedTensor(a, (2, 2), (64, 64))
k(d, out)""",
    ),
    Case(
        "consumer_without_producer_on_a_core",
        """\
error: circular buffer 'cb' is waited for, but no thread produces it on core (1, 0)
  at {file}:44:14
      with cb.wait() as block:
           ^~~~~~~~~
  note: the buffer is made at {file}:34:10
      cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
           ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: reserve() and push() a block of it in another thread""",
        call="""\
@ttl.kernel(grid=(2, 2))
def m(a, out):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    received = ttl.make_circular_buffer_like(a, shape=(1, 1))

    @ttl.datamovement(cores=(0, slice(0, 2)))
    def read():
        with cb.reserve() as block:
            ttl.copy(a[0, 0], block)

    @ttl.datamovement()
    def write():
        with cb.wait() as block:
            ttl.copy(block, out[0, 0])


m(a, out)""",
    ),
    Case(
        "producer_without_consumer_on_a_core",
        """\
error: circular buffer 'cb' is filled, but no thread consumes it on core (1, 0)
  at {file}:39:14
      with cb.reserve() as block:
           ^~~~~~~~~~~~
  note: the buffer is made at {file}:34:10
      cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
           ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: wait() for its blocks and pop() them in another thread""",
        call="""\
@ttl.kernel(grid=(2, 2))
def m(a, out):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    received = ttl.make_circular_buffer_like(a, shape=(1, 1))

    @ttl.datamovement()
    def read():
        with cb.reserve() as block:
            ttl.copy(a[0, 0], block)

    @ttl.datamovement(cores=(0, slice(0, 2)))
    def write():
        with cb.wait() as block:
            ttl.copy(block, out[0, 0])


m(a, out)""",
    ),
    Case(
        "two_producers_on_a_core",
        """\
error: circular buffer 'cb' has two producers on core (1, 1): two threads call reserve() on it
  at {file}:44:14
      with cb.reserve() as block:
           ^~~~~~~~~~~~
  note: the other thread does at {file}:39:14
      with cb.reserve() as block:
           ^~~~~~~~~~~~
  note: the buffer is made at {file}:34:10
      cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
           ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        call="""\
@ttl.kernel(grid=(2, 2))
def m(a, out):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    received = ttl.make_circular_buffer_like(a, shape=(1, 1))

    @ttl.datamovement()
    def read():
        with cb.reserve() as block:
            ttl.copy(a[0, 0], block)

    @ttl.datamovement(cores=(1, 1))
    def corner():
        with cb.reserve() as block:
            ttl.copy(a[0, 0], block)

    @ttl.compute()
    def compute():
        with cb.wait() as block:
            pass


m(a, out)""",
    ),
    Case(
        "pipe_to_a_core_without_receiver",
        """\
error: this pipe leads to core (0, 1), where no thread receives from it
  at {file}:37:24
      net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(slice(0, 2), 1))])
                         ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  note: it is received at {file}:50:37
      net.if_dst(lambda pipe: ttl.copy(pipe, block).wait())
                              ^~~~~~~~~~~~~~~~~~~~~
  help: give the thread that receives all cores that the pipe leads to: cores=...""",
        call="""\
@ttl.kernel(grid=(2, 2))
def m(a, out):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    received = ttl.make_circular_buffer_like(a, shape=(1, 1))

    net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(slice(0, 2), 1))])

    @ttl.datamovement()
    def send():
        with cb.reserve() as block:
            ttl.copy(a[0, 0], block)
            net.if_src(lambda pipe: ttl.copy(block, pipe).wait())
        with cb.wait() as block:
            ttl.copy(block, out[0, 0])

    @ttl.datamovement(cores=(1, 1))
    def receive():
        with received.reserve() as block:
            net.if_dst(lambda pipe: ttl.copy(pipe, block).wait())
        with received.wait() as block:
            ttl.copy(block, out[1, 1])


m(a, out)""",
    ),
    Case(
        "pipe_from_a_core_without_sender",
        """\
error: a block is received from this pipe, but no thread sends into it
  at {file}:50:37
      net.if_dst(lambda pipe: ttl.copy(pipe, block).wait())
                              ^~~~~~~~~~~~~~~~~~~~~
  note: the pipe is made at {file}:37:24
      net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(1, 1))])
                         ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: send it with ttl.copy(block, pipe) in the function that net.if_src(...) calls""",
        call="""\
@ttl.kernel(grid=(2, 2))
def m(a, out):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    received = ttl.make_circular_buffer_like(a, shape=(1, 1))

    net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(1, 1))])

    @ttl.datamovement(cores=(0, 1))
    def send():
        with cb.reserve() as block:
            ttl.copy(a[0, 0], block)
            net.if_src(lambda pipe: ttl.copy(block, pipe).wait())
        with cb.wait() as block:
            ttl.copy(block, out[0, 0])

    @ttl.datamovement(cores=(1, 1))
    def receive():
        with received.reserve() as block:
            net.if_dst(lambda pipe: ttl.copy(pipe, block).wait())
        with received.wait() as block:
            ttl.copy(block, out[1, 1])


m(a, out)""",
    ),
    Case(
        "cores_that_are_no_rectangle",
        """\
error: the cores of this kernel are no rectangle on wormhole_b0, where the grid 16 lies on 8 columns and 2 rows
  at {file}:38:5
      def read():
      ^~~
  help: make a grid of two dimensions, and give threads a rectangle of it""",
        call="""\
@ttl.kernel(grid=(16,))
def m(a, out):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    received = ttl.make_circular_buffer_like(a, shape=(1, 1))

    @ttl.datamovement(cores=slice(4, 12))
    def read():
        with cb.reserve() as block:
            ttl.copy(a[0, 0], block)

    @ttl.datamovement(cores=slice(4, 12))
    def write():
        with cb.wait() as block:
            ttl.copy(block, out[0, 0])


m(a, out)""",
    ),
    Case(
        "no_mover_is_left_for_a_shard",
        """\
error: no data-movement thread is left to move this shard on core (0, 0)
  at {file}:49:9
      out.extract_shard().store(-a.extract_shard())
      ^~~~~~~~~~~~~~~~~~~
  note: a thread that runs there at {file}:38:5
      def read():
      ^~~
  note: a thread that runs there at {file}:43:5
      def write():
      ^~~
  help: give one of them the same cores as the compute thread""",
        call="""\
@ttl.kernel(grid=(2, 2))
def m(a, out):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    received = ttl.make_circular_buffer_like(a, shape=(1, 1))

    @ttl.datamovement()
    def read():
        with cb.reserve() as block:
            ttl.copy(a[0, 0], block)

    @ttl.datamovement()
    def write():
        with cb.wait() as block:
            ttl.copy(block, out[0, 0])

    @ttl.compute(cores=(0, 0))
    def corner():
        out.extract_shard().store(-a.extract_shard())


d = ttl.DistributedTensor(out, (2, 2), (64, 64))
m(ttl.DistributedTensor(a, (2, 2), (64, 64)), d)""",
    ),
    Case(
        "no_processor_on_all_cores",
        """\
error: no data-movement processor is free for thread 'left' on all of its cores
  at {file}:54:5
      def left():
      ^~~
  note: a thread with the same processor has cores in common with it at {file}:50:5
      def corner():
      ^~~
  help: let data-movement threads have the same cores, or none in common""",
        call="""\
@ttl.kernel(grid=(3, 3))
def m(a, out):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    received = ttl.make_circular_buffer_like(a, shape=(1, 1))

    @ttl.datamovement(cores=(slice(0, 3), 0))
    def top():
        pass

    @ttl.datamovement(cores=(2, slice(0, 3)))
    def right():
        pass

    @ttl.datamovement(cores=(slice(1, 3), 2))
    def bottom():
        pass

    @ttl.datamovement(cores=(slice(0, 2), 2))
    def corner():
        pass

    @ttl.datamovement(cores=(0, slice(0, 3)))
    def left():
        pass


m(a, out)""",
    ),
)
