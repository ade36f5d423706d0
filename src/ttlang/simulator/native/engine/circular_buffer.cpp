// SPDX-License-Identifier: Apache-2.0
//
// Circular buffers: credits between one producer and one consumer of a core. On a compute core wait and pop belong to the
// unpack processor, reserve and push to the pack processor; the other processors pass through these calls.
#include "sanitizer.h"
#include "trace.h"

namespace ttsim {

namespace {

bool consumes(const Fiber* fiber) { return fiber->role <= TTSIM_UNPACK; }
bool produces(const Fiber* fiber) { return fiber->role <= TTSIM_DM1 || fiber->role == TTSIM_PACK; }

bool checked(const Fiber* fiber) { return __builtin_expect(fiber->core->machine->sanitizer != nullptr, 0); }

double call_cycles(const Fiber* fiber) {
    const Settings& settings = fiber->core->machine->settings;
    return fiber->role <= TTSIM_DM1 ? settings.risc_circular_buffer : settings.risc_compute_circular_buffer;
}

/// When the other side sees what a call gives it: on a compute processor the engine does it, after what it still has to do.
Time seen_at(const Fiber* fiber) {
    const double latency = fiber->role <= TTSIM_DM1 ? 0 : fiber->core->machine->settings.risc_compute_circular_buffer_latency;
    return fiber->time + Time(latency);
}

uint32_t ring(const CircularBuffer& cb, uint32_t position) { return position >= cb.pages ? position % cb.pages : position; }

void check_capacity(const CircularBuffer& cb, uint32_t index, uint32_t pages, const char* call, uint32_t line) {
    if (pages > cb.pages)
        fail(Fault::Api, line, "%s(%u, %u): circular buffer %u holds %u pages", call, index, pages, index, cb.pages);
}

void wake_consumer(Machine& machine, CircularBuffer& cb) {
    if (cb.waiting_consumer && cb.filled() >= cb.consumer_need) {
        make_ready(machine, cb.waiting_consumer);
        cb.waiting_consumer = nullptr;
    }
}

void wake_producer(Machine& machine, CircularBuffer& cb) {
    if (cb.waiting_producer && cb.free() >= cb.producer_need) {
        make_ready(machine, cb.waiting_producer);
        cb.waiting_producer = nullptr;
    }
}

}  // namespace

CircularBuffer& configured_cb(Fiber* fiber, uint32_t cb, uint32_t line) {
    if (cb >= MAX_CBS || !fiber->core->cb[cb].configured)
        fail(Fault::Api, line, "circular buffer %u is not configured on core (%u, %u)", cb, fiber->logical_x, fiber->logical_y);
    return fiber->core->cb[cb];
}

}  // namespace ttsim

using namespace ttsim;

extern "C" {

void tensix_cb_reserve_back(uint32_t index, uint32_t pages, uint32_t line) {
    Fiber* fiber = self();
    if (!produces(fiber)) return;
    CircularBuffer& cb = configured_cb(fiber, index, line);
    check_capacity(cb, index, pages, "cb_reserve_back", line);
    charge(fiber, line, call_cycles(fiber));
    cb.producer = fiber;
    while (cb.free() < pages) {
        cb.waiting_producer = fiber;
        cb.producer_need = pages;
        block(fiber, Wait::CbSpace, index, pages);
    }
    fiber->wait_object = index;
    if (pages && fiber->core->machine->timed) wait_until(fiber, cb.freed_at[ring(cb, cb.write_page + pages - 1)], Wait::CbSpace);
    if (checked(fiber)) check_reserve(fiber, index, pages, line);
}

void tensix_cb_push_back(uint32_t index, uint32_t pages, uint32_t line) {
    Fiber* fiber = self();
    if (!produces(fiber)) return;
    CircularBuffer& cb = configured_cb(fiber, index, line);
    if (pages > cb.free())
        fail(Fault::Api, line, "cb_push_back(%u, %u): only %u of the %u pages of circular buffer %u are free", index, pages,
             cb.free(), cb.pages, index);
    charge(fiber, line, call_cycles(fiber));
    if (checked(fiber)) check_push(fiber, index, pages, line);
    cb.producer = fiber;
    const Time seen = seen_at(fiber);
    for (uint32_t i = 0; i < pages; i++) {
        cb.pushed_at[cb.write_page] = seen;
        if (++cb.write_page == cb.pages) cb.write_page = 0;
    }
    cb.received += pages;
    cb.pack_tile = 0;
    if (cb.filled() > cb.high_water) cb.high_water = cb.filled();
    if (fiber->core->machine->trace) trace_pages(fiber, index, int32_t(pages));
    wake_consumer(*fiber->core->machine, cb);
}

void tensix_cb_wait_front(uint32_t index, uint32_t pages, uint32_t line) {
    Fiber* fiber = self();
    if (!consumes(fiber)) return;
    CircularBuffer& cb = configured_cb(fiber, index, line);
    check_capacity(cb, index, pages, "cb_wait_front", line);
    charge(fiber, line, call_cycles(fiber));
    cb.consumer = fiber;
    if (checked(fiber)) check_unseen(fiber, index);
    while (cb.filled() < pages) {
        cb.waiting_consumer = fiber;
        cb.consumer_need = pages;
        block(fiber, Wait::CbPages, index, pages);
    }
    fiber->wait_object = index;
    if (pages && fiber->core->machine->timed) wait_until(fiber, cb.pushed_at[ring(cb, cb.read_page + pages - 1)], Wait::CbPages);
    if (checked(fiber)) check_wait(fiber, index, pages, line);
}

void tensix_cb_pop_front(uint32_t index, uint32_t pages, uint32_t line) {
    Fiber* fiber = self();
    if (!consumes(fiber)) return;
    CircularBuffer& cb = configured_cb(fiber, index, line);
    if (checked(fiber)) check_unseen(fiber, index);
    if (pages > cb.filled())
        fail(Fault::Api, line, "cb_pop_front(%u, %u): circular buffer %u holds only %u pages", index, pages, index, cb.filled());
    charge(fiber, line, call_cycles(fiber));
    if (checked(fiber)) check_pop(fiber, index, pages, line);
    cb.consumer = fiber;
    if (fiber->role == TTSIM_UNPACK) keep_operands(*fiber->core, index);
    const Time seen = seen_at(fiber);
    for (uint32_t i = 0; i < pages; i++) {
        cb.freed_at[cb.read_page] = seen;
        if (++cb.read_page == cb.pages) cb.read_page = 0;
    }
    cb.acked += pages;
    if (fiber->core->machine->trace) trace_pages(fiber, index, -int32_t(pages));
    wake_producer(*fiber->core->machine, cb);
}

uint32_t tensix_cb_pages_available(uint32_t index, uint32_t pages, uint32_t line) {
    Fiber* fiber = self();
    CircularBuffer& cb = configured_cb(fiber, index, line);
    charge(fiber, line, call_cycles(fiber));
    synchronise(fiber);
    if (cb.filled() < pages) {
        tensix_relax(line);
        if (cb.filled() < pages) return 0;
    }
    if (fiber->core->machine->timed && pages && cb.pushed_at[ring(cb, cb.read_page + pages - 1)] > fiber->time) return 0;
    if (checked(fiber)) check_wait(fiber, index, pages, line);
    return 1;
}

uint32_t tensix_cb_pages_reservable(uint32_t index, uint32_t pages, uint32_t line) {
    Fiber* fiber = self();
    CircularBuffer& cb = configured_cb(fiber, index, line);
    charge(fiber, line, call_cycles(fiber));
    synchronise(fiber);
    if (cb.free() < pages) {
        tensix_relax(line);
        if (cb.free() < pages) return 0;
    }
    if (fiber->core->machine->timed && pages && cb.freed_at[ring(cb, cb.write_page + pages - 1)] > fiber->time) return 0;
    if (checked(fiber)) check_reserve(fiber, index, pages, line);
    return 1;
}

uint32_t tensix_cb_read_ptr(uint32_t index) {
    Fiber* fiber = self();
    const CircularBuffer& cb = configured_cb(fiber, index, fiber->line);
    return fiber->l1_base + cb.base + cb.read_page * cb.page_size;
}

uint32_t tensix_cb_write_ptr(uint32_t index) {
    Fiber* fiber = self();
    const CircularBuffer& cb = configured_cb(fiber, index, fiber->line);
    return fiber->l1_base + cb.base + cb.write_page * cb.page_size;
}

uint32_t tensix_cb_page_size(uint32_t index) { return configured_cb(self(), index, self()->line).page_size; }
uint32_t tensix_cb_pages(uint32_t index) { return configured_cb(self(), index, self()->line).pages; }
uint32_t tensix_cb_format(uint32_t index) { return uint32_t(configured_cb(self(), index, self()->line).format); }
uint32_t tensix_cb_tile_shape(uint32_t index) {
    const CircularBuffer& cb = configured_cb(self(), index, self()->line);
    return uint32_t(cb.tile_rows) << 8 | cb.tile_columns;
}
uint32_t tensix_cb_tile_bytes(uint32_t index) { return configured_cb(self(), index, self()->line).tile_bytes; }

}  // extern "C"
