// SPDX-License-Identifier: Apache-2.0
//
// Circular buffers that span cores: one sender, several receivers with a ring each at the same L1 address. Credits are counts
// of 16 bytes in L1: a receiver's `sent` is raised by the sender over the NoC, the sender's `acked` by the receiver. Everything
// here is made of NoC writes, atomic increments and semaphore waits.
#pragma once
#include "ttsim/objects.h"

constexpr uint32_t REMOTE_CIRCULAR_BUFFER_ALIGNED_PAGE_SIZE = L1_ALIGNMENT;

// What a processor keeps of a remote buffer. Addresses are L1 addresses.
struct RemoteSenderCBInterface {
    uint32_t config_ptr, fifo_start_addr, fifo_limit_page_aligned, fifo_page_size, fifo_wr_ptr;
    uint32_t receiver_noc_xy_ptr;     ///< x, y of each receiver
    uint32_t aligned_pages_sent_ptr;  ///< for each receiver 16 bytes with `sent`, 16 with `acked`
    uint32_t num_receivers;
};
struct RemoteReceiverCBInterface {
    uint32_t config_ptr, fifo_start_addr, fifo_limit_page_aligned, fifo_page_size, fifo_rd_ptr;
    uint16_t sender_noc_x, sender_noc_y;
    uint32_t aligned_pages_acked_ptr, remote_pages_acked_ptr;
};
static_assert(sizeof(RemoteSenderCBInterface) == sizeof(ttsim_thread::cb_view[0]) && sizeof(RemoteReceiverCBInterface) == sizeof(RemoteSenderCBInterface));

/// Words of a buffer's configuration in L1, made by the host.
enum ttsim_remote_word {
    TTSIM_REMOTE_IS_SENDER = 0, TTSIM_REMOTE_RECEIVERS, TTSIM_REMOTE_START, TTSIM_REMOTE_BYTES, TTSIM_REMOTE_POINTER, TTSIM_REMOTE_XY,
    TTSIM_REMOTE_SENT, TTSIM_REMOTE_RELAY,
};
constexpr uint32_t TTSIM_CREDIT_STRIDE = 2 * L1_ALIGNMENT;

ALWI volatile uint32_t* ttsim_word(uint32_t address) { return reinterpret_cast<volatile uint32_t*>(uintptr_t(address)); }

/// Fills the interface of buffer `cb_id` from its configuration the first time; null where the core has no such buffer.
inline uint32_t* ttsim_remote_interface(uint32_t cb_id, bool required, uint32_t line) {
    uint32_t* const view = ttsim_self->cb_view[cb_id & 63];
    if (view[0]) return view;
    const uint32_t entry = tensix_remote_cb_entry(cb_id, required, line);
    if (!entry) return nullptr;
    const uint32_t config = ttsim_local_address(ttsim_word(entry)[0]), page_size = ttsim_word(entry)[1];
    const volatile uint32_t* const words = ttsim_word(config);
    const uint32_t start = ttsim_local_address(words[TTSIM_REMOTE_START]), bytes = words[TTSIM_REMOTE_BYTES];
    const uint32_t xy = ttsim_local_address(words[TTSIM_REMOTE_XY]), sent = ttsim_local_address(words[TTSIM_REMOTE_SENT]);
    view[0] = config, view[1] = start, view[2] = start + bytes - bytes % page_size, view[3] = page_size;
    view[4] = ttsim_local_address(words[TTSIM_REMOTE_POINTER]);
    if (words[TTSIM_REMOTE_IS_SENDER]) view[5] = xy, view[6] = sent, view[7] = words[TTSIM_REMOTE_RECEIVERS];
    else view[5] = ttsim_word(xy)[0] | ttsim_word(xy)[1] << 16, view[6] = view[7] = sent + L1_ALIGNMENT;
    return view;
}
ALWI RemoteSenderCBInterface& get_remote_sender_cb_interface(uint32_t cb_id, TTSIM_LINE) {
    return *reinterpret_cast<RemoteSenderCBInterface*>(ttsim_remote_interface(cb_id, true, call_line));
}
ALWI RemoteReceiverCBInterface& get_remote_receiver_cb_interface(uint32_t cb_id, TTSIM_LINE) {
    return *reinterpret_cast<RemoteReceiverCBInterface*>(ttsim_remote_interface(cb_id, true, call_line));
}
/// The end of the ring, pages that do not fit included.
template <typename Interface>
ALWI uint32_t ttsim_ring_end(const Interface& remote) {
    return remote.fifo_start_addr + ttsim_word(remote.config_ptr)[TTSIM_REMOTE_BYTES];
}
/// Credits of `bytes` from `pointer` on: who reaches the last whole page also passes what is left of the ring.
template <typename Interface>
ALWI uint32_t ttsim_credits(const Interface& remote, uint32_t pointer, uint32_t bytes) {
    const uint32_t rest = pointer + bytes >= remote.fifo_limit_page_aligned ? ttsim_ring_end(remote) - remote.fifo_limit_page_aligned : 0;
    return (bytes + rest) / REMOTE_CIRCULAR_BUFFER_ALIGNED_PAGE_SIZE;
}
ALWI void ttsim_check_role(uint32_t config, bool sender) {
    if (sender) LLK_ASSERT(ttsim_word(config)[TTSIM_REMOTE_IS_SENDER], "a call of the sender of a remote circular buffer on a receiver");
    else LLK_ASSERT(!ttsim_word(config)[TTSIM_REMOTE_IS_SENDER], "a call of a receiver of a remote circular buffer on the sender");
}

ALWI void ttsim_send_credits(const RemoteSenderCBInterface& remote, uint32_t receiver, uint32_t credits, uint8_t noc, bool posted, uint32_t line) {
    const uint32_t sent = remote.aligned_pages_sent_ptr + receiver * TTSIM_CREDIT_STRIDE;
    const volatile uint32_t* const xy = ttsim_word(remote.receiver_noc_xy_ptr) + 2 * receiver;
    *ttsim_word(sent) = *ttsim_word(sent) + credits;
    tensix_noc_atomic(ttsim_xy(xy[0], xy[1], sent), credits, 1, 0, noc, posted ? uint32_t(TTSIM_NOC_POSTED) : 0u, line);
}
ALWI void ttsim_acknowledge(const RemoteReceiverCBInterface& remote, uint32_t credits, uint8_t noc, bool posted, uint32_t line) {
    volatile uint32_t* const acked = ttsim_word(remote.aligned_pages_acked_ptr);
    *acked = *acked + credits;
    tensix_noc_atomic(ttsim_xy(remote.sender_noc_x, remote.sender_noc_y, remote.remote_pages_acked_ptr), credits, 1, 0, noc,
                      posted ? uint32_t(TTSIM_NOC_POSTED) : 0u, line);
}
/// A receiver waits until that many credits have arrived which it has not given back.
ALWI void ttsim_await_credits(const RemoteReceiverCBInterface& remote, uint32_t credits, uint32_t line) {
    const uint32_t acked = remote.aligned_pages_acked_ptr;
    tensix_semaphore_wait(acked - L1_ALIGNMENT, *ttsim_word(acked) + credits, 1, line);
}

// ---- page sizes

/// Where the next page of another size starts, and how many bytes of the ring are passed over.
struct ttsim_resized {
    uint32_t pointer, limit, skipped;
};
template <typename Interface>
ALWI ttsim_resized ttsim_resize(const Interface& remote, uint32_t pointer, uint32_t page_size) {
    ASSERT(page_size && page_size % REMOTE_CIRCULAR_BUFFER_ALIGNED_PAGE_SIZE == 0);
    const uint32_t start = remote.fifo_start_addr, end = ttsim_ring_end(remote), limit = end - (end - start) % page_size;
    const uint32_t next = start + (pointer - start + page_size - 1) / page_size * page_size;
    if (next >= limit) return {start, limit, end - pointer};
    return {next, limit, next - pointer};
}

template <bool update_remote_over_noc = false>
ALWI void resize_remote_sender_cb_interface(uint32_t cb_id, uint32_t page_size, TTSIM_NOC, uint8_t nm = DM_DEDICATED_NOC, bool posted = true,
                                            uint8_t cmd_buf = write_at_cmd_buf, TTSIM_LINE) {
    (void)nm, (void)cmd_buf;
    RemoteSenderCBInterface& remote = get_remote_sender_cb_interface(cb_id, call_line);
    ttsim_check_role(remote.config_ptr, true);
    const ttsim_resized to = ttsim_resize(remote, remote.fifo_wr_ptr, page_size);
    if (update_remote_over_noc && to.skipped && ttsim_self->role <= TTSIM_DM1)
        for (uint32_t i = 0; i < remote.num_receivers; i++)
            ttsim_send_credits(remote, i, to.skipped / REMOTE_CIRCULAR_BUFFER_ALIGNED_PAGE_SIZE, noc, posted, call_line);
    remote.fifo_wr_ptr = to.pointer, remote.fifo_limit_page_aligned = to.limit, remote.fifo_page_size = page_size;
}
template <bool update_remote_over_noc = false>
ALWI void resize_remote_receiver_cb_interface(uint32_t cb_id, uint32_t page_size, TTSIM_NOC, uint8_t nm = DM_DEDICATED_NOC, bool posted = true,
                                              uint8_t cmd_buf = write_at_cmd_buf, TTSIM_LINE) {
    (void)nm, (void)cmd_buf;
    RemoteReceiverCBInterface& remote = get_remote_receiver_cb_interface(cb_id, call_line);
    ttsim_check_role(remote.config_ptr, false);
    const ttsim_resized to = ttsim_resize(remote, remote.fifo_rd_ptr, page_size);
    if (update_remote_over_noc && to.skipped && ttsim_self->role <= TTSIM_DM1) {
        ttsim_await_credits(remote, to.skipped / REMOTE_CIRCULAR_BUFFER_ALIGNED_PAGE_SIZE, call_line);
        ttsim_acknowledge(remote, to.skipped / REMOTE_CIRCULAR_BUFFER_ALIGNED_PAGE_SIZE, noc, posted, call_line);
    }
    remote.fifo_rd_ptr = to.pointer, remote.fifo_limit_page_aligned = to.limit, remote.fifo_page_size = page_size;
}

// ---- receiver

ALWI void remote_cb_wait_front(uint32_t cb_id, uint32_t num_pages, TTSIM_LINE) {
    const RemoteReceiverCBInterface& remote = get_remote_receiver_cb_interface(cb_id, call_line);
    ttsim_check_role(remote.config_ptr, false);
    ttsim_await_credits(remote, ttsim_credits(remote, remote.fifo_rd_ptr, num_pages * remote.fifo_page_size), call_line);
}
ALWI void remote_cb_pop_front(uint32_t cb_id, uint32_t num_pages, TTSIM_NOC, TTSIM_LINE) {
    RemoteReceiverCBInterface& remote = get_remote_receiver_cb_interface(cb_id, call_line);
    ttsim_check_role(remote.config_ptr, false);
    const uint32_t bytes = num_pages * remote.fifo_page_size, credits = ttsim_credits(remote, remote.fifo_rd_ptr, bytes);
    remote.fifo_rd_ptr += bytes;
    if (remote.fifo_rd_ptr >= remote.fifo_limit_page_aligned) remote.fifo_rd_ptr -= remote.fifo_limit_page_aligned - remote.fifo_start_addr;
    ttsim_acknowledge(remote, credits, noc, false, call_line);
}

// ---- sender

ALWI void remote_cb_reserve_back(uint32_t cb_id, uint32_t num_pages, TTSIM_LINE) {
    const RemoteSenderCBInterface& remote = get_remote_sender_cb_interface(cb_id, call_line);
    ttsim_check_role(remote.config_ptr, true);
    const uint32_t ring = (ttsim_ring_end(remote) - remote.fifo_start_addr) / REMOTE_CIRCULAR_BUFFER_ALIGNED_PAGE_SIZE;
    const uint32_t credits = ttsim_credits(remote, remote.fifo_wr_ptr, num_pages * remote.fifo_page_size);
    LLK_ASSERT(credits <= ring, "remote_cb_reserve_back: more pages than the ring holds");
    for (uint32_t i = 0; i < remote.num_receivers; i++) {
        const uint32_t sent = remote.aligned_pages_sent_ptr + i * TTSIM_CREDIT_STRIDE;
        const int32_t needed = int32_t(*ttsim_word(sent) + credits - ring);
        if (needed > 0) tensix_semaphore_wait(sent + L1_ALIGNMENT, uint32_t(needed), 1, call_line);
    }
}
ALWI void remote_cb_sender_barrier(uint32_t cb_id, TTSIM_LINE) {
    const RemoteSenderCBInterface& remote = get_remote_sender_cb_interface(cb_id, call_line);
    ttsim_check_role(remote.config_ptr, true);
    for (uint32_t i = 0; i < remote.num_receivers; i++) {
        const uint32_t sent = remote.aligned_pages_sent_ptr + i * TTSIM_CREDIT_STRIDE;
        tensix_semaphore_wait(sent + L1_ALIGNMENT, *ttsim_word(sent), 0, call_line);
    }
}
/// Rows of the source hold the receivers' parts side by side: receiver i gets part i of each row, one after another.
template <bool skip_ptr_update = true>
ALWI void remote_cb_push_back_and_write_pages(uint32_t cb_id, uint32_t local_cb_addr, uint32_t num_pages, uint32_t num_rows,
                                              uint32_t coalesced_num_pages_per_row, uint32_t coalesced_page_size, TTSIM_NOC, TTSIM_LINE) {
    constexpr bool posted = skip_ptr_update;
    RemoteSenderCBInterface& remote = get_remote_sender_cb_interface(cb_id, call_line);
    ttsim_check_role(remote.config_ptr, true);
    const uint32_t credits = ttsim_credits(remote, remote.fifo_wr_ptr, num_pages * remote.fifo_page_size);
    const uint32_t part = coalesced_num_pages_per_row * coalesced_page_size;
    for (uint32_t i = 0; i < remote.num_receivers; i++) {
        const volatile uint32_t* const xy = ttsim_word(remote.receiver_noc_xy_ptr) + 2 * i;
        uint32_t target = remote.fifo_wr_ptr;
        noc_async_write_one_packet_set_state<posted>(ttsim_xy(xy[0], xy[1], target), coalesced_page_size, noc);
        for (uint32_t row = 0; row < num_rows; row++) {
            const uint32_t source = local_cb_addr + (row * remote.num_receivers + i) * part;
            for (uint32_t at = 0; at < part; at += coalesced_page_size, target += coalesced_page_size)
                noc_async_write_one_packet_with_state<posted>(source + at, target, noc, call_line);
        }
        ttsim_send_credits(remote, i, credits, noc, posted, call_line);
    }
    remote.fifo_wr_ptr += num_rows * part;
    if (remote.fifo_wr_ptr == remote.fifo_limit_page_aligned) remote.fifo_wr_ptr = remote.fifo_start_addr;
}

// ---- either side

/// Local buffers on a receiver's ring continue where the remote buffer does; nothing where the core has no such buffer.
template <uint32_t num_local_cbs>
ALWI void align_local_cbs_to_remote_cb(uint32_t remote_cb_index, const uint32_t (&local_cb_indices)[num_local_cbs], TTSIM_LINE) {
    const auto* const remote = reinterpret_cast<const RemoteReceiverCBInterface*>(ttsim_remote_interface(remote_cb_index, false, call_line));
    if (!remote) return;
    for (uint32_t local : local_cb_indices)
        tensix_cb_align(local, remote->fifo_start_addr, remote->fifo_limit_page_aligned - remote->fifo_start_addr, remote->fifo_rd_ptr, call_line);
}
/// Stores where the buffer stands in its configuration, for whoever reads that next.
ALWI void update_remote_cb_config_in_l1(uint32_t remote_cb_index, TTSIM_LINE) {
    const RemoteReceiverCBInterface& remote = get_remote_receiver_cb_interface(remote_cb_index, call_line);
    ttsim_word(remote.config_ptr)[TTSIM_REMOTE_POINTER] = remote.fifo_rd_ptr - ttsim_self->l1_base;
}

namespace experimental {
using ::align_local_cbs_to_remote_cb;
using ::remote_cb_pop_front;
using ::remote_cb_push_back_and_write_pages;
using ::remote_cb_reserve_back;
using ::remote_cb_sender_barrier;
using ::remote_cb_wait_front;
using ::resize_remote_receiver_cb_interface;
using ::resize_remote_sender_cb_interface;
using ::update_remote_cb_config_in_l1;

class RemoteCircularBuffer {
  public:
    enum class RemotePointerUpdate { SKIP, UPDATE_OVER_NOC };
    ALWI explicit RemoteCircularBuffer(uint32_t remote_cb_index) : id_(remote_cb_index) {}
    ALWI void reserve_back(uint32_t num_pages, TTSIM_LINE) { remote_cb_reserve_back(id_, num_pages, call_line); }
    template <typename Src, RemotePointerUpdate update = RemotePointerUpdate::UPDATE_OVER_NOC>
    ALWI void push_back(Noc& noc, const Src& src, uint32_t num_pages, uint32_t num_rows, uint32_t coalesced_num_pages_per_row,
                        uint32_t coalesced_page_size, const typename noc_traits_t<Src>::src_args_type& src_args = {}, TTSIM_LINE) {
        const uint32_t source = uint32_t(noc_traits_t<Src>::template src_addr<Noc::AddressType::LOCAL_L1>(src, noc, src_args));
        remote_cb_push_back_and_write_pages<update == RemotePointerUpdate::UPDATE_OVER_NOC>(
            id_, source, num_pages, num_rows, coalesced_num_pages_per_row, coalesced_page_size, noc.get_noc_id(), call_line);
    }
    ALWI void wait_front(uint32_t num_pages, TTSIM_LINE) { remote_cb_wait_front(id_, num_pages, call_line); }
    ALWI void pop_front(Noc& noc, uint32_t num_pages, TTSIM_LINE) { remote_cb_pop_front(id_, num_pages, noc.get_noc_id(), call_line); }
    /// On the sender.
    template <RemotePointerUpdate update = RemotePointerUpdate::UPDATE_OVER_NOC>
    ALWI void set_sender_page_size(Noc& noc, uint32_t page_size, uint8_t nm = DM_DEDICATED_NOC, bool posted = true, uint8_t cmd_buf = write_at_cmd_buf,
                                   TTSIM_LINE) {
        resize_remote_sender_cb_interface<update == RemotePointerUpdate::UPDATE_OVER_NOC>(id_, page_size, noc.get_noc_id(), nm, posted, cmd_buf, call_line);
    }
    /// On a receiver.
    template <RemotePointerUpdate update = RemotePointerUpdate::UPDATE_OVER_NOC>
    ALWI void set_receiver_page_size(Noc& noc, uint32_t page_size, uint8_t nm = DM_DEDICATED_NOC, bool posted = true, uint8_t cmd_buf = write_at_cmd_buf,
                                     TTSIM_LINE) {
        resize_remote_receiver_cb_interface<update == RemotePointerUpdate::UPDATE_OVER_NOC>(id_, page_size, noc.get_noc_id(), nm, posted, cmd_buf,
                                                                                            call_line);
    }
    ALWI void barrier(TTSIM_LINE) { remote_cb_sender_barrier(id_, call_line); }
    ALWI void commit(TTSIM_LINE) { update_remote_cb_config_in_l1(id_, call_line); }
    [[nodiscard]] ALWI auto scoped_lock() {
        return Lock([] {});
    }

  private:
    uint32_t id_;
};
}  // namespace experimental
