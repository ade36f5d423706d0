// SPDX-License-Identifier: Apache-2.0
#include "l1_window.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ttsim {

namespace {

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
constexpr int NOTHING = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

void* low() { return reinterpret_cast<void*>(WINDOW_LOW); }
size_t l1_extent(const Machine& machine) { return (size_t(machine.settings.l1_size) + 4095) & ~size_t(4095); }

/// Address space for the window of whichever machine runs, kept for as long as the process lives.
bool reserve() {
    static bool reserved = false;
    if (reserved) return true;
    void* const got = mmap(low(), L1_SLOT - WINDOW_LOW, PROT_NONE, NOTHING | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != low()) {
        if (got != MAP_FAILED) munmap(got, L1_SLOT - WINDOW_LOW);
        return false;
    }
    reserved = true;
    return true;
}

/// Moves a core's L1 into a file that can be mapped twice, at the address that it has.
bool make_shareable(Core& core) {
    if (core.l1_file) return true;
    const size_t bytes = l1_extent(*core.machine);
    const int file = int(syscall(SYS_memfd_create, "ttlang-l1", 0));
    if (file < 0) return false;
    if (ftruncate(file, off_t(bytes)) || write(file, core.l1, bytes) != ssize_t(bytes) ||
        mmap(core.l1, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) != core.l1) {
        close(file);
        return false;
    }
    core.l1_file = file + 1;
    return true;
}

}  // namespace

bool open_window(Core& core) {
    Machine& machine = *core.machine;
    if (machine.window_core == &core || !reserve() || !make_shareable(core)) return false;
    void* const got = mmap(low(), l1_extent(machine) - WINDOW_LOW, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, core.l1_file - 1, off_t(WINDOW_LOW));
    if (got != low()) return false;
    machine.window_core = &core;
    return true;
}

void close_window(Machine& machine) {
    if (!machine.window_core) return;
    mmap(low(), l1_extent(machine) - WINDOW_LOW, PROT_NONE, NOTHING | MAP_FIXED, -1, 0);
    machine.window_core = nullptr;
}

void release_window(Machine& machine) {
    close_window(machine);
    for (uint32_t i = 0; i < machine.cores; i++) {
        if (machine.core[i].l1_file) close(machine.core[i].l1_file - 1);
        machine.core[i].l1_file = 0;
    }
}

}  // namespace ttsim
