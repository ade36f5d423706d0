// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

#include "machine.h"

namespace ttsim {

enum class RunState : int { Finished = 0, Slice = 1, Failed = 2 };

/// Runs until the program ends, a fault, or about `slice_ms` of host time.
RunState run_slice(Machine& machine, uint32_t slice_ms);
/// First code of every fiber.
void fiber_main();
/// Continues here after a hardware fault: the report is filled in.
[[noreturn]] void leave_faulted();
/// From the tick's handler: the running fiber loops without calling anything.
void take_off_spinning(Fiber* fiber);
int scheduler_thread();

}  // namespace ttsim
