// SPDX-License-Identifier: Apache-2.0
#include "scheduler.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fiber.h"
#include "l1_window.h"
#include "sanitizer.h"
#include "signals.h"

extern "C" {
ttsim_thread* ttsim_self = nullptr;
ttsim_own_code ttsim_own = {};
}

namespace ttsim {

namespace {

constexpr uint32_t TICK_MS = 5;
constexpr uint32_t MAX_INTERRUPTIONS = 40;  ///< of a fiber that never waits: then the others have their turn
constexpr uint32_t SPIN_TICKS = 400;  ///< idle ticks of a loop without calls until it counts as endless: 2 s

int thread_id;
uint32_t spin_ticks;
uint32_t interruptions;

void note_fault(Machine& machine, Fault kind, const Actor& who, const Actor* other, const char* other_what, const char* format, va_list arguments) {
    FaultReport& fault = machine.fault;
    if (fault.kind != Fault::None) return;
    fault.who = who;
    fault.other = other ? *other : Actor{};
    snprintf(fault.other_what, sizeof fault.other_what, "%s", other_what);
    vsnprintf(fault.message, sizeof fault.message, format, arguments);
    fault.kind = kind;
}

void switch_to_scheduler(Fiber* fiber) {
    Machine& machine = *fiber->core->machine;
    fiber->own = ttsim_own;
    ttsim_switch(&fiber->stack_pointer, machine.scheduler_stack_pointer);
}

void clock_reached(Machine& machine, Event* event) {
    make_ready(machine, holder_of<Fiber, offsetof(Fiber, timer)>(event));
}

/// Without time and with a random schedule: one of the fibers that can run comes to the head of the queue.
void shuffle_ready(Machine& machine) {
    constexpr uint32_t WINDOW = 16;
    Fiber* before = nullptr;
    Fiber* chosen = machine.ready_head;
    for (uint32_t steps = schedule_random(machine, WINDOW); steps && chosen->next_ready; steps--) before = chosen, chosen = chosen->next_ready;
    if (!before) return;
    before->next_ready = chosen->next_ready;
    if (machine.ready_tail == chosen) machine.ready_tail = before;
    chosen->next_ready = machine.ready_head;
    machine.ready_head = chosen;
}

Fiber* take_ready(Machine& machine) {
    if (Fiber* fiber = machine.interrupted) {
        machine.interrupted = nullptr;
        return fiber;
    }
    if (machine.schedule_seed && !machine.timed && machine.ready_head) shuffle_ready(machine);
    Fiber* fiber = machine.ready_head;
    if (fiber) {
        machine.ready_head = fiber->next_ready;
        if (!machine.ready_head) machine.ready_tail = nullptr;
    }
    return fiber;
}

void resume(Machine& machine, Fiber* fiber) {
    fiber->state = FiberState::Running;
    fiber->wait = Wait::None;
    ttsim_self = fiber;
    ttsim_own = fiber->own;
    if (__builtin_expect(machine.window_core && machine.window_core != fiber->core, 0)) close_window(machine);
    machine.switches++;
    ttsim_switch(&machine.scheduler_stack_pointer, fiber->stack_pointer);
    ttsim_self = nullptr;
    if (fiber->state == FiberState::Done) {
        machine.fibers_left--;
        if (fiber->time > machine.end) machine.end = fiber->time;
    }
}

/// Fibers that poll memory without calls: made ready when nothing else can run.
bool wake_spinners(Machine& machine) {
    bool any = false;
    for (uint32_t i = 0; i < machine.fiber_count; i++) {
        Fiber& fiber = machine.fibers[i];
        if (fiber.state == FiberState::Blocked && fiber.spinning) {
            make_ready(machine, &fiber);
            any = true;
        }
    }
    return any;
}

/// Semaphore words may also change by plain stores of the other processors of a core.
bool recheck_semaphores(Machine& machine) {
    for (uint32_t i = 0; i < machine.cores; i++)
        if (machine.core[i].semaphore_waiters) check_semaphores(machine.core[i], machine.now);
    return machine.ready_head != nullptr;
}

RunState idle(Machine& machine) {
    if (machine.fibers_left == 0) return RunState::Finished;
    if (recheck_semaphores(machine)) return RunState::Slice;
    if (wake_spinners(machine)) {
        if (++spin_ticks < SPIN_TICKS) return RunState::Slice;
        for (uint32_t i = 0; i < machine.fiber_count; i++) {
            Fiber& fiber = machine.fibers[i];
            if (!fiber.spinning) continue;
            report(machine, Fault::NoProgress, {&fiber, fiber.line, fiber.time, fiber.spin_pc}, nullptr, "",
                   "endless loop: the kernel runs without an API call and nothing else can change what it reads");
            break;
        }
        return RunState::Failed;
    }
    report(machine, Fault::Deadlock, {}, nullptr, "", "deadlock: no processor can proceed");
    return RunState::Failed;
}

}  // namespace

int scheduler_thread() { return thread_id; }

Fiber* self() { return static_cast<Fiber*>(ttsim_self); }

void make_ready(Machine& machine, Fiber* fiber) {
    if (machine.timed) return make_ready_last(machine, fiber);
    // Without time the order is free: who was woken last runs next, so that the processors of one core, whose memory is
    // in the host's caches, go as far as they can before those of the next.
    fiber->state = FiberState::Ready;
    fiber->next_ready = machine.ready_head;
    machine.ready_head = fiber;
    if (!machine.ready_tail) machine.ready_tail = fiber;
}

void make_ready_last(Machine& machine, Fiber* fiber) {
    fiber->state = FiberState::Ready;
    fiber->next_ready = nullptr;
    if (machine.ready_tail)
        machine.ready_tail->next_ready = fiber;
    else
        machine.ready_head = fiber;
    machine.ready_tail = fiber;
}

void block(Fiber* fiber, Wait why, uint32_t object, uint32_t need, uint32_t extra) {
    fiber->state = FiberState::Blocked;
    fiber->wait = why;
    fiber->wait_object = object;
    fiber->wait_need = need;
    fiber->wait_extra = extra;
    spin_ticks = interruptions = 0;
    switch_to_scheduler(fiber);
}

void yield_ready(Fiber* fiber) { switch_to_scheduler(fiber); }

void synchronise(Fiber* fiber) {
    Machine& machine = *fiber->core->machine;
    if (!machine.timed || fiber->time <= machine.now) return;
    fiber->timer.time = fiber->time;
    fiber->timer.run = clock_reached;
    machine.events.push(&fiber->timer);
    block(fiber, Wait::Clock);
}

void fail(Fault kind, uint32_t line, const char* format, ...) {
    Fiber* fiber = self();
    va_list arguments;
    va_start(arguments, format);
    note_fault(*fiber->core->machine, kind, {fiber, line, fiber->time, 0}, nullptr, "", format, arguments);
    va_end(arguments);
    leave_faulted();
}

void fail_at(Fault kind, const Actor& who, const Actor* other, const char* other_what, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    note_fault(*self()->core->machine, kind, who, other, other_what, format, arguments);
    va_end(arguments);
    leave_faulted();
}

void report(Machine& machine, Fault kind, const Actor& who, const Actor* other, const char* other_what, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    note_fault(machine, kind, who, other, other_what, format, arguments);
    va_end(arguments);
}

uint32_t schedule_random(Machine& machine, uint32_t bound) {
    uint64_t& state = machine.schedule_state;  // xorshift64*
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return uint32_t((state * 2685821657736338717ull >> 32) * bound >> 32);
}

void leave_for_a_while(Fiber* fiber) {
    Machine& machine = *fiber->core->machine;
    if (fiber->time > machine.limit)
        fail(Fault::Budget, fiber->line, "the run passed max_cycles = %llu", static_cast<unsigned long long>(machine.limit));
    // The host's clock must not change the order of fibers: the one that it stopped goes on, unless it seems to poll.
    if (++interruptions < MAX_INTERRUPTIONS) {
        fiber->state = FiberState::Ready;
        machine.interrupted = fiber;
    } else {
        interruptions = 0;
        make_ready_last(machine, fiber);
    }
    switch_to_scheduler(fiber);
}

void leave_faulted() {
    Fiber* fiber = self();
    fiber->state = FiberState::Faulted;
    switch_to_scheduler(fiber);
    __builtin_unreachable();
}

void take_off_spinning(Fiber* fiber) {
    fiber->state = FiberState::Blocked;
    fiber->spinning = true;
    Machine& machine = *fiber->core->machine;
    machine.spinning++;
    switch_to_scheduler(fiber);
    machine.spinning--;
    fiber->spinning = false;
}

void fiber_main() {
    Fiber* fiber = self();
    fiber->entry();
    const bool code_behind_last_call = fiber->pending_cycles || fiber->access_cycles || ttsim_own.cycles > fiber->ahead;
    if (code_behind_last_call && fiber->core->machine->timed) charge(fiber, fiber->line, 0);
    if (fiber->core->machine->sanitizer) check_links_ended(*fiber->core->machine, fiber);
    fiber->state = FiberState::Done;
    switch_to_scheduler(fiber);
    __builtin_unreachable();
}

RunState run_slice(Machine& machine, uint32_t slice_ms) {
    thread_id = int(syscall(SYS_gettid));
    SignalScope signals(machine);
    const uint32_t end = machine.ticks + slice_ms / TICK_MS;
    machine.stop_requested = false;
    for (;;) {
        if (machine.stop_requested) {
            machine.stop_requested = false;
            if (int32_t(machine.ticks - end) > 0) return RunState::Slice;
        }
        if (Fiber* fiber = take_ready(machine)) {
            resume(machine, fiber);
            if (machine.fault.kind != Fault::None) return RunState::Failed;
            continue;
        }
        if (!machine.timed && perform_all_pending(machine)) {
            if (machine.fault.kind != Fault::None) return RunState::Failed;
            continue;
        }
        if (Event* event = machine.events.pop()) {
            machine.now = event->time;
            machine.events_run++;
            spin_ticks = 0;
            event->run(machine, event);
            if (__builtin_expect(machine.fault.kind != Fault::None, 0)) return RunState::Failed;
            continue;
        }
        const RunState state = idle(machine);
        if (state != RunState::Slice) return state;
    }
}

}  // namespace ttsim
