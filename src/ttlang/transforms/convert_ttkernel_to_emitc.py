# SPDX-License-Identifier: Apache-2.0
"""`convert-ttkernel-to-emitc`: kernel functions, their control flow, arithmetic and calls, to EmitC."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from xdsl.context import Context
from xdsl.dialects import func, scf
from xdsl.dialects.builtin import (
    ArrayAttr,
    IndexType,
    IntegerAttr,
    LocationAttr,
    ModuleOp,
    StringAttr,
    UnitAttr,
)
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue
from xdsl.passes import ModulePass

from ttlang.codegen.attributes import HEADERS, THREAD, WHILE
from ttlang.codegen.cpp_names import cpp_name, cpp_string
from ttlang.dialects import emitc
from ttlang.dialects.op_table import expand, op_spec
from ttlang.dialects.ttkernel import THREAD_ATTRIBUTE, CBType, TTKernelOp
from ttlang.dialects.ttkernel.op_spec import DEFAULT_METAL_VERSION, METAL_VERSIONS, CppCall, OpSpec, parse_cpp
from ttlang.dialects.ttkernel.operation import attribute_text
from ttlang.dialects.ttkernel.verifiers import constant_value

from .emitc_arith import CONVERSIONS as ARITH
from .emitc_context import AUTO, BOOL, Scope, convert_type, refuse, signed
from .emitc_startup import Startups

_SUBSCRIPT = re.compile(r"(\{\w+\}|\w+)\[\{(\w+)\}\]")
_STORE = re.compile(r"\{(\w+)\}\[\{(\w+)\}\] = \{(\w+)\}")


@dataclass(frozen=True)
class ConvertTTKernelToEmitC(ModulePass):
    """Functions with `ttkernel.thread` become `emitc.func`; `metal-version` chooses the API generation of
    the calls.

    Raises CompileError for an op that the generation lacks, or that the thread's processors cannot run.
    """

    name = "convert-ttkernel-to-emitc"

    metal_version: str = DEFAULT_METAL_VERSION

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        if self.metal_version not in METAL_VERSIONS:
            refuse(
                op, f"metal-version is {self.metal_version!r}, expected one of {', '.join(METAL_VERSIONS)}"
            )
        for function in list(op.body.block.ops):
            if isinstance(function, func.FuncOp) and THREAD_ATTRIBUTE in function.attributes:
                converted = convert_function(function, self.metal_version)
                op.body.block.insert_op_before(converted, function)
                op.body.block.erase_op(function, safe_erase=False)


def convert_function(function: func.FuncOp, version: str) -> emitc.FuncOp:
    """The EmitC of one kernel function; the input stays as it is."""
    if function.body.block.args:
        refuse(
            function,
            f"kernel function '{function.sym_name.data}' has parameters",
            "read them with get_arg_val",
        )
    block = Block()
    thread = attribute_text(function.attributes[THREAD_ATTRIBUTE])
    scope = Scope(version, thread, block, location=function.location)
    _hoist_compile_time_args(scope, function)
    _convert_ops(scope, function.body.block.ops, Startups.of(function, version))
    headers = ArrayAttr([StringAttr(header) for header in sorted(scope.headers)])
    return emitc.FuncOp.create(
        properties={"sym_name": function.sym_name, "function_type": function.function_type},
        attributes={THREAD: StringAttr(thread), HEADERS: headers},
        regions=[Region(block)],
        location=function.location,
    )


def _hoist_compile_time_args(scope: Scope, function: func.FuncOp) -> None:
    """Compile-time arguments are constants of the whole function: one each, at its top, in order of first
    use.
    """
    found: dict[int, SSAValue] = {}
    for op in function.body.walk():
        if not isinstance(op, TTKernelOp) or op.spec.mnemonic != "get_compile_time_arg_val":
            continue
        number = cast(IntegerAttr[Any], op.properties["arg_index"]).value.data
        result = op.results[0]
        value = found.get(number)
        if value is None:
            scope.location = op.location
            text = emitc.OpaqueAttr(StringAttr(f"get_compile_time_arg_val({number})"))
            value = scope.emit(emitc.ConstantOp, (), convert_type(op, result.type), value=text)
            value.name_hint = _compile_time_name(result, number)
            found[number] = value
        scope.values[result] = value
        scope.non_negative.add(result)


def _compile_time_name(value: SSAValue, number: int) -> str:
    hint = value.name_hint
    if not isinstance(value.type, CBType):
        return hint or f"compile_time_arg_{number}"
    if hint is None:
        return f"cb_{number}"
    return hint if "cb" in hint.lower().split("_") else f"cb_{hint}"


def _convert_ops(scope: Scope, ops: Iterable[Operation], startups: Startups) -> None:
    for op in ops:
        scope.location = op.location
        if op is startups.anchor:
            startups.start(scope)
        if isinstance(op, TTKernelOp):
            if op.spec.startup is not None:
                startups.switch(scope, op)
            _convert_call(scope, op)
        elif (convert_arith := ARITH.get(type(op))) is not None:
            convert_arith(scope, op)
        elif (convert := _CONTROL_FLOW.get(type(op))) is not None:
            convert(scope, op, startups)
        else:
            refuse(
                op,
                f"'{op.name}' cannot stand in a kernel that becomes C++",
                "lower it to ttkernel, arith or scf",
            )


def _convert_nested(scope: Scope, source: Block, startups: Startups) -> None:
    """Converts the ops of a block of a control-flow op into the scope's block, its terminator excepted."""
    _convert_ops(scope, list(source.ops)[:-1], startups)


def _yield(scope: Scope, location: LocationAttr) -> None:
    scope.block.add_op(emitc.YieldOp.create(location=location))


def _convert_return(scope: Scope, op: Operation, startups: Startups) -> None:
    if op.operands:
        refuse(op, "a kernel function returns nothing")
    scope.add(emitc.ReturnOp.create())


def _convert_for(scope: Scope, op: Operation, startups: Startups) -> None:
    assert isinstance(op, scf.ForOp)
    location, outer = op.location, scope.block
    bounds = [scope.get(value) for value in (op.lb, op.ub, op.step)]
    never_negative = scope.all_non_negative(op.lb, op.ub)
    loop_type: Attribute = bounds[0].type if never_negative else signed(bounds[0].type)
    bounds = [scope.cast(bound, loop_type) for bound in bounds]
    induction, *carried = op.body.block.args
    variables = _variables(scope, op.results, carried, [scope.get(value) for value in op.iter_args])
    body = scope.block = Block(arg_types=[loop_type])
    body.args[0].name_hint = induction.name_hint
    if never_negative:
        scope.non_negative.add(induction)
    scope.values[induction] = scope.cast(body.args[0], convert_type(op, induction.type))
    for argument, variable in zip(carried, variables, strict=True):
        scope.values[argument] = scope.load(variable)
    _convert_nested(scope, op.body.block, startups)
    terminator = cast(scf.YieldOp, op.body.block.last_op)
    _assign_all(scope, terminator, variables)
    _yield(scope, terminator.location)
    scope.block, scope.location = outer, location
    scope.add(emitc.ForOp.create(operands=bounds, regions=[Region(body)]))
    for result, variable in zip(op.results, variables, strict=True):
        scope.values[result] = scope.load(variable)


def _variables(
    scope: Scope, results: Sequence[SSAValue], named: Sequence[SSAValue], initial: Sequence[SSAValue]
) -> list[SSAValue]:
    """Variables for values that a loop carries, with their first values."""
    variables = []
    for result, other, value in zip(results, named, initial, strict=True):
        variable = scope.variable(value.type, other.name_hint or result.name_hint)
        scope.assign(variable, value)
        variables.append(variable)
    return variables


def _assign_all(scope: Scope, terminator: Operation, variables: Sequence[SSAValue]) -> None:
    scope.location = terminator.location
    for value, variable in zip(
        terminator.operands[-len(variables) :] if variables else (), variables, strict=True
    ):
        scope.assign(variable, scope.get(value))


def _convert_if(scope: Scope, op: Operation, startups: Startups) -> None:
    assert isinstance(op, scf.IfOp)
    location, outer = op.location, scope.block
    condition = scope.get(op.cond)
    variables = [scope.variable(convert_type(op, result.type), result.name_hint) for result in op.results]
    regions = []
    for region in (op.true_region, op.false_region):
        if not region.blocks or (len(region.block.ops) <= 1 and not op.results and region is op.false_region):
            regions.append(Region())
            continue
        scope.block = Block()
        _convert_nested(scope, region.block, startups)
        terminator = cast(scf.YieldOp, region.block.last_op)
        _assign_all(scope, terminator, variables)
        _yield(scope, terminator.location)
        regions.append(Region(scope.block))
    scope.block, scope.location = outer, location
    scope.add(emitc.IfOp.create(operands=[condition], regions=regions))
    for result, variable in zip(op.results, variables, strict=True):
        scope.values[result] = scope.load(variable)


def _convert_while(scope: Scope, op: Operation, startups: Startups) -> None:
    """A loop that tests before its body: `do { before; more = test; if (more) body } while (more)`."""
    assert isinstance(op, scf.WhileOp)
    location, outer = op.location, scope.block
    before, after = op.before_region.block, op.after_region.block
    condition = cast(scf.ConditionOp, before.last_op)
    variables = _variables(scope, before.args, before.args, [scope.get(value) for value in op.arguments])
    carried: dict[SSAValue, SSAValue] = dict(zip(before.args, variables, strict=True))
    # a result that is a carried value needs no variable of its own: nothing assigns to it after the last test
    results = [
        scope.variable(convert_type(op, result.type), result.name_hint)
        if result.uses and passed not in carried
        else None
        for result, passed in zip(op.results, condition.args, strict=True)
    ]
    more = scope.variable(BOOL, "more")
    body = scope.block = Block()
    for argument, variable in zip(before.args, variables, strict=True):
        scope.values[argument] = scope.load(variable)
    _convert_nested(scope, before, startups)
    scope.location = condition.location
    for value, target in zip(condition.args, results, strict=True):
        if target is not None:
            scope.assign(target, scope.get(value))
    test = scope.get(condition.condition)
    scope.assign(more, test)
    for argument, source in zip(after.args, condition.args, strict=True):
        scope.values[argument] = scope.get(source)
    inner = scope.block = Block()
    _convert_nested(scope, after, startups)
    terminator = cast(scf.YieldOp, after.last_op)
    _assign_all(scope, terminator, variables)
    _yield(scope, terminator.location)
    scope.block, scope.location = body, condition.location
    scope.add(emitc.IfOp.create(operands=[test], regions=[Region(inner), Region()]))
    scope.block, scope.location = outer, location
    scope.add(
        emitc.DoOp.create(
            regions=[Region(body), Region(_reads(more, location))], attributes={WHILE: UnitAttr()}
        )
    )
    for result, target, passed in zip(op.results, results, condition.args, strict=True):
        if result.uses:
            scope.values[result] = scope.load(carried[passed] if target is None else target)


def _reads(variable: SSAValue, location: LocationAttr) -> Block:
    """The condition region of an emitc.do that reads a variable."""
    inside = Block(arg_types=[variable.type])
    loaded = emitc.LoadOp.create(operands=[inside.args[0]], result_types=[BOOL], location=location)
    inside.add_ops([loaded, emitc.YieldOp.create(operands=[loaded.results[0]], location=location)])
    expression = emitc.ExpressionOp.create(
        operands=[variable],
        result_types=[BOOL],
        properties={"do_not_inline": UnitAttr()},
        regions=[Region(inside)],
        location=location,
    )
    return Block([expression, emitc.YieldOp.create(operands=[expression.results[0]], location=location)])


def _convert_call(scope: Scope, op: TTKernelOp) -> None:
    spec = op.spec
    if spec.thread != "any" and spec.thread != scope.thread and scope.thread != "ethernet":
        refuse(op, f"'{op.name}' runs in {spec.thread} threads, but this thread is a {scope.thread} thread")
    if (special := _SPECIAL.get(spec.mnemonic)) is not None:
        special(scope, op)
        return
    template = spec.template(scope.version, op.attribute_texts)
    if template is None:
        hint = spec.why_not or None
        refuse(op, f"'{op.name}' has no C++ in tt-metal {scope.version}", hint)
    scope.headers.update(spec.headers_for(scope.version))
    if "(" in template:
        _emit_calls(scope, op, template)
    elif template:
        _emit_access(
            scope,
            op,
            template,
            dict(zip((o.name for o in spec.bind(len(op.operands))), op.operands, strict=True)),
        )


def _emit_calls(scope: Scope, op: TTKernelOp, template: str) -> None:
    values = [scope.values[operand] for operand in op.operands]
    result_types = [convert_type(op, result.type) for result in op.results]
    texts = tuple((name, attribute_text(value)) for name, value in op.properties.items())
    for plan in _plans(op.spec.mnemonic, template, texts, len(values)):
        call = emitc.CallOpaqueOp.create(
            operands=[values[i] for i in plan.operands],
            result_types=result_types,
            properties=plan.properties,
            location=scope.location,
        )
        scope.block.add_op(call)
        if result_types:
            # a result of type index is a count or a position: never negative; an i32 may be any number
            known = op.spec.mnemonic in _NEVER_NEGATIVE or isinstance(op.results[0].type, IndexType)
            scope.bind(op, call.results[0], non_negative=known)


@dataclass(frozen=True, slots=True)
class _CallPlan:
    """An emitc.call_opaque of a template: which operands of the op it takes, and its properties."""

    operands: tuple[int, ...]
    properties: dict[str, Attribute]


@cache
def _plans(
    mnemonic: str, template: str, texts: tuple[tuple[str, str], ...], count: int
) -> tuple[_CallPlan, ...]:
    spec = op_spec(mnemonic)
    positions = {operand.name: i for i, operand in enumerate(spec.bind(count))}
    return tuple(_plan(spec, call, positions, dict(texts)) for call in parse_cpp(template))


def _plan(spec: OpSpec, call: CppCall, positions: Mapping[str, int], texts: dict[str, str]) -> _CallPlan:
    operands: list[int] = []
    args: list[Attribute] = []
    for arg in call.args:
        name = arg[1:-1] if arg.startswith("{") else ""
        if name in positions:
            args.append(IntegerAttr(len(operands), IndexType()))
            operands.append(positions[name])
        elif not name or name in texts:  # an operand or attribute that is absent is no argument
            args.append(emitc.OpaqueAttr(StringAttr(expand(arg, spec, texts))))
    callee = expand(call.callee, spec, texts)
    written = [expand(arg, spec, texts) for arg in call.template_args]
    if callee.endswith(">") and not callee.startswith("reinterpret_cast"):  # from an optional attribute
        callee, _, inside = callee[:-1].partition("<")
        written.append(inside)
    properties: dict[str, Attribute] = {"callee": StringAttr(callee)}
    if len(args) != len(operands):
        properties["args"] = ArrayAttr(args)
    if written:
        properties["template_args"] = ArrayAttr([emitc.OpaqueAttr(StringAttr(text)) for text in written])
    return _CallPlan(tuple(operands), properties)


def _emit_access(scope: Scope, op: TTKernelOp, template: str, values: Mapping[str, SSAValue]) -> None:
    """Templates that are not calls: a name, `base[index]`, or `base[index] = value`."""
    if (match := _STORE.fullmatch(template)) is not None:
        pointer, index, value = (scope.get(values[name]) for name in match.groups())
        element = _subscript(scope, pointer, index)
        assert isinstance(element.type, emitc.LValueType)
        scope.assign(element, scope.cast(value, element.type.value_type))
        return
    result_type = convert_type(op, op.results[0].type)
    if (match := _SUBSCRIPT.fullmatch(template)) is not None:
        base, index_name = match.groups()
        if base.startswith("{"):
            pointer = scope.get(values[base[1:-1]])
        else:
            pointer = scope.emit(emitc.LiteralOp, (), emitc.PointerType(emitc.UI8), value=StringAttr(base))
        loaded = scope.load(_subscript(scope, pointer, scope.get(values[index_name])))
        scope.bind(op, scope.cast(loaded, result_type), non_negative=not base.startswith("{"))
        return
    scope.bind(
        op, scope.emit(emitc.LiteralOp, (), result_type, value=StringAttr(template)), non_negative=True
    )


def _subscript(scope: Scope, pointer: SSAValue, index: SSAValue) -> SSAValue:
    assert isinstance(pointer.type, emitc.PointerType)
    return scope.emit(emitc.SubscriptOp, (pointer, index), emitc.LValueType(pointer.type.pointee_type))


def _skip(scope: Scope, op: TTKernelOp) -> None:
    """Hoisted to the top of the function."""


def _convert_accessor_args(scope: Scope, op: TTKernelOp) -> None:
    result = op.results[0]
    if not result.uses:
        return
    previous = op.operand_named("prev_args")
    texts = []
    for base, expression, chained in (
        ("cta_base", "cta_expr", "next_compile_time_args_offset"),
        ("crta_base", "crta_expr", "next_common_runtime_args_offset"),
    ):
        if (written := op.properties.get(expression)) is not None:
            texts.append(attribute_text(written))
        elif previous is not None:
            owner = scope.get(previous).owner
            assert isinstance(owner, emitc.LiteralOp)
            texts.append(f"{owner.value.data}.{chained}()")
        else:
            texts.append(str(constant_value(op.operand_named(base))))
    name = scope.unique_name(cpp_name(result.name_hint or "tensor_args"))
    text = f"constexpr auto {name} = TensorAccessorArgs<{', '.join(texts)}>();"
    scope.add(emitc.VerbatimOp.create(properties={"value": StringAttr(text)}))
    scope.bind(op, scope.emit(emitc.LiteralOp, (), AUTO, value=StringAttr(name)))


def _convert_assert(scope: Scope, op: TTKernelOp) -> None:
    scope.headers.add("debug/assert.h")
    message = cpp_string(attribute_text(op.properties["message"])).replace("{", "{{")
    text = f"ASSERT({{}} && {message});"
    operands = [scope.get(op.operands[0])]
    scope.add(emitc.VerbatimOp.create(operands=operands, properties={"value": StringAttr(text)}))


def _convert_signpost(scope: Scope, op: TTKernelOp) -> None:
    """A zone of its own: it marks a time, and several may stand in one scope."""
    scope.headers.add("tools/profiler/kernel_profiler.hpp")
    name = cpp_string(attribute_text(op.properties["label"])).replace("{", "{{")
    text = f"{{{{ DeviceZoneScopedN({name}); }}"
    scope.add(emitc.VerbatimOp.create(properties={"value": StringAttr(text)}))


def _printed(scope: Scope, operand: SSAValue) -> SSAValue:
    """An integer as the device prints it: one that may be negative as a signed one."""
    value = scope.get(operand)
    if not isinstance(operand.type, IndexType) or scope.all_non_negative(operand):
        return value
    return scope.cast(value, signed(value.type))


def _convert_dprint(scope: Scope, op: TTKernelOp) -> None:
    scope.headers.add("debug/dprint.h")
    values = [_printed(scope, operand) for operand in op.operands]
    pattern = attribute_text(op.properties["fmt"])
    if scope.version != "0.69" and scope.thread == "compute":  # one of its three processors prints
        args_text = ", ".join([cpp_string(pattern).replace("{", "{{"), *["{}"] * len(values)])
        text = f"MATH((DPRINT({args_text})));"
        scope.add(emitc.VerbatimOp.create(operands=values, properties={"value": StringAttr(text)}))
        return
    if scope.version != "0.69":
        literal = emitc.OpaqueAttr(StringAttr(cpp_string(pattern)))
        args = [literal, *(IntegerAttr(i, IndexType()) for i in range(len(values)))]
        scope.add(
            emitc.CallOpaqueOp.create(
                operands=values, properties={"callee": StringAttr("DPRINT"), "args": ArrayAttr(args)}
            )
        )
        return
    newline = pattern.endswith("\n")
    parts = pattern.removesuffix("\n").split("{}")
    pieces = [cpp_string(parts[0]).replace("{", "{{")] if parts[0] else []
    for part in parts[1:]:
        pieces.append("{}")
        if part:
            pieces.append(cpp_string(part).replace("{", "{{"))
    if newline:
        pieces.append("ENDL()")
    text = " << ".join(["DPRINT", *pieces])
    text = f"MATH(({text}));" if scope.thread == "compute" else f"{text};"
    scope.add(emitc.VerbatimOp.create(operands=values, properties={"value": StringAttr(text)}))


_SPECIAL: Mapping[str, Callable[[Scope, TTKernelOp], None]] = {
    "TensorAccessorArgs": _convert_accessor_args,
    "assert": _convert_assert,
    "dprint": _convert_dprint,
    "get_compile_time_arg_val": _skip,
    "signpost": _convert_signpost,
}
_NEVER_NEGATIVE = frozenset(
    {"get_write_ptr", "get_read_ptr", "get_tile_size", "get_semaphore", "get_noc_addr"}
)
_CONTROL_FLOW: Mapping[type[Operation], Callable[[Scope, Operation, Startups], None]] = {
    func.ReturnOp: _convert_return,
    scf.ForOp: _convert_for,
    scf.IfOp: _convert_if,
    scf.WhileOp: _convert_while,
}
