// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "l1_window.h"

namespace ttsim {

namespace {

constexpr uintptr_t LOWEST = 0x4000'0000, HIGHEST = 0xF000'0000;
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/// L1 of all cores in one piece below 4 GiB, so that an L1 address fits the kernels' uint32_t and can be dereferenced.
uint8_t* map_l1(size_t bytes) {
    for (uintptr_t at = LOWEST; at + bytes <= HIGHEST; at += 64 << 20) {
        void* got = mmap(reinterpret_cast<void*>(at), bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
        if (got == reinterpret_cast<void*>(at)) return static_cast<uint8_t*>(got);
        if (got != MAP_FAILED) munmap(got, bytes);
    }
    return nullptr;
}

constexpr size_t HUGE_PAGE = 2 << 20;

size_t whole_pages(size_t bytes) { return (bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1); }

}  // namespace

void prefer_huge(void* memory, size_t bytes) { madvise(memory, bytes, MADV_HUGEPAGE); }

void* allocate_huge(size_t bytes) {
    bytes = whole_pages(bytes);
    void* const got = mmap(nullptr, bytes + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got == MAP_FAILED) return nullptr;
    char* const low = static_cast<char*>(got);
    char* const start = reinterpret_cast<char*>(whole_pages(reinterpret_cast<uintptr_t>(low)));
    if (start > low) munmap(low, size_t(start - low));
    if (const size_t rest = size_t(low + HUGE_PAGE - start)) munmap(start + bytes, rest);
    prefer_huge(start, bytes);
    return start;
}

void free_huge(void* memory, size_t bytes) {
    if (memory) munmap(memory, whole_pages(bytes));
}

bool create_memory(Machine& machine, char* error, size_t error_bytes) {
    machine.l1_bytes = size_t(machine.cores) * L1_SLOT;
    machine.l1 = map_l1(machine.l1_bytes);
    if (!machine.l1) {
        snprintf(error, error_bytes, "no room below 4 GiB for the L1 of %u cores (%zu MiB); close other devices",
                 machine.cores, machine.l1_bytes >> 20);
        return false;
    }
    // What lies beyond an L1's end inside its slot is not memory.
    const size_t l1_end = (size_t(machine.settings.l1_size) + 4095) & ~size_t(4095);
    for (uint32_t i = 0; i < machine.cores; i++)
        mprotect(machine.l1 + size_t(i) * L1_SLOT + l1_end, L1_SLOT - l1_end, PROT_NONE);
    for (uint32_t i = 0; i < machine.banks; i++) {
        Bank& bank = machine.bank[i];
        bank.extent = uint64_t(machine.settings.dram_bank_bytes);
        void* got = mmap(nullptr, bank.extent, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (got == MAP_FAILED) {
            snprintf(error, error_bytes, "cannot reserve address space for DRAM bank %u (%llu MiB): %s", i,
                     static_cast<unsigned long long>(bank.extent >> 20), strerror(errno));
            return false;
        }
        bank.memory = static_cast<uint8_t*>(got);
        bank.committed = 0;
    }
    return true;
}

void destroy_memory(Machine& machine) {
    release_window(machine);
    if (machine.l1) munmap(machine.l1, machine.l1_bytes);
    for (uint32_t i = 0; i < machine.banks; i++)
        if (machine.bank[i].memory) munmap(machine.bank[i].memory, machine.bank[i].extent);
}

}  // namespace ttsim
