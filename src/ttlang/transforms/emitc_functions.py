# SPDX-License-Identifier: Apache-2.0
"""The function of a kernel thread, its control flow and its arithmetic, to EmitC."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from xdsl.dialects import func, scf
from xdsl.dialects.builtin import ArrayAttr, LocationAttr, StringAttr, UnitAttr
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from ttlang.codegen.attributes import HEADERS, THREAD, WHILE
from ttlang.dialects import emitc
from ttlang.dialects.walking import ops_in

from .emitc_arith import CONVERSIONS as ARITH
from .emitc_context import BOOL, Scope, convert_type, refuse, signed


class FunctionConversion(ABC):
    """Converts one function; what is neither control flow nor arithmetic is left to `call`."""

    def __init__(self, function: func.FuncOp, version: str, thread: str):
        if function.body.block.args:
            refuse(
                function,
                f"kernel function '{function.sym_name.data}' has parameters",
                "read them with get_arg_val",
            )
        self.function = function
        self.ops = ops_in(function.body)
        self.scope = Scope(version, thread, Block())

    def run(self) -> emitc.FuncOp:
        """The EmitC of the function, which stays as it is."""
        scope, block = self.scope, self.scope.block
        for op in self.ops:
            if self.is_compile_time(op):
                scope.location = op.location
                self.call(op)
        self._ops(self.function.body.block)
        _drop_unused_constants(block)
        headers = ArrayAttr([StringAttr(header) for header in sorted(scope.headers)])
        return emitc.FuncOp.create(
            properties={"sym_name": self.function.sym_name, "function_type": self.function.function_type},
            attributes={THREAD: StringAttr(scope.thread), HEADERS: headers},
            regions=[Region(block)],
            location=self.function.location,
        )

    @abstractmethod
    def is_compile_time(self, op: Operation) -> bool:
        """Whether an op is a compile-time argument: those are constants at the top, in order of first use."""

    @abstractmethod
    def call(self, op: Operation) -> None:
        """Converts an op that is neither control flow nor arithmetic."""

    def reached(self, op: Operation) -> None:  # noqa: B027 - most conversions keep no account
        """Called for each op before it is converted."""

    def _ops(self, source: Block, end: Operation | None = None) -> None:
        """Converts the ops of a block into the scope's block, as far as `end`."""
        scope = self.scope
        op = source.first_op
        while op is not end:
            assert op is not None
            scope.location = op.location
            self.reached(op)
            cls = type(op)
            if (convert_arith := ARITH.get(cls)) is not None:
                convert_arith(scope, op)
            elif (convert := _CONTROL_FLOW.get(cls)) is not None:
                convert(self, op)
            elif not self.is_compile_time(op):
                self.call(op)
            op = op.next_op

    def _return(self, op: Operation) -> None:
        if op.operands:
            refuse(op, "a kernel function returns nothing")
        self.scope.make(emitc.ReturnOp)

    def _for(self, op: Operation) -> None:
        assert isinstance(op, scf.ForOp)
        scope = self.scope
        location, outer = op.location, scope.block
        lower, upper, step, *initial = op.operands
        source = op.regions[0].block
        terminator = cast(scf.YieldOp, source.last_op)
        bounds = [scope.values[value] for value in (lower, upper, step)]
        never_negative = scope.all_non_negative(lower, upper)
        loop_type: Attribute = bounds[0].type if never_negative else signed(bounds[0].type)
        bounds = [scope.cast(bound, loop_type) for bound in bounds]
        induction, *carried = source.args
        variables = self._variables(op.results, carried, [scope.values[value] for value in initial])
        body = scope.block = Block(arg_types=[loop_type])
        body.args[0].name_hint = induction.name_hint
        if never_negative:
            scope.non_negative.add(induction)
        scope.values[induction] = scope.cast(body.args[0], convert_type(op, induction.type))
        for argument, variable in zip(carried, variables, strict=True):
            scope.values[argument] = scope.load(variable)
        self._ops(source, terminator)
        self._end(terminator, variables)
        scope.block, scope.location = outer, location
        scope.make(emitc.ForOp, bounds, regions=[Region(body)])
        for result, variable in zip(op.results, variables, strict=True):
            scope.values[result] = scope.load(variable)

    def _variables(
        self, results: Sequence[SSAValue], named: Sequence[SSAValue], initial: Sequence[SSAValue]
    ) -> list[SSAValue]:
        """Variables for values that a loop carries, with their first values."""
        scope, variables = self.scope, []
        for result, other, value in zip(results, named, initial, strict=True):
            variable = scope.variable(value.type, other.name_hint or result.name_hint)
            scope.assign(variable, value)
            variables.append(variable)
        return variables

    def _end(self, terminator: Operation, variables: Sequence[SSAValue]) -> None:
        """Ends a block: what it yields goes to variables."""
        scope = self.scope
        scope.location = terminator.location
        if variables:
            for value, variable in zip(terminator.operands[-len(variables) :], variables, strict=True):
                scope.assign(variable, scope.get(value))
        scope.make(emitc.YieldOp)

    def _if(self, op: Operation) -> None:
        assert isinstance(op, scf.IfOp)
        scope = self.scope
        location, outer = op.location, scope.block
        (operand,) = op.operands
        condition = scope.values[operand]
        variables = [scope.variable(convert_type(op, result.type), result.name_hint) for result in op.results]
        regions: list[Region] = []
        for region in op.regions:
            is_alternative = bool(regions)
            block = region.first_block
            if block is None or (is_alternative and block.first_op is block.last_op and not op.results):
                regions.append(Region())
                continue
            scope.block = Block()
            terminator = cast(scf.YieldOp, block.last_op)
            self._ops(block, terminator)
            self._end(terminator, variables)
            regions.append(Region(scope.block))
        scope.block, scope.location = outer, location
        scope.make(emitc.IfOp, (condition,), regions=regions)
        for result, variable in zip(op.results, variables, strict=True):
            scope.values[result] = scope.load(variable)

    def _while(self, op: Operation) -> None:
        """A loop that tests before its body: `do { before; more = test; if (more) body } while (more)`."""
        assert isinstance(op, scf.WhileOp)
        scope = self.scope
        location, outer = op.location, scope.block
        before, after = op.before_region.block, op.after_region.block
        condition = cast(scf.ConditionOp, before.last_op)
        variables = self._variables(before.args, before.args, [scope.get(value) for value in op.arguments])
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
        self._ops(before, condition)
        scope.location = condition.location
        for value, target in zip(condition.args, results, strict=True):
            if target is not None:
                scope.assign(target, scope.get(value))
        test = scope.get(condition.condition)
        scope.assign(more, test)
        for argument, source in zip(after.args, condition.args, strict=True):
            scope.values[argument] = scope.get(source)
        inner = scope.block = Block()
        terminator = cast(scf.YieldOp, after.last_op)
        self._ops(after, terminator)
        self._end(terminator, variables)
        scope.block, scope.location = body, condition.location
        scope.make(emitc.IfOp, (test,), regions=[Region(inner), Region()])
        scope.block, scope.location = outer, location
        loop = scope.make(emitc.DoOp, regions=[Region(body), Region(_reads(more, location))])
        loop.attributes[WHILE] = UnitAttr()
        for result, target, passed in zip(op.results, results, condition.args, strict=True):
            if result.uses:
                scope.values[result] = scope.load(carried[passed] if target is None else target)


def _drop_unused_constants(block: Block) -> None:
    """Constants that became part of a text, as those of `TensorAccessorArgs<..>` do, are not needed any more."""
    for op in list(block.ops):
        if isinstance(op, emitc.ConstantOp) and op.result.first_use is None:
            block.erase_op(op)


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


_CONTROL_FLOW: Mapping[type[Operation], Callable[[FunctionConversion, Operation], None]] = {
    func.ReturnOp: FunctionConversion._return,
    scf.ForOp: FunctionConversion._for,
    scf.IfOp: FunctionConversion._if,
    scf.WhileOp: FunctionConversion._while,
}
