// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>

extern "C" {
/// Saves the callee-saved registers and the stack pointer in *save, continues at `to`.
void ttsim_switch(void** save, void* to);
}

namespace ttsim {

/// A stack that starts `entry` when it is switched to.
void* prepare_stack(char* low, size_t bytes, void (*entry)());

}  // namespace ttsim
