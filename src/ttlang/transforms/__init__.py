# SPDX-License-Identifier: Apache-2.0
"""The passes of the compiler, by name. A pass is imported when it is asked for."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xdsl.passes import ModulePass

PASSES: dict[str, str] = {
    "canonicalize": "canonicalize:Canonicalize",
    "ttl-apply-schedule": "ttl_apply_schedule:TTLApplySchedule",
    "ttcore-register-device": "ttcore_register_device:TTCoreRegisterDevice",
    "ttl-lower-distribution": "ttl_lower_distribution:TTLLowerDistribution",
    "ttl-validate": "ttl_validate:TTLValidate",
    "ttl-canonicalize": "ttl_canonicalize:TTLCanonicalize",
    "ttl-verify-layouts": "ttl_verify_layouts:TTLVerifyLayouts",
    "ttl-insert-synchronization": "ttl_insert_synchronization:TTLInsertSynchronization",
    "ttl-legalize-compute": "ttl_legalize_compute:TTLLegalizeCompute",
    "ttl-infer-dst-requirements": "ttl_infer_dst_requirements:TTLInferDSTRequirements",
    "ttl-bufferize": "ttl_bufferize:TTLBufferize",
    "ttl-allocate-circular-buffers": "ttl_allocate_circular_buffers:TTLAllocateCircularBuffers",
    "ttl-expand-threads": "ttl_expand_threads:TTLExpandThreads",
    "ttl-assign-dst-registers": "ttl_assign_dst_registers:TTLAssignDSTRegisters",
    "ttl-to-ttmetal": "ttl_to_ttmetal:TTLToTTMetal",
    "ttl-lower-compute": "ttl_lower_compute:TTLLowerCompute",
    "ttl-lower-data-movement": "ttl_lower_data_movement:TTLLowerDataMovement",
    "ttl-lower-synchronization": "ttl_lower_synchronization:TTLLowerSynchronization",
    "ttkernel-hoist-inits": "ttkernel_hoist_inits:TTKernelHoistInits",
    "ttl-legalize-integers": "ttl_legalize_integers:TTLLegalizeIntegers",
    "convert-ttkernel-to-emitc": "convert_ttkernel_to_emitc:ConvertTTKernelToEmitC",
    "ttl-compute-to-emitc": "ttl_compute_to_emitc:TTLComputeToEmitC",
    "ttl-data-movement-to-emitc": "ttl_data_movement_to_emitc:TTLDataMovementToEmitC",
    "ttl-synchronization-to-emitc": "ttl_synchronization_to_emitc:TTLSynchronizationToEmitC",
    "emitc-hoist-inits": "emitc_hoist_inits:EmitCHoistInits",
    "convert-arith-scf-to-emitc": "convert_arith_scf_to_emitc:ConvertArithScfToEmitC",
}
"""Where each pass is defined, as "module:class" in this package; a module is named as its pass."""

COMPOSITES: dict[str, tuple[str, ...]] = {
    "ttl-allocate-cbs": (
        "ttl-canonicalize",
        "ttl-verify-layouts",
        "ttl-legalize-compute",
        "ttl-infer-dst-requirements",
        "ttl-bufferize",
        "ttl-allocate-circular-buffers",
    ),
    "ttl-lower-to-ttkernel": (
        "ttl-lower-compute",
        "ttl-lower-data-movement",
        "ttl-lower-synchronization",
        "ttkernel-hoist-inits",
        "ttl-legalize-integers",
        "ttl-canonicalize",
    ),
    "ttl-lower-to-emitc": (
        "ttl-compute-to-emitc",
        "ttl-data-movement-to-emitc",
        "ttl-synchronization-to-emitc",
        "emitc-hoist-inits",
        "ttl-legalize-integers",
        "ttl-canonicalize",
        "convert-arith-scf-to-emitc",
    ),
}
"""Names of section 7.3 of the plan that stand for several passes, which run in this order; the last is section 9.2's."""

GENERAL_PASSES = ("cse", "dce", "licm")
"""Passes of xDSL that pipelines may name too: those that keep locations."""


def load_pass(path: str) -> "type[ModulePass]":
    """The pass at "module:class"."""
    module, _, name = path.partition(":")
    cls: type[ModulePass] = getattr(import_module(f".{module}", __name__), name)
    return cls


def _loader(path: str) -> "Callable[[], type[ModulePass]]":
    return lambda: load_pass(path)


def own_passes() -> "dict[str, Callable[[], type[ModulePass]]]":
    """The passes of the table whose module exists, each as a function that imports it."""
    return {
        name: _loader(path)
        for name, path in PASSES.items()
        if find_spec(f".{path.partition(':')[0]}", __name__) is not None
    }


def all_passes() -> "dict[str, Callable[[], type[ModulePass]]]":
    """Our passes and the general ones, as `xdsl.passes.PassPipeline` wants them."""
    from xdsl.transforms import get_all_passes

    general = get_all_passes()
    return {**own_passes(), **{name: general[name] for name in GENERAL_PASSES}}
