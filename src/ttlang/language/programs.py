# SPDX-License-Identifier: Apache-2.0
"""The explicit form of a kernel: which threads run, and the circular buffers that they take as parameters."""

import inspect
from collections.abc import Sequence

from .resources import CircularBuffer, make_circular_buffer_like
from .scope import Thread, current_scope, misuse
from .tensors import TensorAccessor, TensorParameter


class Program:
    """`ttl.Program(compute, dm0, dm1)(a, b, out)`: run these threads, and no other that the kernel decorates.

    A thread with parameters gets a circular buffer for each tensor of the call, in order: blocks of one tile, of
    `granularity` tiles along the first dimension when the kernel has one. Raises CompileError for what is no thread,
    and for a call that does not fit the parameters.
    """

    def __init__(self, *threads: Thread):
        scope = current_scope("a program")
        for thread in threads:
            if not isinstance(thread, Thread):
                raise misuse(
                    f"ttl.Program takes threads, got {type(thread).__name__}",
                    hint="decorate its functions with @ttl.compute() and @ttl.datamovement()",
                )
        if not threads or len(set(threads)) != len(threads):
            raise misuse("ttl.Program takes each of its threads once")
        if scope.explicit_threads is not None or scope.uncalled is not None:
            raise misuse("a kernel has one ttl.Program")
        self.threads = threads
        scope.uncalled = self

    def __call__(self, *tensors: TensorParameter | TensorAccessor) -> None:
        scope = current_scope("a program")
        parameters = [t.tensor if isinstance(t, TensorAccessor) else t for t in tensors]
        for value in parameters:
            if not isinstance(value, TensorParameter):
                raise misuse(
                    f"a program is called with tensor arguments of the kernel, got {type(value).__name__}"
                )
        if scope.uncalled is not self:
            raise misuse("a program is called once")
        scope.uncalled = None
        buffers: Sequence[CircularBuffer] = ()
        for thread in self.threads:
            if not (names := list(inspect.signature(thread.function).parameters)):
                continue
            if len(names) != len(parameters):
                raise misuse(
                    f"thread '{thread.name}' takes {len(names)} circular buffers ({', '.join(names)}), the program is called"
                    f" with {len(parameters)} tensors"
                )
            buffers = buffers or [_buffer(t) for t in parameters]
            thread.arguments = tuple(buffers)
        scope.explicit_threads = list(self.threads)


def _buffer(tensor: TensorParameter) -> CircularBuffer:
    rank = len(tensor.spec.shape_units)
    first = current_scope("a program").config.granularity or 1
    return make_circular_buffer_like(tensor, (first, *(1,) * (rank - 1)))
