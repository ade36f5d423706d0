# SPDX-License-Identifier: Apache-2.0
"""Shards of distributed tensors in threads: blocks in compute threads, slices in data-movement threads."""

from typing import TYPE_CHECKING, Any, NoReturn

from ttlang.language.tensors import LocalShard, RedistributedTensor, TensorParameter

from .values import Shard, TensorSlice, describe

if TYPE_CHECKING:
    from .thread_compiler import ThreadCompiler

NOT_DISTRIBUTED = "pass a ttl.DistributedTensor(data, grid=..., shard=..., strategy=...)"


def extract(compiler: "ThreadCompiler", tensor: TensorParameter | RedistributedTensor) -> Shard | TensorSlice:
    """`tensor.extract_shard()` in a thread; raises CompileError for a tensor that is not distributed."""
    if tensor.partition is None:
        raise compiler.error(
            f"tensor '{tensor.name}' has no parts of cores: it is not distributed", hint=NOT_DISTRIBUTED
        )
    if compiler.thread.kind == "datamovement":
        value = compiler.program.shard(compiler, tensor)
        if isinstance(tensor, RedistributedTensor):
            return TensorSlice(value, tensor.source, LocalShard(tensor).shape, redistributed=True)
        return TensorSlice(value, tensor, LocalShard(tensor).shape)
    if not tensor.spec.tiled:
        raise compiler.error(
            f"the shard of tensor '{tensor.name}' is row-major: compute threads work on tiles",
            hint="make the tensor tiled: layout=ttl.TILE",
        )
    return Shard(compiler.program.shard(compiler, tensor), tensor)


def redistribute(compiler: "ThreadCompiler", tensor: TensorParameter, *_: Any, **__: Any) -> NoReturn:
    """`tensor.redistribute(...)` in a thread: refused."""
    raise compiler.error(
        f"tensor '{tensor.name}' is redistributed in a thread: all threads see it in the same parts",
        hint="call redistribute() in the kernel, outside threads, and extract_shard() of its result in them",
    )


def not_single_threaded(compiler: "ThreadCompiler", name: str) -> NoReturn:
    """A method of distributed tensors in a single-threaded kernel: refused."""
    raise compiler.error(
        f"'{name}' has no place in a single-threaded kernel: the compiler deals the work to cores by itself",
        hint="write threads: mode='multi_threaded' is the default",
    )


def not_written(compiler: "ThreadCompiler", shard: Shard | TensorSlice, name: str) -> Exception:
    """The error of a write to a part of a redistributed tensor."""
    return compiler.error(
        f"a write to {describe(shard)}: that is a value, not a tensor",
        hint=f"write to the argument itself: {name}.extract_shard()",
    )
