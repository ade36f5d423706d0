// SPDX-License-Identifier: Apache-2.0
//
// Circular buffers that span cores: where a core finds its configuration, and local buffers that lie on the same ring.
// Credits and data move by the NoC calls of the kernel (ttsim/remote.h).
#include "machine.h"

using namespace ttsim;

namespace {

/// At the end of the kernel configuration area, for each buffer: L1 offset of its configuration, and its page size.
constexpr uint32_t ENTRY_BYTES = 8;

uint32_t entry_offset(const Machine& machine, uint32_t index) {
    return machine.settings.config_end() - (MAX_CBS - index) * ENTRY_BYTES;
}

}  // namespace

extern "C" {

uint32_t tensix_remote_cb_entry(uint32_t index, uint32_t required, uint32_t line) {
    Fiber* fiber = self();
    if (index < MAX_CBS) {
        const uint32_t offset = entry_offset(*fiber->core->machine, index);
        if (*reinterpret_cast<const uint32_t*>(fiber->core->l1 + offset)) return fiber->l1_base + offset;
    }
    if (required) fail(Fault::Api, line, "remote circular buffer %u is not configured on core (%u, %u)", index, fiber->logical_x, fiber->logical_y);
    return 0;
}

void tensix_cb_align(uint32_t index, uint32_t start, uint32_t bytes, uint32_t pointer, uint32_t line) {
    Fiber* fiber = self();
    CircularBuffer& cb = configured_cb(fiber, index, line);
    if (bytes % cb.page_size || (pointer - start) % cb.page_size)
        fail(Fault::Api, line, "circular buffer %u with pages of %u bytes cannot lie on a ring of %u bytes at byte %u", index, cb.page_size, bytes,
             pointer - start);
    const bool started = cb.received != 0;
    const uint32_t base = start - fiber->l1_base, pages = bytes / cb.page_size;
    if (cb.base != base || cb.pages != pages) {
        if (cb.filled() || base != cb.base || pages > cb.stamp_capacity)
            fail(Fault::Api, line, "circular buffer %u (%u pages at L1 offset %u, %u of them filled) cannot become %u pages at %u", index, cb.pages, cb.base,
                 cb.filled(), pages, base);
        cb.pages = pages;
    }
    // Each processor keeps its own pointers on the chip: once pages move, each sets the one that it uses.
    const uint32_t page = (pointer - start) / cb.page_size;
    if (!started || cb.producer == fiber) cb.write_page = page;
    if (!started || cb.consumer == fiber) cb.read_page = page;
}

}  // extern "C"
