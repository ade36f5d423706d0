// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "machine.h"

namespace ttsim {

/// Handlers for faults in kernel code and for the clock tick that takes the host thread back; active while it lives.
class SignalScope {
  public:
    explicit SignalScope(Machine& machine);
    ~SignalScope();
    SignalScope(const SignalScope&) = delete;
    SignalScope& operator=(const SignalScope&) = delete;
};

/// Address ranges of loaded kernel code: only there a fiber may be taken off the host thread by the tick.
void add_kernel_code(uintptr_t low, uintptr_t high);
void clear_kernel_code();

}  // namespace ttsim
