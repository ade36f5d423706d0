# SPDX-License-Identifier: Apache-2.0
"""Mistakes in statements, expressions and calls of threads: parts of a program with the place marked, and the whole diagnostic; {at} is that place."""

from tests.frontend.programs import Case

CASES = (
    Case(
        "with_of_something_else",
        "error: 'with' takes buffer.wait() or buffer.reserve(), got tensor 'a'{at}",
        read="""\
with «a» as block:
    pass""",
    ),
    Case(
        "list_with_runtime_index",
        """\
error: a list cannot be indexed with a run-time integer: its elements are known at compile time only{at}
  help: loop over it: 'for i, element in enumerate(...)' is unrolled, and 'if i == ...' picks one""",
        read="""\
rows = [0, 1]
r = «rows[x]»""",
    ),
    Case(
        "list_index_error",
        "error: index 2 is out of range: there are 2 elements{at}",
        read="""\
rows = [0, 1]
r = «rows[2]»""",
    ),
    Case(
        "division_of_runtime",
        """\
error: '/' of run-time integers cannot be compiled{at}
  help: use '//'""",
        read="r = «x / 2»",
    ),
    Case(
        "division_by_zero",
        "error: division by zero{at}",
        read="r = «x // 0»",
    ),
    Case(
        "constant_division_by_zero",
        "error: integer division or modulo by zero{at}",
        read="r = «1 // 0»",
    ),
    Case(
        "power_of_runtime",
        "error: '**' of run-time integers cannot be compiled{at}",
        read="r = «x ** 2»",
    ),
    Case(
        "runtime_step",
        "error: the step of range must be known at compile time{at}",
        read="""\
for i in «range(0, 4, x)»:
    pass""",
    ),
    Case(
        "zero_step",
        "error: the step of range must not be 0{at}",
        read="""\
for i in «range(0, 4, 0)»:
    pass""",
    ),
    Case(
        "loop_over_number",
        "error: cannot loop over int 4{at}",
        read="""\
for i in «4»:
    pass""",
    ),
    Case(
        "unpack_number",
        "error: cannot unpack int 1{at}",
        read="«p, q» = 1",
    ),
    Case(
        "unpack_count",
        "error: 2 targets for 3 values{at}",
        read="«p, q» = 1, 2, 3",
    ),
    Case(
        "float_bound",
        "error: range takes integers, got float 1.5{at}",
        read="""\
for i in «range(1.5)»:
    pass""",
    ),
    Case(
        "is_of_runtime",
        """\
error: 'is' of run-time values cannot be compiled{at}
  help: use '==' or '!='""",
        read="""\
if «x is y»:
    pass""",
    ),
    Case(
        "order_of_tuples",
        "error: '<' of a tuple with run-time elements and tuple (1, 1) cannot be compiled{at}",
        read="r = «(x, y) < (1, 1)»",
    ),
    Case(
        "in_number",
        "error: 'in' takes a tuple, a list or a range, got int 2{at}",
        read="r = «1 in 2»",
    ),
    Case(
        "block_not_used",
        """\
error: the result of this expression is not used{at}
  help: store it in a block: block.store(...)""",
        compute="with a_cb.wait() as block, out_cb.reserve() as result:\n    «block»\n    result.store(block)",
    ),
    Case(
        "reduction_with_two_scalers",
        "error: reduce_sum(): multiple values for argument 'scaler'{at}",
        compute="with a_cb.wait() as block:\n    z = «ttl.math.reduce_sum(block, [0], 2.0, scaler=3.0)»",
    ),
    Case(
        "reduction_with_too_many_arguments",
        "error: reduce_sum(): too many positional arguments{at}",
        compute="with a_cb.wait() as block:\n    z = «ttl.math.reduce_sum(block, [0], 2.0, 3.0)»",
    ),
    Case(
        "number_not_used",
        """\
error: the result of this expression is not used{at}
  help: bind it to a name""",
        read="«x + 1»",
    ),
    Case(
        "comparison_not_used",
        """\
error: the result of this expression is not used{at}
  help: bind it to a name""",
        read="«x == 1»",
    ),
    Case(
        "block_printed_in_a_compute_thread",
        """\
error: the contents of a block cannot be printed in a compute thread{at}
  help: print it in the data-movement thread that fills it or takes it away""",
        compute="with a_cb.wait() as block:\n    print(«block»)",
    ),
    Case(
        "text_depends_on_core",
        """\
error: only numbers and truth values can depend on a run-time condition, not str 'a'{at}
  help: use an 'if' statement around what is done with it""",
        compute="s = «'a' if x > 0 else 'b'»",
    ),
    Case(
        "large_integer",
        "error: 1099511627776 does not fit the 32-bit integers of a core{at}",
        read="r = «x + 2 ** 40»",
    ),
    Case(
        "negative_string",
        "error: '-' of str 'a' is not defined{at}",
        read="r = «-'a'»",
    ),
    Case(
        "min_of_nothing",
        "error: min() of nothing{at}",
        read="r = «min(())»",
    ),
    Case(
        "abs_of_string",
        "error: abs(): bad operand type for abs(): 'str'{at}",
        read="r = «abs('a')»",
    ),
    Case(
        "int_of_string",
        "error: int(): invalid literal for int() with base 10: 'a'{at}",
        read="r = «int('a')»",
    ),
    Case(
        "math_of_runtime",
        "error: sqrt() is evaluated at compile time, got a run-time integer{at}",
        globals="import math",
        read="r = «math.sqrt(x)»",
    ),
    Case(
        "star_of_number",
        "error: '*' in a call takes a tuple or a list, got int 4{at}",
        read="r = max(«*4»)",
    ),
    Case(
        "function_of_python",
        """\
error: function 'sorted' cannot be called in a thread{at}
  help: threads call functions of ttl, range, len, min, max, abs, divmod, zip, enumerate, and plain functions""",
        read="«sorted([1])»",
    ),
    Case(
        "open",
        """\
error: function 'open' cannot be called in a thread{at}
  help: threads call functions of ttl, range, len, min, max, abs, divmod, zip, enumerate, and plain functions""",
        read="""\
with «open('x')» as f:
    pass""",
    ),
    Case(
        "constructor",
        """\
error: 'make_circular_buffer_like' cannot be called in a thread{at}
  help: call it in the kernel body, outside threads""",
        read="buffer = «ttl.make_circular_buffer_like(a, shape=(1, 1))»",
    ),
    Case(
        "recursion",
        """\
error: 'f' calls itself; recursion cannot be compiled in a thread{at}
  note: 'f' is called at {file}:22:9
      f(1)
      ^~~~""",
        globals="""\
def f(n):
    return «f(n)»""",
        read="f(1)",
    ),
    Case(
        "mutual_recursion",
        """\
error: 'f' calls itself; recursion cannot be compiled in a thread{at}
  note: 'g' is called at {file}:6:12
      return g(n)
             ^~~~
  note: 'f' is called at {file}:26:9
      f(1)
      ^~~~""",
        globals="""\
def f(n):
    return g(n)


def g(n):
    return «f(n)»""",
        read="f(1)",
    ),
    Case(
        "helper_arguments",
        """\
error: f(): too many positional arguments{at}
  note: it is defined at {file}:5:1
      def f(n):
      ^~~""",
        globals="""\
def f(n):
    return n""",
        read="r = «f(1, 2)»",
    ),
    Case(
        "error_in_nested_helpers",
        """\
error: '/' of run-time integers cannot be compiled{at}
  note: 'f' is called at {file}:10:12
      return f(n)
             ^~~~
  note: 'g' is called at {file}:26:13
      r = g(x)
          ^~~~
  help: use '//'""",
        globals="""\
def f(n):
    return «n / 2»


def g(n):
    return f(n)""",
        read="r = g(x)",
    ),
    Case(
        "return_on_some_paths",
        """\
error: 'g' returns a value on some paths only{at}
  help: return an integer at its end, too""",
        globals="""\
def g(n):
    if n > 1:
        return n""",
        decorator="grid=(8, 8)",
        read="r = «g(x)»",
    ),
    Case(
        "returns_differ",
        """\
error: what 'g' returns depends on a run-time condition{at}
  help: only integers and truth values can; return one of them on every path""",
        globals="""\
def g(n):
    if n > 1:
        return (n, 1)
    return (1, n)""",
        decorator="grid=(8, 8)",
        read="r = «g(x)»",
    ),
    Case(
        "return_of_a_tuple_from_a_loop",
        """\
error: only numbers and truth values can be returned from inside a loop that stays a loop{at}
  note: 'g' is called at {file}:25:13
      r = g(x)
          ^~~~""",
        globals="""\
def g(n):
    «f»or i in range(8):
        if i > n:
            return (i, 1)
    return (1, 1)""",
        decorator="grid=(8, 8)",
        read="r = g(x)",
    ),
    Case(
        "assertion_at_compile_time",
        "error: assertion failed: n is 2, not 1{at}",
        read="n = 2\nassert «n == 1», f'n is {n}, not {1!r:}'",
    ),
    Case(
        "assertion_without_message",
        "error: assertion failed: n == 1{at}",
        read="n = 2\nassert «n == 1»",
    ),
    Case(
        "assertion_with_a_run_time_message",
        """\
error: the message of an assertion must be known at compile time{at}
  help: print(...) shows run-time integers""",
        decorator="grid=(8, 8)",
        read="assert x == 1, «f'x is {x}'»",
    ),
    Case(
        "print_with_a_format",
        """\
error: a format of a run-time integer cannot be compiled{at}
  help: write it without a format: {value}""",
        decorator="grid=(8, 8)",
        read="print(f'{«x»:04x}')",
    ),
    Case(
        "print_braces",
        """\
error: braces cannot be printed from a device{at}
  help: they mark values in the device's own formats""",
        read="«print('{}')»",
    ),
    Case(
        "print_to_a_file",
        """\
error: print() in a thread has no 'file'{at}
  help: it takes 'sep' and 'end'""",
        read="print(1, file=«None»)",
    ),
    Case(
        "signpost_without_a_name",
        "error: 'signpost' takes a name, got int 1{at}",
        read="«ttl.signpost(1)»",
    ),
    Case(
        "while_without_end",
        """\
error: this loop never ends: its condition is always true{at}
  help: leave it with 'break' or 'return'""",
        decorator="grid=(8, 8)",
        read="""\
while «True»:
    pass""",
    ),
    Case(
        "while_rebinds_a_block",
        """\
error: 'n' is an integer before the loop and a tuple with run-time elements at the end of a turn{at}
  help: names that a loop changes must stay numbers; use another name""",
        decorator="grid=(8, 8)",
        read="""\
n = 0
«w»hile x > 0:
    n = (x, x)""",
    ),
    Case(
        "thread_returns",
        "error: a thread returns nothing{at}",
        read="""\
with a_cb.reserve() as block:
    ttl.copy(a[0, 0], block).wait()
«return 1»""",
    ),
    Case(
        "length_of_runtime_range",
        "error: len takes a tuple or list, got a range with run-time bounds{at}",
        read="r = «len(range(x))»",
    ),
    Case(
        "missing_parameter",
        "error: 'clamp' needs its parameter 'upper'{at}",
        compute="""\
with a_cb.wait() as block:
    z = «ttl.math.clamp(block, 0.0)»""",
    ),
    Case(
        "parameter_kind",
        "error: parameters of 'clamp' are numbers, got a run-time integer{at}",
        compute="""\
with a_cb.wait() as block:
    z = «ttl.math.clamp(block, x, 1.0)»""",
    ),
    Case(
        "dims_of_reduction",
        "error: 'reduce_sum': dims must name dimensions of a block of rank 2, got [2]{at}",
        compute="""\
with a_cb.wait() as block:
    z = «ttl.math.reduce_sum(block, dims=[2])»""",
    ),
    Case(
        "dims_missing",
        "error: reduce_sum(): missing a required argument: 'dims'{at}",
        compute="""\
with a_cb.wait() as block:
    z = «ttl.math.reduce_sum(block)»""",
    ),
    Case(
        "typecast_type",
        """\
error: 'typecast': data type float64 is not supported; the device has bfloat16, bfloat4_b, bfloat8_b, float16, float32, int32, uint16, uint32, uint8{at}""",
        compute="""\
with a_cb.wait() as block:
    z = «ttl.math.typecast(block, 'float64')»""",
    ),
    Case(
        "fill_type",
        """\
error: 'fill': data type float64 is not supported; the device has bfloat16, bfloat4_b, bfloat8_b, float16, float32, int32, uint16, uint32, uint8{at}""",
        compute="z = «ttl.math.fill(1.0, shape=(1, 1), dtype='float64')»",
    ),
    Case(
        "core_dims",
        "error: dims must be 1, 2 or 3, got int 4{at}",
        read="p = «ttl.core(4)»",
    ),
    Case(
        "transfer_in_condition",
        "error: a transfer has no truth value{at}",
        read="""\
with a_cb.reserve() as block:
    t = ttl.copy(a[0, 0], block)
    if «t»:
        pass""",
    ),
)
