# SPDX-License-Identifier: Apache-2.0
"""The pass `ttl-legalize-integers`."""

from collections.abc import Mapping
from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects import arith, scf
from xdsl.dialects.builtin import IndexType, ModuleOp, i32
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.passes import ModulePass

from ttlang.dialects.walking import ops_in

_ON_I32 = (arith.DivUIOp, arith.RemUIOp, arith.AndIOp, arith.OrIOp, arith.XOrIOp)
"""Ops that have no EmitC on `index`."""

_CHOICES: Mapping[type[Operation], str] = {arith.MinSIOp: "slt", arith.MaxSIOp: "sgt"}
"""Ops that have no EmitC, and the comparison that chooses their first operand."""


@dataclass(frozen=True)
class TTLLegalizeIntegers(ModulePass):
    """Integers in the forms that the TTKernel toolchain converts to EmitC.

    There, unsigned division and bitwise logic are defined on i32 but not on `index`, signed minimum and maximum not at
    all, and a value that an `scf.while` carries cannot be an `index`. Both types are 32 bits wide in C++, so the code is the
    same.
    """

    name = "ttl-legalize-integers"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for inner in ops_in(op):
            if isinstance(inner, _ON_I32) and isinstance(inner.results[0].type, IndexType):
                _widen(inner)
            elif type(inner) in _CHOICES:
                _choose(inner)
            elif isinstance(inner, scf.WhileOp):
                _carry_words(inner)


def _cast(value: SSAValue, type_: Attribute, like: Operation) -> arith.IndexCastOp:
    """The cast of a value to `index` or i32, not inserted."""
    cast = arith.IndexCastOp(value, type_)
    cast.location = like.location
    cast.results[0].name_hint = value.name_hint
    return cast


def _block_of(op: Operation) -> Block:
    block = op.parent
    assert block is not None
    return block


def _words(op: Operation, values: tuple[SSAValue, ...]) -> list[SSAValue]:
    """Values before an op with i32 in the place of `index`."""
    converted = []
    for value in values:
        if isinstance(value.type, IndexType):
            cast = _cast(value, i32, op)
            _block_of(op).insert_op_before(cast, op)
            value = cast.results[0]
        converted.append(value)
    return converted


def _widen(op: Operation) -> None:
    """A division or logic on `index`, on i32."""
    operands = _words(op, tuple(op.operands))
    made = type(op).create(operands=operands, result_types=[i32], location=op.location)
    made.results[0].name_hint = op.results[0].name_hint
    back = _cast(made.results[0], IndexType(), op)
    _block_of(op).insert_ops_before([made, back], op)
    op.results[0].replace_all_uses_with(back.results[0])
    _block_of(op).erase_op(op)


def _choose(op: Operation) -> None:
    """A minimum or maximum as a comparison and a selection."""
    first, second = op.operands
    test = arith.CmpiOp(first, second, _CHOICES[type(op)])
    chosen = arith.SelectOp(test.results[0], first, second)
    for made in (test, chosen):
        made.location = op.location
    chosen.results[0].name_hint = op.results[0].name_hint
    _block_of(op).insert_ops_before([test, chosen], op)
    op.results[0].replace_all_uses_with(chosen.results[0])
    _block_of(op).erase_op(op)


def _carry_words(loop: scf.WhileOp) -> None:
    """An `scf.while` whose carried values of type `index` are i32."""
    if not any(isinstance(v.type, IndexType) for v in (*loop.operands, *loop.results)):
        return
    for block in (loop.before_region.block, loop.after_region.block):
        _take_words(block, loop)
        last = block.last_op
        assert last is not None
        last.operands = _words(last, tuple(last.operands))
    types = [i32 if isinstance(r.type, IndexType) else r.type for r in loop.results]
    operands = _words(loop, tuple(loop.operands))
    after = loop.detach_region(loop.after_region)
    before = loop.detach_region(loop.before_region)
    made = scf.WhileOp(operands, types, before, after)
    made.attributes, made.location = loop.attributes, loop.location
    _block_of(loop).insert_op_before(made, loop)
    for old, new in zip(loop.results, made.results, strict=True):
        new.name_hint = old.name_hint
        if old.type != new.type:
            back = _cast(new, IndexType(), loop)
            _block_of(loop).insert_op_before(back, loop)
            new = back.results[0]
        old.replace_all_uses_with(new)
    _block_of(loop).erase_op(loop)


def _take_words(block: Block, loop: Operation) -> None:
    """Arguments of type `index` become i32, cast back for those who use them."""
    for number, argument in reversed(list(enumerate(block.args))):
        if not isinstance(argument.type, IndexType):
            continue
        word = block.insert_arg(i32, number)
        word.name_hint = argument.name_hint
        back = _cast(word, IndexType(), loop)
        if block.first_op is None:
            block.add_op(back)
        else:
            block.insert_op_before(back, block.first_op)
        argument.replace_all_uses_with(back.results[0])
        block.erase_arg(argument)
