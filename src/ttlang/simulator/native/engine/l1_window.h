// SPDX-License-Identifier: Apache-2.0
//
// Kernels may use an L1 address that the host gave them as a pointer. The L1 of the core that runs then also lies at its own
// offsets, below all that the host's process uses. It costs nothing before the first such access.
#pragma once
#include "machine.h"

namespace ttsim {

constexpr uintptr_t WINDOW_LOW = 64 << 10;  ///< a process may not map what lies below

/// Whether a pointer's value is an L1 offset of this machine.
inline bool in_window(const Machine& machine, uintptr_t at) { return at >= WINDOW_LOW && at < uintptr_t(machine.settings.l1_size); }
/// Opens the window on a core's L1; false when it is open already or the host has no room. Called from a signal handler.
bool open_window(Core& core);
void close_window(Machine& machine);
/// At the end of a machine.
void release_window(Machine& machine);

}  // namespace ttsim
