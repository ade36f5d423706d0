// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

namespace ttsim {

/// Denormals count as zeros while the host's own arithmetic stands in for the device's.
class FlushDenormals {
#if defined(__x86_64__)
public:
    FlushDenormals() : saved_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(saved_ | 0x8040); }
    ~FlushDenormals() { __builtin_ia32_ldmxcsr(saved_); }

private:
    uint32_t saved_;
#elif defined(__aarch64__)
public:
    FlushDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(saved_));
        asm volatile("msr fpcr, %0" : : "r"(saved_ | (1u << 24)));
    }
    ~FlushDenormals() { asm volatile("msr fpcr, %0" : : "r"(saved_)); }

private:
    uint64_t saved_;
#endif
};

}  // namespace ttsim
