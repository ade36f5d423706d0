# SPDX-License-Identifier: Apache-2.0
"""Arguments of a launch: checked before anything runs, so that a refused call changes nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ttlang.language.scope import misuse
from ttlang.language.tensors import as_array

from .image import ProgramImage


def checked_arrays(image: ProgramImage, tensors: Sequence[Any]) -> list[np.ndarray]:
    """The arrays behind the arguments; outputs must be writable and share no memory with other arguments."""
    arrays = []
    for tensor, value in zip(image.tensors, tensors, strict=True):
        array = as_array(value)
        assert array is not None, "types were checked"
        if tensor.written and not array.flags.writeable:
            raise misuse(
                f"argument '{tensor.name}' of '{image.name}' is written to, but the array is read-only",
                hint="pass a writable copy: array.copy()",
            )
        if tensor.written and any(
            size > 1 and stride == 0 for size, stride in zip(array.shape, array.strides, strict=True)
        ):
            raise misuse(
                f"argument '{tensor.name}' of '{image.name}' is written to, but elements of the array share memory",
                hint="pass an array of its own for the output: np.empty(shape, dtype)",
            )
        arrays.append(array)
    for i, tensor in enumerate(image.tensors):
        if not tensor.written:
            continue
        for j, other in enumerate(image.tensors):
            if i != j and (j > i or not other.written) and _overlap(arrays[i], arrays[j]):
                raise misuse(
                    f"argument '{tensor.name}' of '{image.name}' is written to and shares memory with '{other.name}'",
                    hint="pass an array of its own for the output",
                )
    return arrays


def _overlap(a: np.ndarray, b: np.ndarray) -> bool:
    if not np.may_share_memory(a, b):
        return False
    try:
        return bool(np.shares_memory(a, b, max_work=10_000))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True  # bounds overlap and the exact answer would take too long: refuse
