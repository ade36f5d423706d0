// SPDX-License-Identifier: Apache-2.0
//
// Kernels that set the pointers of a circular buffer themselves: to read an earlier page again, or to write out of order.
#include "machine.h"

using namespace ttsim;

extern "C" {

uint32_t tensix_cb_limit(uint32_t index) {
    Fiber* fiber = self();
    const CircularBuffer& cb = configured_cb(fiber, index, fiber->line);
    return fiber->l1_base + cb.base + cb.page_size * cb.pages;
}

void tensix_cb_set_pointer(uint32_t index, uint32_t side, uint32_t address, uint32_t line) {
    Fiber* fiber = self();
    CircularBuffer& cb = configured_cb(fiber, index, line);
    const uint32_t start = fiber->l1_base + cb.base, offset = address - start;
    if (offset >= cb.page_size * cb.pages || offset % cb.page_size)
        fail(Fault::Api, line, "the %s pointer of circular buffer %u is set to L1 offset %u, where none of its %u pages of %u bytes starts",
             side ? "write" : "read", index, address - fiber->l1_base, cb.pages, cb.page_size);
    (side ? cb.write_page : cb.read_page) = offset / cb.page_size;
}

}  // extern "C"
