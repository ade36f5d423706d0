// SPDX-License-Identifier: Apache-2.0
//
// Loads and stores of kernel code. Kernels are compiled with the compiler's thread instrumentation, which calls these functions
// for every access that may leave the function; those to L1 are checked and take time, the rest pass.
#include <stddef.h>
#include <string.h>

#include <algorithm>

#include "l1_window.h"
#include "sanitizer.h"
#include "scheduler.h"

namespace ttsim {

namespace {

constexpr uint32_t LOOKS = 1000;  ///< loads of the same few words without a call between them: a loop that polls

const Machine* watched;
uint32_t paid_from;  ///< first L1 offset behind arguments and semaphores, whose calls are paid for

/// Pays for a load or a store of so many bytes of L1, with the next call. A loop that polls looks at the same few words as
/// often as the host happens to run it, and pays once, for its instructions too; code that stores to other words gets on, and pays
/// for all it loads. What an access costs includes some of the instructions before it.
void pay(Fiber* fiber, uint32_t offset, size_t bytes, bool store) {
    const Settings& settings = watched->settings;
    auto& recent = store ? fiber->stored : fiber->loaded;
    if (!recent.add(offset)) {
        if (!store) ttsim_own.cycles = fiber->own_cycles_at_look;
        return;
    }
    ttsim_own.cycles = std::max(fiber->own_cycles_at_look, ttsim_own.cycles - int64_t(settings.instructions_access));
    fiber->own_cycles_at_look = ttsim_own.cycles;
    fiber->looks = 0;
    if (store) fiber->loaded.clear();
    if (!watched->timed || offset < paid_from) return;
    fiber->access_cycles += uint32_t((bytes + 3) / 4 * (store ? settings.risc_l1_store : settings.risc_l1_load));
}

void check_foreign(Fiber* fiber, const Core& core, uintptr_t at, const Actor& actor) {
    if (at - uintptr_t(core.l1) < L1_SLOT) return;
    const Machine& machine = *core.machine;
    const Core& owner = machine.core[(at - uintptr_t(machine.l1)) >> L1_SLOT_BITS];
    (void)fiber;
    fail_at(Fault::Address, actor, nullptr, "", "a pointer of core (%u, %u) leads into the L1 of core (%u, %u): only the NoC reaches it", core.logical_x,
            core.logical_y, owner.logical_x, owner.logical_y);
}

void check_store(Fiber* fiber, Span span, const Actor& actor) {
    check_open_writes(fiber, span, actor, "overwrite");
    check_local(fiber, span, true, actor);
    CoreShadow& shadow = shadow_of(*fiber->core);
    if (shadow.in_program) {
        note_local_data(fiber, span, actor);
        check_landing(fiber, span, true, actor);
        use_memory(fiber, span, true, actor);
    }
    mark(shadow.written, span.low, span.high - span.low);
}

void check_load(Fiber* fiber, Span span, const Actor& actor) {
    const bool in_place = check_local(fiber, span, false, actor);
    const CoreShadow& shadow = shadow_of(*fiber->core);
    if (!shadow.in_program) return;
    if (in_place && !any_marked(shadow.written, span.low, span.high - span.low))
        fail_at(Fault::Unwritten, actor, nullptr, "", "load of %u bytes of L1 at 0x%x that nothing was ever written to", span.high - span.low, span.low);
    check_landing(fiber, span, false, actor);
    use_memory(fiber, span, false, actor);
}

__attribute__((noinline)) void check_l1(Fiber* fiber, uintptr_t at, size_t bytes, bool store, uintptr_t pc) {
    if (bytes == 0) return;
    const Core& core = *fiber->core;
    const Sanitizer* const sanitizer = core.machine->sanitizer;
    if (!sanitizer) return;
    const Actor actor = actor_of(fiber, fiber->line, pc);
    check_foreign(fiber, core, at, actor);
    const uint32_t low = uint32_t(at - uintptr_t(core.l1));
    if (!store) acquire_from(fiber, low);
    if (low < sanitizer->config_end) return store ? tell_word(fiber, core, low) : void();
    const Span span{low, uint32_t(low + bytes)};
    store ? check_store(fiber, span, actor) : check_load(fiber, span, actor);
}

/// Where in the L1 of some core a pointer leads, that of the processor's own if it is an offset; 0 if it leads elsewhere.
uintptr_t l1_address(const Fiber* fiber, const void* pointer) {
    const uintptr_t at = reinterpret_cast<uintptr_t>(pointer);
    if (at - uintptr_t(watched->l1) < watched->l1_bytes) return at;
    return in_window(*watched, at) ? uintptr_t(fiber->core->l1) + at : 0;
}

/// A loop that polls spends its time in these functions, where the clock tick cannot take it off the host thread. Code that
/// gets on, or calls, is none.
inline void leave_if_polling(Fiber* fiber, uintptr_t pc) {
    if (fiber->calls != fiber->calls_at_look) {
        fiber->calls_at_look = fiber->calls;
        fiber->looks = 0;
    }
    if (++fiber->looks < LOOKS || !watched->stop_requested) return;
    fiber->spin_pc = pc;
    take_off_spinning(fiber);
}

inline void accessed(const void* pointer, size_t bytes, bool store, void* pc) {
    Fiber* const fiber = self();
    if (!watched || !fiber) return;
    const uintptr_t at = l1_address(fiber, pointer), caller = reinterpret_cast<uintptr_t>(pc) - 1;
    if (!at) return;
    pay(fiber, uint32_t(at) & (L1_SLOT - 1), bytes, store);
    if (!store) leave_if_polling(fiber, caller);
    check_l1(fiber, at, bytes, store, caller);
}

/// A call of the C library that moves bytes; from nowhere if it sets them.
void moved(const void* from, const void* to, size_t bytes, void* pc) {
    Fiber* const fiber = self();
    if (!watched || !fiber) return;
    const uintptr_t source = from ? l1_address(fiber, from) : 0, target = l1_address(fiber, to), caller = reinterpret_cast<uintptr_t>(pc) - 1;
    if (watched->timed && (source || target))
        fiber->access_cycles += uint32_t(watched->settings.risc_move_call + double(bytes) * watched->settings.risc_move_byte);
    if (source) check_l1(fiber, source, bytes, false, caller);
    if (target) check_l1(fiber, target, bytes, true, caller);
}

}  // namespace

void watch_accesses(const Machine* machine) {
    watched = machine;
    if (machine) paid_from = machine->settings.config_end();
}

}  // namespace ttsim

using ttsim::accessed;
using ttsim::moved;

extern "C" {

#define TTSIM_CALLER __builtin_return_address(0)
#define TTSIM_ACCESS(bytes)                                                                           \
    void __tsan_read##bytes(void* at) { accessed(at, bytes, false, TTSIM_CALLER); }                   \
    void __tsan_write##bytes(void* at) { accessed(at, bytes, true, TTSIM_CALLER); }                   \
    void __tsan_unaligned_read##bytes(void* at) { accessed(at, bytes, false, TTSIM_CALLER); }         \
    void __tsan_unaligned_write##bytes(void* at) { accessed(at, bytes, true, TTSIM_CALLER); }         \
    void __tsan_read_write##bytes(void* at) { accessed(at, bytes, true, TTSIM_CALLER); }              \
    void __tsan_unaligned_read_write##bytes(void* at) { accessed(at, bytes, true, TTSIM_CALLER); }
TTSIM_ACCESS(1)
TTSIM_ACCESS(2)
TTSIM_ACCESS(4)
TTSIM_ACCESS(8)
TTSIM_ACCESS(16)

void __tsan_init(void) {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit(void) {}
void __tsan_read_range(void* at, size_t bytes) { accessed(at, bytes, false, TTSIM_CALLER); }
void __tsan_write_range(void* at, size_t bytes) { accessed(at, bytes, true, TTSIM_CALLER); }
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

// Calls of the C library that move bytes, as kernels see them; Clang's instrumentation has names of its own for them.
#define TTSIM_MOVES(prefix)                                                \
    void* prefix##memcpy(void* to, const void* from, size_t bytes) {      \
        moved(from, to, bytes, TTSIM_CALLER);                              \
        return memcpy(to, from, bytes);                                    \
    }                                                                      \
    void* prefix##memmove(void* to, const void* from, size_t bytes) {     \
        moved(from, to, bytes, TTSIM_CALLER);                              \
        return memmove(to, from, bytes);                                   \
    }                                                                      \
    void* prefix##memset(void* to, int value, size_t bytes) {             \
        moved(nullptr, to, bytes, TTSIM_CALLER);                           \
        return memset(to, value, bytes);                                   \
    }
TTSIM_MOVES(__wrap_)
TTSIM_MOVES(__tsan_)

#define TTSIM_ATOMIC(bits, T)                                                                                                \
    T __tsan_atomic##bits##_load(const volatile T* at, int) {                                                                \
        accessed(const_cast<const T*>(at), sizeof(T), false, TTSIM_CALLER);                                                  \
        return *at;                                                                                                          \
    }                                                                                                                        \
    void __tsan_atomic##bits##_store(volatile T* at, T value, int) {                                                         \
        accessed(const_cast<const T*>(at), sizeof(T), true, TTSIM_CALLER);                                                   \
        *at = value;                                                                                                         \
    }                                                                                                                        \
    T __tsan_atomic##bits##_fetch_add(volatile T* at, T value, int) {                                                        \
        accessed(const_cast<const T*>(at), sizeof(T), true, TTSIM_CALLER);                                                   \
        const T before = *at;                                                                                                \
        *at = before + value;                                                                                                \
        return before;                                                                                                       \
    }
TTSIM_ATOMIC(8, uint8_t)
TTSIM_ATOMIC(16, uint16_t)
TTSIM_ATOMIC(32, uint32_t)
TTSIM_ATOMIC(64, uint64_t)

}  // extern "C"
