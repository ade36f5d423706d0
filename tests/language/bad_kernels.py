# SPDX-License-Identifier: Apache-2.0
"""Mistakes in kernels: parts of a program with the place marked, and the whole diagnostic; {at} is that place."""

from tests.frontend.programs import Case

CASES = (
    Case(
        "too_few_arguments",
        """\
error: kernel 'k' takes 2 arguments (a, out), got 1{at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~""",
        call="«k(a)»",
    ),
    Case(
        "too_many_arguments",
        """\
error: kernel 'k' takes 2 arguments (a, out), got 3{at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~""",
        call="«k(a, out, out)»",
    ),
    Case(
        "unknown_option",
        """\
error: kernel 'k' has no option 'speed'{at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~
  help: arguments are passed by position; options of a call are time, max_cycles, backend, schedule""",
        call="«k(a, out, speed=2)»",
    ),
    Case(
        "rank_of_tensor",
        """\
error: block shape (1, 1) has 2 dimensions, tensor 'a' has 3
  at {file}:10:12
      a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
             ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
  help: give one size per dimension of the tensor, in tiles for the two innermost""",
        call="""\
a = np.ones((2, 64, 64), np.float32)
k(a, out)""",
        kernel="",
    ),
    Case(
        "float64",
        """\
error: argument 'a' of kernel 'k': data type float64 is not supported; the device has bfloat16, bfloat4_b, bfloat8_b, float16, float32, int32, uint16, uint32, uint8{at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~
  help: convert the array, for example with array.astype(np.float32)""",
        call="""\
a = np.ones((128, 128))
«k(a, out)»""",
    ),
    Case(
        "int64",
        """\
error: argument 'a' of kernel 'k': data type int64 is not supported; the device has bfloat16, bfloat4_b, bfloat8_b, float16, float32, int32, uint16, uint32, uint8{at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~
  help: convert the array, for example with array.astype(np.float32)""",
        call="""\
a = np.ones((128, 128), np.int64)
«k(a, out)»""",
    ),
    Case(
        "complex64",
        """\
error: argument 'a' of kernel 'k': data type complex64 is not supported; the device has bfloat16, bfloat4_b, bfloat8_b, float16, float32, int32, uint16, uint32, uint8{at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~
  help: convert the array, for example with array.astype(np.float32)""",
        call="""\
a = np.ones((128, 128), np.complex64)
«k(a, out)»""",
    ),
    Case(
        "boolean",
        """\
error: argument 'a' of kernel 'k': data type bool is not supported; the device has bfloat16, bfloat4_b, bfloat8_b, float16, float32, int32, uint16, uint32, uint8{at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~
  help: convert the array, for example with array.astype(np.float32)""",
        call="""\
a = np.ones((128, 128), bool)
«k(a, out)»""",
    ),
    Case(
        "object",
        """\
error: argument 'a' of kernel 'k': data type object is not supported; the device has bfloat16, bfloat4_b, bfloat8_b, float16, float32, int32, uint16, uint32, uint8{at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~
  help: convert the array, for example with array.astype(np.float32)""",
        call="""\
a = np.ones((128, 128), object)
«k(a, out)»""",
    ),
    Case(
        "list",
        """\
error: argument 'a' of kernel 'k' is a list{at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~
  help: pass a NumPy array, a torch tensor or ttl.tensor(...), of bfloat16, bfloat4_b, bfloat8_b, float16, float32, int32, uint16, uint32, uint8""",
        call="«k([[1.0]], out)»",
    ),
    Case(
        "none",
        """\
error: argument 'a' of kernel 'k' is a NoneType{at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~
  help: pass a NumPy array, a torch tensor or ttl.tensor(...), of bfloat16, bfloat4_b, bfloat8_b, float16, float32, int32, uint16, uint32, uint8""",
        call="«k(None, out)»",
    ),
    Case(
        "scalar_array",
        """\
error: argument 'a' of kernel 'k': a tensor needs at least one dimension, got a scalar array{at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~""",
        call="«k(np.array(1.0, np.float32), out)»",
    ),
    Case(
        "empty_array",
        """\
error: argument 'a' of kernel 'k': a tensor must not be empty, got shape (0, 32){at}
  note: 'k' is defined at {file}:8:1
      def k(a, out):
      ^~~""",
        call="«k(np.ones((0, 32), np.float32), out)»",
    ),
    Case(
        "read_only_output",
        """\
error: argument 'out' of 'k' is written to, but the array is read-only{at}
  help: pass a writable copy: array.copy()""",
        call="""\
out.setflags(write=False)
«k(a, out)»""",
    ),
    Case(
        "output_is_input",
        """\
error: argument 'out' of 'k' is written to and shares memory with 'a'{at}
  help: pass an array of its own for the output""",
        call="«k(out, out)»",
    ),
    Case(
        "output_overlaps_input",
        """\
error: argument 'out' of 'k' is written to and shares memory with 'a'{at}
  help: pass an array of its own for the output""",
        call="""\
both = np.zeros((256, 128), np.float32)
out = both[:128]
«k(both[64:192], out)»""",
    ),
    Case(
        "output_is_transposed_input",
        """\
error: argument 'out' of 'k' is written to and shares memory with 'a'{at}
  help: pass an array of its own for the output""",
        call="«k(out.T, out)»",
    ),
    Case(
        "broadcast_output",
        """\
error: argument 'out' of 'k' is written to, but elements of the array share memory{at}
  help: pass an array of its own for the output: np.empty(shape, dtype)""",
        call="""\
out = np.lib.stride_tricks.as_strided(np.zeros(128, np.float32), (128, 128), (0, 4))
«k(a, out)»""",
    ),
    Case(
        "output_twice",
        """\
error: argument 'b' of 'k2' is written to and shares memory with 'c'{at}
  help: pass an array of its own for the output""",
        call="""\
@ttl.kernel(grid=(1, 1))
def k2(a, b, c):
    cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    b_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
    c_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))

    @ttl.compute()
    def compute():
        with cb.wait() as x, b_cb.reserve() as y, c_cb.reserve() as z:
            y.store(x + 1)
            z.store(x + 2)

    @ttl.datamovement()
    def read():
        with cb.reserve() as x:
            ttl.copy(a[0, 0], x).wait()

    @ttl.datamovement()
    def write():
        with b_cb.wait() as y, c_cb.wait() as z:
            ttl.copy(y, b[0, 0]).wait()
            ttl.copy(z, c[0, 0]).wait()


«k2(a, out, out)»
""",
    ),
    Case(
        "block_rank",
        """\
error: block shape (1, 1, 1) has 3 dimensions, tensor 'a' has 2{at}
  help: give one size per dimension of the tensor, in tiles for the two innermost""",
        kernel="c_cb = «ttl.make_circular_buffer_like(a, shape=(1, 1, 1))»",
    ),
    Case(
        "block_too_large",
        """\
error: block shape (5, 1) does not fit tensor 'a' of (4, 4) tiles: 5 > 4 along dimension 0{at}""",
        kernel="c_cb = «ttl.make_circular_buffer_like(a, shape=(5, 1))»",
    ),
    Case(
        "block_of_nothing",
        "error: shape must hold integers of at least 1, got (0, 1){at}",
        kernel="c_cb = «ttl.make_circular_buffer_like(a, shape=(0, 1))»",
    ),
    Case(
        "block_of_floats",
        "error: shape must hold integers of at least 1, got (1.0, 1){at}",
        kernel="c_cb = «ttl.make_circular_buffer_like(a, shape=(1.0, 1))»",
    ),
    Case(
        "no_shape",
        """\
error: a circular buffer needs a shape{at}
  help: pass shape=(rows, columns) in tiles, or give the kernel a granularity""",
        kernel="c_cb = «ttl.make_circular_buffer_like(a)»",
    ),
    Case(
        "shape_of_core",
        "error: the shape of a circular buffer must be the same on all cores{at}",
        kernel="c_cb = «ttl.make_circular_buffer_like(a, shape=(x, 1))»",
    ),
    Case(
        "buffer_factor",
        "error: buffer_factor must be an integer of at least 1, got 0{at}",
        kernel="c_cb = «ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=0)»",
    ),
    Case(
        "buffer_like_a_number",
        "error: make_circular_buffer_like takes a tensor argument of the kernel, got int{at}",
        kernel="c_cb = «ttl.make_circular_buffer_like(4, shape=(1, 1))»",
    ),
    Case(
        "buffer_type",
        """\
error: data type float64 is not supported; the device has bfloat16, bfloat4_b, bfloat8_b, float16, float32, int32, uint16, uint32, uint8{at}""",
        kernel="c_cb = «ttl.CircularBuffer(shape=(1, 1), dtype='float64')»",
    ),
    Case(
        "core_tested",
        """\
error: a core coordinate cannot be tested in kernel scope: the kernel body runs once, for all cores{at}
  help: move this into a thread function, where it is computed on each core""",
        kernel="""\
«i»f x:
    pass""",
    ),
    Case(
        "core_compared",
        """\
error: a core coordinate cannot be tested in kernel scope: the kernel body runs once, for all cores{at}
  help: move this into a thread function, where it is computed on each core""",
        kernel="n = 1 if «x == 0» else 2",
    ),
    Case(
        "core_in_range",
        """\
error: a core coordinate cannot be used as a plain integer in kernel scope: the kernel body runs once, for all cores{at}
  help: move this into a thread function, where it is computed on each core""",
        kernel="""\
for i in «range(x)»:
    pass""",
    ),
    Case(
        "core_as_index",
        """\
error: a core coordinate cannot be used as a plain integer in kernel scope: the kernel body runs once, for all cores{at}
  help: move this into a thread function, where it is computed on each core""",
        kernel="n = «[1, 2][x]»",
    ),
    Case(
        "core_divided",
        """\
error: a core coordinate cannot be an operand of '/' in kernel scope: the kernel body runs once, for all cores{at}
  help: move this into a thread function, where it is computed on each core""",
        kernel="n = «x / 2»",
    ),
    Case(
        "core_bits",
        """\
error: a core coordinate cannot be combined bit by bit in kernel scope: the kernel body runs once, for all cores{at}
  help: move this into a thread function, where it is computed on each core""",
        kernel="n = «x & 1»",
    ),
    Case(
        "core_shifted",
        """\
error: a core coordinate cannot be an operand of '<<' in kernel scope: the kernel body runs once, for all cores{at}
  help: move this into a thread function, where it is computed on each core""",
        kernel="n = «1 << x»",
    ),
    Case(
        "core_to_float",
        """\
error: a core coordinate cannot be converted to float in kernel scope: the kernel body runs once, for all cores{at}
  help: move this into a thread function, where it is computed on each core""",
        kernel="n = «float(x)»",
    ),
    Case(
        "core_dims",
        "error: dims must be 1, 2 or 3, got 4{at}",
        kernel="n = «ttl.core(dims=4)»",
    ),
    Case(
        "grid_dims",
        "error: dims must be 1, 2 or 3, got 0{at}",
        kernel="n = «ttl.grid_size(dims=0)»",
    ),
    Case(
        "wait_in_kernel_scope",
        """\
error: wait() of a circular buffer is called in kernel scope{at}
  help: acquire and release blocks in a thread: a function decorated with @ttl.compute() or @ttl.datamovement()""",
        kernel="«a_cb.wait()»",
    ),
    Case(
        "copy_in_kernel_scope",
        """\
error: ttl.copy is called outside a data-movement thread{at}
  help: use it in a function decorated with @ttl.datamovement()""",
        kernel="«ttl.copy(a, a_cb)»",
    ),
    Case(
        "part_in_a_net_in_kernel_scope",
        """\
error: PipeNet.is_dst is called outside a thread{at}
  help: use it in a function decorated with @ttl.compute() or @ttl.datamovement()""",
        kernel="net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(0, 0))])\n«net.is_dst()»",
    ),
    Case(
        "math_in_kernel_scope",
        """\
error: ttl.math.exp is called outside a compute thread{at}
  help: blocks exist only in threads: use it in a function decorated with @ttl.compute()""",
        kernel="«ttl.math.exp(a)»",
    ),
    Case(
        "index_in_kernel_scope",
        """\
error: tensor 'a' is indexed outside a data-movement thread{at}
  help: slices of tensors are operands of ttl.copy(...) in a thread decorated with @ttl.datamovement()""",
        kernel="n = «a[0, 0]»",
    ),
    Case(
        "accessor_of_number",
        "error: TensorAccessor takes a tensor argument of the kernel, got int{at}",
        kernel="n = «ttl.TensorAccessor(4)»",
    ),
    Case(
        "kernel_in_kernel",
        """\
error: kernel 'inner' is called inside of a kernel{at}
  help: call kernels from plain Python""",
        kernel="""\
@ttl.kernel(grid=(1, 1))
def inner(a):
    pass


«inner(a)»""",
    ),
    Case(
        "thread_called_in_kernel_scope",
        "error: thread 'third' is called: threads run by themselves when the kernel is called{at}",
        kernel="""\
@ttl.datamovement()
def third():
    pass


«third()»""",
    ),
    Case(
        "two_compute_threads",
        """\
error: a kernel has at most 1 compute thread, 'k' has 2: first, compute
  at {file}:17:5
      def compute():
      ^~~""",
        kernel="""\
@ttl.compute()
def first():
    pass""",
    ),
    Case(
        "three_data_movement_threads",
        """\
error: a kernel has at most 2 data-movement threads, 'k' has 3: first, read, write
  at {file}:27:5
      def write():
      ^~~""",
        kernel="""\
@ttl.datamovement()
def first():
    pass""",
    ),
    Case(
        "thread_with_parameters",
        """\
error: thread 'first' takes parameters{at}
  help: threads capture tensors and buffers from the kernel around them; ttl.Program(...)(a, b, out) passes circular \
buffers""",
        kernel="""\
@ttl.datamovement()
«def» first(n):
    pass""",
    ),
    Case(
        "lambda_thread",
        """\
error: a thread is a plain function, made with 'def'
  at {file}:12:1
      first = ttl.datamovement()(lambda: None)
      ^""",
        kernel="first = ttl.datamovement()(lambda: None)",
    ),
    Case(
        "coroutine_thread",
        "error: a thread is a plain function, made with 'def'{at}",
        kernel="""\
@ttl.datamovement()
«async def» first():
    pass""",
    ),
    Case(
        "generator_thread",
        "error: a thread is a plain function, made with 'def'{at}",
        kernel="""\
@ttl.datamovement()
«def» first():
    yield""",
    ),
    Case(
        "thread_without_parentheses",
        "error: @ttl.datamovement needs parentheses: @ttl.datamovement(){at}",
        kernel="""\
@«ttl.datamovement»
def first():
    pass""",
    ),
    Case(
        "thread_of_a_number",
        "error: @ttl.datamovement() decorates a function, got int{at}",
        kernel="first = «ttl.datamovement()(4)»",
    ),
    Case(
        "no_threads",
        """\
error: kernel 'empty' has no threads{at}
  help: define functions in it, decorated with @ttl.compute() and @ttl.datamovement()""",
        call="""\
@ttl.kernel(grid=(1, 1))
«def» empty(a):
    pass


empty(a)""",
    ),
    Case(
        "kernel_returns",
        """\
error: kernel 'empty' returns a value; kernels return nothing{at}
  help: pass the output as an argument; it is written in place""",
        call="""\
@ttl.kernel(grid=(1, 1))
«def» empty(a):
    return a


empty(a)""",
    ),
    Case(
        "buffer_outside",
        """\
error: a circular buffer is used outside of a kernel{at}
  help: call it in a function decorated with @ttl.kernel""",
        call="«ttl.CircularBuffer(shape=(1, 1))»",
    ),
    Case(
        "core_outside",
        """\
error: core() is used outside of a kernel{at}
  help: call it in a function decorated with @ttl.kernel""",
        call="«ttl.core()»",
    ),
    Case(
        "grid_size_outside",
        """\
error: grid_size() is used outside of a kernel{at}
  help: call it in a function decorated with @ttl.kernel""",
        call="«ttl.grid_size()»",
    ),
    Case(
        "core_index_outside",
        """\
error: core() is used outside of a kernel{at}
  help: call it in a function decorated with @ttl.kernel""",
        call="«ttl.core_index(0)»",
    ),
    Case(
        "copy_outside",
        """\
error: ttl.copy is called outside a data-movement thread{at}
  help: use it in a function decorated with @ttl.datamovement()""",
        call="«ttl.copy(a, out)»",
    ),
    Case(
        "math_outside",
        """\
error: ttl.math.exp is called outside a compute thread{at}
  help: blocks exist only in threads: use it in a function decorated with @ttl.compute()""",
        call="«ttl.math.exp(a)»",
    ),
    Case(
        "compute_outside",
        """\
error: @ttl.compute() is used outside of a kernel{at}
  help: call it in a function decorated with @ttl.kernel""",
        call="""\
@«ttl.compute()»
def first():
    pass""",
    ),
    Case(
        "datamovement_outside",
        """\
error: @ttl.datamovement() is used outside of a kernel{at}
  help: call it in a function decorated with @ttl.kernel""",
        call="""\
@«ttl.datamovement()»
def first():
    pass""",
    ),
    Case(
        "mode",
        """\
error: mode must be one of multi_threaded, single_threaded, got 'fast'
  at {file}:7:2
      @ttl.kernel(grid=(1, 1), mode='fast')
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        decorator="grid=(1, 1), mode='fast'",
    ),
    Case(
        "memory_space",
        """\
error: memory_space must be 'L1', where circular buffers lie, got 'SRAM'
  at {file}:7:2
      @ttl.kernel(grid=(1, 1), memory_space='SRAM')
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        decorator="grid=(1, 1), memory_space='SRAM'",
    ),
    Case(
        "fidelity",
        """\
error: math_fidelity must be one of LoFi, HiFi2, HiFi3, HiFi4, got 'HiFi5'
  at {file}:7:2
      @ttl.kernel(grid=(1, 1), math_fidelity='HiFi5')
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        decorator="grid=(1, 1), math_fidelity='HiFi5'",
    ),
    Case(
        "granularity",
        """\
error: granularity must be an integer of at least 1, got 0
  at {file}:7:2
      @ttl.kernel(grid=(1, 1), granularity=0)
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        decorator="grid=(1, 1), granularity=0",
    ),
    Case(
        "granularity_bool",
        """\
error: granularity must be an integer of at least 1, got True
  at {file}:7:2
      @ttl.kernel(grid=(1, 1), granularity=True)
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        decorator="grid=(1, 1), granularity=True",
    ),
    Case(
        "options",
        """\
error: options '--fast' are not known; there are none in this version
  at {file}:7:2
      @ttl.kernel(grid=(1, 1), options='--fast')
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        decorator="grid=(1, 1), options='--fast'",
    ),
    Case(
        "metal_version",
        """\
error: metal_version must be one of 0.81, 0.69, got '0.1'
  at {file}:7:2
      @ttl.kernel(grid=(1, 1), metal_version='0.1')
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        decorator="grid=(1, 1), metal_version='0.1'",
    ),
    Case(
        "fp32",
        """\
error: fp32_dest_acc must be a bool, got 'yes'
  at {file}:7:2
      @ttl.kernel(grid=(1, 1), fp32_dest_acc='yes')
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        decorator="grid=(1, 1), fp32_dest_acc='yes'",
    ),
    Case(
        "tiled",
        """\
error: tiled must be a bool, got None
  at {file}:7:2
      @ttl.kernel(grid=(1, 1), tiled=None)
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        decorator="grid=(1, 1), tiled=None",
    ),
    Case(
        "arch_type",
        """\
error: arch must be the name of a chip, got 4
  at {file}:7:2
      @ttl.kernel(grid=(1, 1), arch=4)
       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~""",
        decorator="grid=(1, 1), arch=4",
    ),
    Case(
        "grid_type",
        """\
error: grid must be a tuple, 'auto', 'full' or a function of the arguments, got 1.5
  at {file}:7:2
      @ttl.kernel(grid=1.5)
       ^~~~~~~~~~~~~~~~~~~~""",
        decorator="grid=1.5",
    ),
    Case(
        "arch",
        """\
error: chip 'greyskull' is not known; there are wormhole_b0, blackhole
  at {file}:8:1
      def k(a, out):
      ^~~""",
        decorator="grid=(1, 1), arch='greyskull'",
    ),
    Case(
        "grid_text",
        """\
error: grid must be a tuple of one to three integers of at least 1, 'auto' or 'full', got 'all'
  at {file}:8:1
      def k(a, out):
      ^~~""",
        decorator="grid='all'",
    ),
    Case(
        "grid_empty",
        """\
error: grid must be a tuple of one to three integers of at least 1, 'auto' or 'full', got ()
  at {file}:8:1
      def k(a, out):
      ^~~""",
        decorator="grid=()",
    ),
    Case(
        "grid_zero",
        """\
error: grid must be a tuple of one to three integers of at least 1, 'auto' or 'full', got (0, 1)
  at {file}:8:1
      def k(a, out):
      ^~~""",
        decorator="grid=(0, 1)",
    ),
    Case(
        "grid_rank",
        """\
error: grid must be a tuple of one to three integers of at least 1, 'auto' or 'full', got (1, 1, 1, 1)
  at {file}:8:1
      def k(a, out):
      ^~~""",
        decorator="grid=(1, 1, 1, 1)",
    ),
    Case(
        "grid_float",
        """\
error: grid must be a tuple of one to three integers of at least 1, 'auto' or 'full', got (1.0, 1)
  at {file}:8:1
      def k(a, out):
      ^~~""",
        decorator="grid=(1.0, 1)",
    ),
    Case(
        "grid_too_wide",
        """\
error: grid (9, 1) does not fit wormhole_b0: it has 8 columns and 8 rows of cores
  at {file}:8:1
      def k(a, out):
      ^~~""",
        decorator="grid=(9, 1)",
    ),
    Case(
        "grid_too_high",
        """\
error: grid (1, 9) does not fit wormhole_b0: it has 8 columns and 8 rows of cores
  at {file}:8:1
      def k(a, out):
      ^~~""",
        decorator="grid=(1, 9)",
    ),
    Case(
        "grid_too_many",
        """\
error: grid (65,) does not fit wormhole_b0: it has 8 columns and 8 rows of cores
  at {file}:8:1
      def k(a, out):
      ^~~""",
        decorator="grid=(65,)",
    ),
    Case(
        "grid_function",
        """\
error: grid (128, 1) does not fit wormhole_b0: it has 8 columns and 8 rows of cores
  at {file}:8:1
      def k(a, out):
      ^~~""",
        decorator="grid=lambda a, out: (a.shape[0], 1)",
    ),
    Case(
        "without_parentheses",
        "error: @ttl.kernel needs parentheses: @ttl.kernel(grid=...){at}",
        call="""\
@ttl.kernel
def plain(a):
    pass


«plain(a)»""",
    ),
    Case(
        "kernel_of_a_class",
        "error: @ttl.kernel decorates a function, got type{at}",
        call="""\
@«ttl.kernel(grid=(1, 1))»
class C:
    pass""",
    ),
    Case(
        "star_parameters",
        """\
error: kernel 'many' has the parameter '*tensors'; arguments of kernels are passed by position, one for each parameter{at}""",
        call="""\
@ttl.kernel(grid=(1, 1))
«def» many(*tensors):
    pass""",
    ),
    Case(
        "tensor_type",
        """\
error: data type float64 is not supported; the device has bfloat16, bfloat4_b, bfloat8_b, float16, float32, int32, uint16, uint32, uint8{at}""",
        call="«ttl.tensor([[1.0]], dtype='float64')»",
    ),
    Case(
        "tensor_layout",
        "error: layout must be one of ttl.TILE, ttl.ROW_MAJOR, got 'tile'{at}",
        call="«ttl.tensor([[1.0]], layout='tile')»",
    ),
    Case(
        "tensor_scalar",
        "error: a tensor needs at least one dimension, got a scalar{at}",
        call="«ttl.tensor(1.0)»",
    ),
    Case(
        "tensor_range",
        "error: values from 300 to 300 do not fit uint8{at}",
        call="«ttl.tensor([[300]], dtype=ttl.uint8)»",
    ),
)
