// SPDX-License-Identifier: Apache-2.0
#include "fiber.h"

#include <stdint.h>

#if defined(__x86_64__)
asm(R"(
    .text
    .globl ttsim_switch
    .type ttsim_switch, @function
ttsim_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size ttsim_switch, .-ttsim_switch
)");
#elif defined(__aarch64__)
asm(R"(
    .text
    .globl ttsim_switch
    .type ttsim_switch, %function
ttsim_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
    .size ttsim_switch, .-ttsim_switch
)");
#else
#error "the simulator's fibers are written for x86-64 and aarch64"
#endif

namespace ttsim {

void* prepare_stack(char* low, size_t bytes, void (*entry)()) {
    uint64_t* top = reinterpret_cast<uint64_t*>((reinterpret_cast<uintptr_t>(low) + bytes) & ~uintptr_t(63));
#if defined(__x86_64__)
    *--top = 0;  // return address of `entry`, which never returns; also gives it the ABI's alignment
    *--top = reinterpret_cast<uint64_t>(entry);
    for (int i = 0; i < 6; i++) *--top = 0;
#else
    top -= 20;
    for (int i = 0; i < 20; i++) top[i] = 0;
    top[11] = reinterpret_cast<uint64_t>(entry);
#endif
    return top;
}

}  // namespace ttsim
