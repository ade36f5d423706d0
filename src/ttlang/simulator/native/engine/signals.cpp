// SPDX-License-Identifier: Apache-2.0
#include "signals.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <vector>

#include "fiber.h"
#include "l1_window.h"
#include "scheduler.h"

namespace ttsim {

namespace {

constexpr long TICK_NS = 5'000'000;
const int FAULT_SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
constexpr size_t FAULT_COUNT = sizeof FAULT_SIGNALS / sizeof FAULT_SIGNALS[0];

Machine* active;
struct sigaction previous_fault[FAULT_COUNT];
struct sigaction previous_tick;
stack_t previous_stack;
timer_t tick_timer;
bool tick_armed;
uint64_t calls_at_tick;
Fiber* fiber_at_tick;
long long used_at_tick;
std::vector<std::pair<uintptr_t, uintptr_t>>& kernel_code() {
    static std::vector<std::pair<uintptr_t, uintptr_t>> ranges;
    return ranges;
}

int tick_signal() { return SIGRTMIN + 6; }

uintptr_t program_counter(const ucontext_t* context) {
#if defined(__x86_64__)
    return uintptr_t(context->uc_mcontext.gregs[REG_RIP]);
#else
    return uintptr_t(context->uc_mcontext.pc);
#endif
}

/// Makes the interrupted fiber continue in `landing` on its own, emptied stack.
void redirect(ucontext_t* context, Fiber* fiber, void (*landing)()) {
    const uintptr_t top = (uintptr_t(fiber->stack_low) + fiber->stack_bytes - 256) & ~uintptr_t(63);
#if defined(__x86_64__)
    context->uc_mcontext.gregs[REG_RSP] = greg_t(top - 8);
    context->uc_mcontext.gregs[REG_RIP] = greg_t(reinterpret_cast<uintptr_t>(landing));
    context->uc_mcontext.gregs[REG_EFL] &= ~greg_t(0x400);
#else
    context->uc_mcontext.sp = top;
    context->uc_mcontext.pc = reinterpret_cast<uintptr_t>(landing);
#endif
}

void describe_fault(int signal, const siginfo_t* info, Fiber* fiber, FaultReport& report) {
    const uintptr_t address = uintptr_t(info->si_addr);
    const uintptr_t low = uintptr_t(fiber->stack_low);
    if (signal == SIGFPE) {
        report.kind = Fault::Arithmetic;
        snprintf(report.message, sizeof report.message, "integer division by zero (or overflow) in kernel code");
    } else if (signal == SIGILL) {
        report.kind = Fault::Illegal;
        snprintf(report.message, sizeof report.message, "illegal instruction in kernel code (a trap, or a missing return)");
    } else if (address + 4096 >= low && address < low + 4096) {
        report.kind = Fault::Address;
        snprintf(report.message, sizeof report.message, "stack overflow in kernel code (%zu KiB)", fiber->stack_bytes >> 10);
    } else {
        report.kind = Fault::Address;
        snprintf(report.message, sizeof report.message,
                 "access to address 0x%llx, which is not memory of this core (its L1 is 0x%x to 0x%x)",
                 static_cast<unsigned long long>(address), fiber->l1_base,
                 fiber->l1_base + uint32_t(active->settings.l1_size));
    }
}

void on_fault(int signal, siginfo_t* info, void* context) {
    Fiber* fiber = static_cast<Fiber*>(ttsim_self);
    if (!active || !fiber || syscall(SYS_gettid) != scheduler_thread()) {
        for (size_t i = 0; i < FAULT_COUNT; i++)
            if (FAULT_SIGNALS[i] == signal) sigaction(signal, &previous_fault[i], nullptr);
        return;  // the instruction faults again and meets the handler that was there before
    }
    if (signal == SIGSEGV && in_window(*active, uintptr_t(info->si_addr)) && open_window(*fiber->core)) return;
    FaultReport& report = active->fault;
    describe_fault(signal, info, fiber, report);
    report.who = {fiber, fiber->line, fiber->time, program_counter(static_cast<ucontext_t*>(context))};
    report.other = Actor{};
    redirect(static_cast<ucontext_t*>(context), fiber, leave_faulted);
}

/// Nanoseconds that this thread has run.
long long time_used() {
    struct timespec now {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void on_tick(int, siginfo_t*, void* context) {
    if (!active) return;
    active->stop_requested = true;
    active->ticks = active->ticks + 1;
    Fiber* fiber = static_cast<Fiber*>(ttsim_self);
    if (!fiber) return;
    if (fiber != fiber_at_tick || fiber->calls != calls_at_tick) {
        fiber_at_tick = fiber;
        calls_at_tick = fiber->calls;
        used_at_tick = time_used();
        return;
    }
    // Ticks come by the wall: on a busy machine two may follow a long pause in which this thread did not run at all, and
    // one call may take as long as a tick. A fiber that has looped before is known to.
    if (time_used() - used_at_tick < (fiber->spin_pc ? TICK_NS / 2 : 4 * TICK_NS)) return;
    const uintptr_t pc = program_counter(static_cast<ucontext_t*>(context));
    for (const auto& [low, high] : kernel_code())
        if (pc >= low && pc < high) {
            fiber->spin_pc = pc;
            take_off_spinning(fiber);  // returns when the fiber runs again; this frame stays on its stack until then
            return;
        }
}

}  // namespace

void add_kernel_code(uintptr_t low, uintptr_t high) { kernel_code().emplace_back(low, high); }
void clear_kernel_code() { kernel_code().clear(); }

SignalScope::SignalScope(Machine& machine) {
    static char* fault_stack = nullptr;
    constexpr size_t FAULT_STACK = 64 << 10;
    if (!fault_stack)
        fault_stack = static_cast<char*>(mmap(nullptr, FAULT_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    stack_t stack{};
    stack.ss_sp = fault_stack;
    stack.ss_size = FAULT_STACK;
    sigaltstack(&stack, &previous_stack);

    active = &machine;
    fiber_at_tick = nullptr;
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (size_t i = 0; i < FAULT_COUNT; i++) sigaction(FAULT_SIGNALS[i], &action, &previous_fault[i]);

    struct sigaction tick {};
    tick.sa_sigaction = on_tick;
    tick.sa_flags = SA_SIGINFO | SA_RESTART | SA_NODEFER;  // on the fiber's stack; other fibers run below its frame
    sigaction(tick_signal(), &tick, &previous_tick);
    struct sigevent event {};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = tick_signal();
    event._sigev_un._tid = int(syscall(SYS_gettid));
    tick_armed = timer_create(CLOCK_MONOTONIC, &event, &tick_timer) == 0;
    if (tick_armed) {
        struct itimerspec period {};
        period.it_interval.tv_nsec = period.it_value.tv_nsec = TICK_NS;
        timer_settime(tick_timer, 0, &period, nullptr);
    }
}

SignalScope::~SignalScope() {
    if (tick_armed) timer_delete(tick_timer);
    // A tick that is already queued is delivered to the ignoring handler below.
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(tick_signal(), &ignore, nullptr);
    sigaction(tick_signal(), &previous_tick, nullptr);
    for (size_t i = 0; i < FAULT_COUNT; i++) sigaction(FAULT_SIGNALS[i], &previous_fault[i], nullptr);
    sigaltstack(&previous_stack, nullptr);
    close_window(*active);
    active = nullptr;
}

}  // namespace ttsim
