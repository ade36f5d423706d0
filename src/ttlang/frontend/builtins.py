# SPDX-License-Identifier: Apache-2.0
"""Calls, attributes and subscripts in threads: the language's functions, methods of values, Python's builtins."""

import math as python_math
from collections.abc import Callable, Sequence
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

import ttlang.language.math as block_math
from ttlang.dialects.interned import tensor
from ttlang.dialects.ttcore import tile_type
from ttlang.hardware.data_formats import DataType
from ttlang.language import operations, resources
from ttlang.language import pipes as language_pipes
from ttlang.language.pipes import PipeNet
from ttlang.language.resources import CircularBuffer
from ttlang.language.semaphores import Semaphore
from ttlang.language.symbols import fold_coordinates
from ttlang.language.tensors import RedistributedTensor, Tensor, TensorAccessor, TensorParameter

from . import blocks, debugging, elements, floats, integers, pipes, semaphores, transfers
from .conditions import both, either
from .nested_functions import NestedFunction, inline
from .semaphores import RemoteSemaphore
from .shards import extract, not_single_threaded, redistribute
from .single_threaded.recording import Recorder, SliceValue
from .single_threaded.recording import store as store_slice
from .values import (
    Block,
    BoundMethod,
    RuntimeBool,
    RuntimeFloat,
    RuntimeInt,
    RuntimeRange,
    Shard,
    TensorSlice,
    TensorValue,
    Transfer,
    depends_on_core,
    describe,
)

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

Handler = Callable[..., Any]

# Methods, by the type of their owner


def _wait(compiler: "ThreadCompiler", buffer: CircularBuffer) -> Block:
    return blocks.acquire(compiler, buffer, "wait")


def _reserve(compiler: "ThreadCompiler", buffer: CircularBuffer) -> Block:
    return blocks.acquire(compiler, buffer, "reserve")


def _release_latest(compiler: "ThreadCompiler", buffer: CircularBuffer, verb: str, release: str) -> None:
    held = [b for b in compiler.held if b.buffer is buffer and b.verb == verb and b.released is None]
    if not held:
        raise compiler.error(
            f"{release}() without {verb}(): this thread holds no block of the buffer",
            hint=f"call {verb}() first",
        )
    blocks.release(compiler, held[0])


def _pop(compiler: "ThreadCompiler", buffer: CircularBuffer) -> None:
    _release_latest(compiler, buffer, "wait", "pop")


def _push(compiler: "ThreadCompiler", buffer: CircularBuffer) -> None:
    _release_latest(compiler, buffer, "reserve", "push")


def _block_release(verb: str, name: str) -> Handler:
    def handler(compiler: "ThreadCompiler", block: Block) -> None:
        if block.verb != verb:
            raise compiler.error(
                f"{name}() releases a block acquired with {verb}(), this one came from {block.verb}()"
            )
        blocks.release(compiler, block)

    return handler


def _store(
    compiler: "ThreadCompiler", block: Block | Shard | TensorSlice, value: Any, acc: bool = False
) -> None:
    if not isinstance(acc, bool):
        raise compiler.error(f"'acc' of store() is True or False, known at compile time; got {describe(acc)}")
    blocks.store(compiler, block, value, accumulate=acc)


METHODS: dict[tuple[type, str], Handler] = {
    (CircularBuffer, "wait"): _wait,
    (CircularBuffer, "reserve"): _reserve,
    (CircularBuffer, "pop"): _pop,
    (CircularBuffer, "push"): _push,
    (Block, "pop"): _block_release("wait", "pop"),
    (Block, "push"): _block_release("reserve", "push"),
    (Block, "store"): _store,
    (Shard, "store"): _store,
    (TensorSlice, "store"): _store,  # refused: slices are in data-movement threads
    (TensorParameter, "extract_shard"): extract,
    (RedistributedTensor, "extract_shard"): extract,
    (TensorParameter, "redistribute"): redistribute,
    (SliceValue, "store"): store_slice,
    (Transfer, "wait"): blocks.wait_for,
    (PipeNet, "if_src"): pipes.if_src,
    (PipeNet, "if_dst"): pipes.if_dst,
    (PipeNet, "is_src"): pipes.is_src,
    (PipeNet, "is_dst"): pipes.is_dst,
    (PipeNet, "is_active"): pipes.is_active,
    (Semaphore, "wait_eq"): semaphores.wait_eq,
    (Semaphore, "wait_ge"): semaphores.wait_ge,
    (Semaphore, "wait"): semaphores.wait,
    (Semaphore, "set"): semaphores.set,
    (Semaphore, "inc"): semaphores.inc,
    (Semaphore, "get_remote"): semaphores.get_remote,
    (Semaphore, "get_remote_multicast"): semaphores.get_remote_multicast,
    (RemoteSemaphore, "set"): semaphores.remote_set,
    (RemoteSemaphore, "inc"): semaphores.remote_inc,
}

# Functions of the language


def _elementwise(name: str, arity: int, parameters: tuple[str, ...]) -> Handler:
    def handler(compiler: "ThreadCompiler", *operands: Any, **keywords: Any) -> TensorValue:
        values = list(operands[arity:])
        for parameter in parameters[len(values) :]:
            if parameter not in keywords:
                raise compiler.error(f"'{name}' needs its parameter '{parameter}'")
            values.append(keywords.pop(parameter))
        if keywords:
            raise compiler.error(f"'{name}' has no parameter '{next(iter(keywords))}'")
        if len(operands) < arity or len(values) > len(parameters):
            raise compiler.error(f"'{name}' takes {arity + len(parameters)} arguments, got {len(operands)}")
        for value in values:
            if not isinstance(value, int | float):
                raise compiler.error(f"parameters of '{name}' are numbers, got {describe(value)}")
        if not any(isinstance(o, TensorValue) for o in operands[:arity]):
            raise compiler.error(f"'{name}' takes blocks, got {describe(operands[0])}")
        return blocks.elementwise(compiler, name, operands[:arity], [float(v) for v in values])

    return handler


def _fill(
    compiler: "ThreadCompiler", value: Any, number: Any = None, *, shape: Any = None, dtype: Any = None
) -> "float | TensorValue":
    blocks.require_kind(compiler, "compute", "'fill'")
    if number is not None:  # fill(like, value)
        if not isinstance(value, TensorValue) or not isinstance(number, int | float):
            raise compiler.error(
                f"'fill' takes a block to be shaped like and a number, got {describe(value)} and {describe(number)}"
            )
        return blocks.fill(compiler, float(number), value)
    if not isinstance(value, int | float):
        raise compiler.error(f"'fill' takes a number, got {describe(value)}")
    if shape is None:
        if dtype is not None:
            raise compiler.error("'fill' with a dtype needs a shape")
        return float(value)  # takes its shape from where it is used

    from ttlang.dialects.ttl.compute import BlockFillOp
    from ttlang.language.data import bfloat16, data_type

    if not isinstance(shape, tuple | list) or not all(isinstance(s, int) and s >= 1 for s in shape):
        raise compiler.error(
            f"'fill': shape must be a tuple of integers of at least 1, got {describe(shape)}"
        )
    try:
        element = tile_type(bfloat16 if dtype is None else data_type(dtype))
    except TypeError as error:
        raise compiler.error(f"'fill': {error}") from None
    type = tensor(element, shape)
    return TensorValue(compiler.emit(BlockFillOp(float(value), type)).results[0])


def _reduction(kind: str) -> Handler:
    def handler(
        compiler: "ThreadCompiler", x: Any, *positional: Any, dims: Any = None, scaler: Any = None
    ) -> TensorValue:
        axes, scale = _dims_and(compiler, f"reduce_{kind}", "scaler", positional, dims, scaler)
        return blocks.reduce(compiler, kind, x, scale, axes)

    return handler


def _dims_and(
    compiler: "ThreadCompiler", name: str, other: str, positional: Sequence[Any], dims: Any, value: Any
) -> tuple[Any, Any]:
    """`dims` and the other argument, by position in either order: versions of the language differ in it."""
    rest = list(positional)
    if dims is None:
        found = next((n for n, p in enumerate(rest) if isinstance(p, int | tuple | list)), None)
        if found is None:
            raise compiler.error(f"{name}(): missing a required argument: 'dims'")
        dims = rest.pop(found)
    if rest and value is not None:
        raise compiler.error(f"{name}(): multiple values for argument '{other}'")
    if len(rest) > 1:
        raise compiler.error(f"{name}(): too many positional arguments")
    return dims, rest[0] if rest else value


def _broadcast(
    compiler: "ThreadCompiler",
    x: Any,
    *positional: Any,
    dims: Any = None,
    like: Any = None,
    shape: Any = None,
) -> TensorValue:
    axes, shaped = _dims_and(compiler, "broadcast", "like", positional, dims, like)
    if shaped is not None and shape is not None:
        raise compiler.error("broadcast(): 'like' and 'shape' say the same; give one of them")
    return blocks.broadcast(compiler, x, shaped if shape is None else shape, axes)


def _core(compiler: "ThreadCompiler", dims: Any = 2) -> Any:
    if not isinstance(dims, int) or not 1 <= dims <= 3:
        raise compiler.error(f"dims must be 1, 2 or 3, got {describe(dims)}")
    coordinates = tuple(compiler.core(dims))
    return coordinates[0] if dims == 1 else coordinates


def _grid_size(compiler: "ThreadCompiler", dims: Any = 2) -> Any:
    if not isinstance(dims, int) or not 1 <= dims <= 3:
        raise compiler.error(f"dims must be 1, 2 or 3, got {describe(dims)}")
    sizes = fold_coordinates(compiler.program.scope.grid, dims)
    return sizes[0] if dims == 1 else sizes


def _core_index(compiler: "ThreadCompiler", dim: Any) -> Any:
    if not isinstance(dim, int) or not 0 <= dim < 3:
        raise compiler.error(f"a grid has dimensions 0, 1 and 2, got {describe(dim)}")
    return compiler.core(3)[dim]


def _accessor(compiler: "ThreadCompiler", tensor: Any) -> TensorParameter:
    if not isinstance(tensor, TensorParameter):
        raise compiler.error(f"TensorAccessor takes a tensor argument of the kernel, got {describe(tensor)}")
    return tensor


# Python's builtins


def _range(compiler: "ThreadCompiler", *bounds: Any) -> Any:
    if not 1 <= len(bounds) <= 3:
        raise compiler.error(f"range takes 1 to 3 arguments, got {len(bounds)}")
    start, stop, step = (0, bounds[0], 1) if len(bounds) == 1 else (*bounds, 1)[:3]
    for bound in (start, stop):
        if not isinstance(bound, int | RuntimeInt):
            raise compiler.error(f"range takes integers, got {describe(bound)}")
    if not isinstance(step, int):
        raise compiler.error("the step of range must be known at compile time")
    if step == 0:
        raise compiler.error("the step of range must not be 0")
    if isinstance(start, RuntimeInt) or isinstance(stop, RuntimeInt):
        return RuntimeRange(start, stop, step)
    return range(start, stop, step)


def _extreme(name: str, python: Callable[..., Any]) -> Handler:
    def handler(compiler: "ThreadCompiler", *values: Any) -> Any:
        items: Sequence[Any] = (
            values[0] if len(values) == 1 and isinstance(values[0], tuple | list) else values
        )
        if not items:
            raise compiler.error(f"{name}() of nothing")
        result = items[0]
        for item in items[1:]:
            if isinstance(result, TensorValue) or isinstance(item, TensorValue):
                result = blocks.elementwise(compiler, name, [result, item])
            elif isinstance(result, RuntimeFloat) or isinstance(item, RuntimeFloat):
                result = floats.binary(compiler, name, result, item)
            elif depends_on_core(result) or depends_on_core(item):
                result = integers.binary(compiler, name, compiler.integer(result), compiler.integer(item))
            else:
                result = _evaluated(compiler, python, result, item)
        return result

    return handler


def _abs(compiler: "ThreadCompiler", value: Any) -> Any:
    if isinstance(value, TensorValue):
        return blocks.elementwise(compiler, "abs", [value])
    if isinstance(value, RuntimeInt | RuntimeBool):
        number = compiler.integer(value)
        return integers.binary(compiler, "max", number, compiler.binary("sub", 0, number))
    if isinstance(value, RuntimeFloat):
        return floats.absolute(compiler, value)
    return _evaluated(compiler, abs, value)


def _divmod(compiler: "ThreadCompiler", a: Any, b: Any) -> Any:
    return compiler.binary("floordiv", a, b), compiler.binary("mod", a, b)


def _int(compiler: "ThreadCompiler", value: Any = 0) -> Any:
    if isinstance(value, RuntimeInt):
        return value
    if isinstance(value, RuntimeBool):
        return compiler.integer(value)
    if isinstance(value, RuntimeFloat):
        return floats.truncate(compiler, value)
    return _evaluated(compiler, int, value)


def _float(compiler: "ThreadCompiler", value: Any = 0.0) -> Any:
    if isinstance(value, RuntimeInt | RuntimeBool | RuntimeFloat):
        return RuntimeFloat(floats.ssa(compiler, value))
    return _evaluated(compiler, float, value)


def _bool(compiler: "ThreadCompiler", value: Any = False) -> Any:
    return compiler.condition(value)


def _sum(compiler: "ThreadCompiler", values: Any, start: Any = 0) -> Any:
    if not isinstance(values, tuple | list | range):
        raise compiler.error(f"sum takes a tuple or list, got {describe(values)}")
    result = start
    for value in values:
        result = compiler.binary("add", result, value)
    return result


def _round(compiler: "ThreadCompiler", value: Any, digits: Any = None) -> Any:
    if isinstance(value, TensorValue):
        if digits is not None:
            raise compiler.error("round() of a block takes no digits")
        return blocks.elementwise(compiler, "round", [value])
    return _evaluated(compiler, round, value, digits)


def _pow(compiler: "ThreadCompiler", base: Any, exponent: Any) -> Any:
    return compiler.binary("pow", base, exponent)


def _quantifier(join: Handler, start: bool) -> Handler:
    def handler(compiler: "ThreadCompiler", values: Any) -> Any:
        result: Any = start
        for value in _elements(compiler, values, "all" if start else "any"):
            result = join(compiler, result, partial(_constant, value))
        return result

    return handler


def _constant(value: Any) -> Any:
    return value


def _slice(compiler: "ThreadCompiler", *bounds: Any) -> slice:
    if not 1 <= len(bounds) <= 3:
        raise compiler.error(f"slice takes 1 to 3 arguments, got {len(bounds)}")
    return slice(*bounds)


def _evaluated(
    compiler: "ThreadCompiler", function: Callable[..., Any], *values: Any, **keywords: Any
) -> Any:
    """A function of Python applied at compile time; what it refuses is an error of the thread."""
    for value in (*values, *keywords.values()):
        if depends_on_core(value) and function not in (len, list, tuple, reversed):
            raise compiler.error(f"{function.__name__}() is evaluated at compile time, got {describe(value)}")
    try:
        return function(*values, **keywords)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise compiler.error(f"{function.__name__}(): {error}") from None


def _elements(compiler: "ThreadCompiler", value: Any, name: str) -> Any:
    if not isinstance(value, tuple | list | range | str | dict):
        raise compiler.error(f"{name} takes a tuple or list, got {describe(value)}")
    return value


def _sequence(python: Callable[..., Any]) -> Handler:
    def handler(compiler: "ThreadCompiler", *values: Any) -> Any:
        result = _evaluated(
            compiler, python, *(_elements(compiler, value, python.__name__) for value in values)
        )
        if isinstance(result, int | tuple):
            return result
        return _evaluated(compiler, list, result)

    return handler


def _zip(compiler: "ThreadCompiler", *values: Any, strict: bool = False) -> list[Any]:
    elements = [_elements(compiler, value, "zip") for value in values]
    if strict and len({len(e) for e in elements}) > 1:
        raise compiler.error("zip(): the arguments differ in length")
    return list(zip(*elements, strict=False))


def _enumerate(compiler: "ThreadCompiler", values: Any, start: Any = 0) -> list[Any]:
    elements = _elements(compiler, values, "enumerate")
    return [(compiler.binary("add", start, i), element) for i, element in enumerate(elements)]


FUNCTIONS: dict[Any, Handler] = {
    operations.copy: transfers.copy,
    operations.dma: transfers.dma,
    operations.signpost: debugging.signpost,
    language_pipes.if_pipe_src: pipes.if_src,
    language_pipes.if_pipe_dst: pipes.if_dst,
    block_math.fill: _fill,
    block_math.transpose: blocks.transpose,
    block_math.typecast: blocks.typecast,
    block_math.broadcast: _broadcast,
    **{getattr(block_math, f"reduce_{kind}"): _reduction(kind) for kind in ("sum", "max", "min", "mean")},
    **{
        function: _elementwise(row.name, row.arity, row.parameters)
        for function, row in block_math.ELEMENTWISE_FUNCTIONS.items()
    },
    resources.core: _core,
    resources.grid_size: _grid_size,
    resources.core_index: _core_index,
    TensorAccessor: _accessor,
    range: _range,
    len: _sequence(len),
    zip: _zip,
    enumerate: _enumerate,
    reversed: _sequence(reversed),
    tuple: _sequence(tuple),
    list: _sequence(list),
    min: _extreme("min", min),
    max: _extreme("max", max),
    abs: _abs,
    divmod: _divmod,
    int: _int,
    float: _float,
    bool: _bool,
    sum: _sum,
    slice: _slice,
    round: _round,
    pow: _pow,
    any: _quantifier(either, False),
    all: _quantifier(both, True),
}
"""Functions that threads may call, by the function object itself: aliases need no rows of their own."""

_PURE_MODULES = (python_math,)


def attribute(compiler: "ThreadCompiler", owner: Any, name: str) -> Any:
    """`owner.name` in a thread."""
    for kind in type(owner).__mro__:
        if (kind, name) in METHODS:
            return BoundMethod(owner, name)
    if isinstance(owner, Tensor):
        raise compiler.error(
            f"'{name}' of a tensor of the host: threads know the tensors that are arguments of their kernel",
            hint="pass the tensor to the kernel",
        )
    if isinstance(owner, SliceValue) and name in ("extract_shard", "redistribute"):
        not_single_threaded(compiler, name)
    if isinstance(owner, SliceValue) and owner.whole and name in ("shape", "tile_shape", "ndim", "name"):
        return getattr(owner.tensor, name)
    if isinstance(owner, TensorValue):
        if name == "T":
            return blocks.transpose(compiler, owner)
        if name == "shape":
            return owner.shape
        if name == "dtype":
            return owner.tile.dtype
    plain = isinstance(owner, ModuleType | DataType | type | int | float | str | slice | TensorParameter)
    known = plain or (isinstance(owner, CircularBuffer) and name in ("shape", "buffer_factor", "dtype"))
    if not known and not _is_plain_object(owner):
        raise compiler.error(f"{describe(owner)} has no '{name}' in a thread")
    try:
        return compiler.imported(getattr(owner, name))
    except AttributeError:
        raise compiler.error(f"{describe(owner)} has no attribute '{name}'") from None


def _is_plain_object(owner: Any) -> bool:
    """Objects of the user's own classes: their attributes are read at compile time."""
    return not isinstance(
        owner, RuntimeInt | RuntimeBool | RuntimeFloat | TensorValue | Transfer | CircularBuffer
    )


def subscript(compiler: "ThreadCompiler", owner: Any, index: Any) -> Any:
    """`owner[index]` in a thread."""
    if isinstance(owner, TensorAccessor):
        owner = owner.tensor
    if isinstance(owner, TensorParameter):
        return blocks.slice_tensor(compiler, owner, index)
    if isinstance(owner, Block):
        return elements.read(compiler, owner, index)
    if isinstance(owner, SliceValue):
        assert isinstance(compiler, Recorder)
        return compiler.subscript(owner, index)
    if isinstance(owner, tuple | list | str | range | dict):
        if depends_on_core(index):
            raise compiler.error(
                f"{_article(owner)} cannot be indexed with {describe(index)}: its elements are known at compile time only",
                hint="loop over it: 'for i, element in enumerate(...)' is unrolled, and 'if i == ...' picks one",
            )
        try:
            return compiler.imported(owner[index])
        except IndexError:
            raise compiler.error(f"index {index} is out of range: there are {len(owner)} elements") from None
        except KeyError:
            raise compiler.error(f"the dict has no key {describe(index)}") from None
        except (TypeError, ValueError):
            raise compiler.error(f"{_article(owner)} cannot be indexed with {describe(index)}") from None
    raise compiler.error(f"{describe(owner)} cannot be indexed")


def _article(value: Any) -> str:
    return f"a {type(value).__name__}"


def call(compiler: "ThreadCompiler", callee: Any, arguments: Sequence[Any], keywords: dict[str, Any]) -> Any:
    """`callee(*arguments, **keywords)` in a thread."""
    compiler.check_callee(callee)
    if isinstance(callee, BoundMethod):
        kind = next(k for k in type(callee.owner).__mro__ if (k, callee.name) in METHODS)
        handler = METHODS[(kind, callee.name)]
        return _invoke(compiler, handler, callee.name, (callee.owner, *arguments), keywords)
    if isinstance(callee, NestedFunction):
        return inline(compiler, callee, arguments, keywords)
    try:
        handler_or_none = FUNCTIONS.get(callee)
    except TypeError:  # unhashable
        handler_or_none = None
    if handler_or_none is not None:
        name = getattr(callee, "__name__", str(callee))
        return _invoke(compiler, handler_or_none, name, arguments, keywords)
    if isinstance(callee, FunctionType):
        if (callee.__module__ or "").partition(".")[0] == "ttlang":
            raise compiler.error(
                f"'{callee.__name__}' cannot be called in a thread",
                hint="call it in the kernel body, outside threads",
            )
        return compiler.inline(callee, arguments, keywords)
    if isinstance(callee, MethodType) and isinstance(callee.__func__, FunctionType):
        return compiler.inline(callee.__func__, (callee.__self__, *arguments), keywords)
    if isinstance(callee, BuiltinFunctionType) and any(
        getattr(module, callee.__name__, None) is callee for module in _PURE_MODULES
    ):
        return _evaluated(compiler, callee, *arguments, **keywords)
    raise compiler.error(
        f"{describe(callee)} cannot be called in a thread",
        hint="threads call functions of ttl, range, len, min, max, abs, divmod, zip, enumerate, and plain functions",
    )


def _invoke(
    compiler: "ThreadCompiler",
    handler: Handler,
    name: str,
    arguments: Sequence[Any],
    keywords: dict[str, Any],
) -> Any:
    import inspect

    try:
        inspect.signature(handler).bind(compiler, *arguments, **keywords)
    except TypeError as error:
        raise compiler.error(f"{name}(): {error}") from None
    return handler(compiler, *arguments, **keywords)
