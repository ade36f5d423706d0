// SPDX-License-Identifier: Apache-2.0
//
// Pipes from a prefetching core to receivers: the rings and credits of a remote circular buffer, a write position for each
// receiver, and a local buffer on the ring (the relay) by which compute reads what arrives.
#pragma once
#include "ttsim/remote.h"

/// `pipe::name` of a kernel with named bindings: the number of the remote circular buffer.
struct PrefetcherPipeBindingToken {
    explicit constexpr PrefetcherPipeBindingToken(uint8_t prefetcher_pipe_id) noexcept : prefetcher_pipe_id_(prefetcher_pipe_id) {}
    constexpr uint8_t prefetcher_pipe_id() const noexcept { return prefetcher_pipe_id_; }

  private:
    uint8_t prefetcher_pipe_id_;
};

namespace experimental {

class PrefetcherPipe {
  public:
    /// What a receiver pushes to; compute waits for it and pops it.
    class RelayView {
      public:
        ALWI void reserve_back(uint16_t num_entries, TTSIM_LINE) { tensix_cb_reserve_back(pipe_.relay(), num_entries, call_line); }
        ALWI void push_back(uint16_t num_entries, TTSIM_LINE) {
            tensix_cb_push_back(pipe_.relay(), num_entries, call_line);
            pipe_.relayed_ += num_entries;
        }

      private:
        friend class PrefetcherPipe;
        ALWI explicit RelayView(PrefetcherPipe& pipe) : pipe_(pipe) {}
        PrefetcherPipe& pipe_;
    };

    ALWI explicit PrefetcherPipe(uint8_t prefetcher_pipe_id, TTSIM_LINE) : view_(ttsim_remote_interface(prefetcher_pipe_id, true, call_line)) {}
    ALWI explicit PrefetcherPipe(PrefetcherPipeBindingToken token, TTSIM_LINE) : PrefetcherPipe(token.prefetcher_pipe_id(), call_line) {}
    PrefetcherPipe(const PrefetcherPipe&) = delete;
    PrefetcherPipe& operator=(const PrefetcherPipe&) = delete;
    ALWI ~PrefetcherPipe() { commit(); }
    /// Stores where this side of the pipe stands in its configuration.
    ALWI void commit() {
        const bool sends = ttsim_word(view_[0])[TTSIM_REMOTE_IS_SENDER];
        ttsim_word(view_[0])[TTSIM_REMOTE_POINTER] = (sends ? position(0) : receiver().fifo_rd_ptr) - ttsim_self->l1_base;
    }
    ALWI uint32_t get_entry_size() { return view_[3]; }
    ALWI uint32_t num_receivers() { return sender().num_receivers; }
    /// One processor serves all receivers.
    ALWI bool owns_receiver(uint32_t) const { return true; }

    // ---- sender

    ALWI void reserve_back(uint32_t num_entries, TTSIM_LINE) {
        for (uint32_t i = 0; i < sender().num_receivers; i++) reserve_back_for_receiver(i, num_entries, call_line);
    }
    ALWI void reserve_back_for_receiver(uint32_t receiver_idx, uint32_t num_entries, TTSIM_LINE) {
        await_room(receiver_idx, ttsim_credits(sender(), position(receiver_idx), whole(receiver_idx, num_entries)), call_line);
    }
    template <typename Src>
    ALWI void write_to_receiver(const Noc& noc, uint32_t receiver_idx, const Src& src, uint32_t num_entries,
                                const typename noc_traits_t<Src>::src_args_type& src_args = {}, TTSIM_LINE) {
        write(noc, receiver_idx, address(noc, src, src_args), 0, whole(receiver_idx, num_entries), call_line);
    }
    template <typename Src>
    ALWI void write_broadcast(const Noc& noc, const Src& src, uint32_t num_entries, const typename noc_traits_t<Src>::src_args_type& src_args = {},
                              TTSIM_LINE) {
        for (uint32_t i = 0; i < sender().num_receivers; i++) write_to_receiver(noc, i, src, num_entries, src_args, call_line);
    }
    /// Rows of the source hold the receivers' parts side by side.
    template <typename Src>
    ALWI void write_strided(const Noc& noc, const Src& src, uint32_t num_rows, uint32_t coalesced_num_pages_per_row, uint32_t coalesced_page_size,
                            const typename noc_traits_t<Src>::src_args_type& src_args = {}, TTSIM_LINE) {
        const uint32_t part = coalesced_num_pages_per_row * coalesced_page_size, from = address(noc, src, src_args), count = sender().num_receivers;
        for (uint32_t i = 0; i < count; i++) {
            contiguous(i, num_rows * part);
            for (uint32_t row = 0; row < num_rows; row++)
                for (uint32_t at = 0; at < part; at += coalesced_page_size)
                    write(noc, i, from + (row * count + i) * part + at, row * part + at, coalesced_page_size, call_line);
        }
    }
    ALWI void flush_writes(const Noc& noc = Noc{}, TTSIM_LINE) {
        tensix_noc_barrier(TTSIM_POSTED_SENT, noc.get_noc_id(), TTSIM_ANY_TRID, call_line);
    }
    ALWI void push_back(uint32_t num_entries, const Noc& noc = Noc{}, TTSIM_LINE) {
        for (uint32_t i = 0; i < sender().num_receivers; i++) push_back_to_receiver(i, num_entries, noc, call_line);
    }
    ALWI void push_back_to_receiver(uint32_t receiver_idx, uint32_t num_entries, const Noc& noc = Noc{}, TTSIM_LINE) {
        const uint32_t bytes = whole(receiver_idx, num_entries), from = position(receiver_idx), to = from + bytes;
        set_position(receiver_idx, to == sender().fifo_limit_page_aligned ? sender().fifo_start_addr : to);
        ttsim_send_credits(sender(), receiver_idx, ttsim_credits(sender(), from, bytes), noc.get_noc_id(), true, call_line);
    }
    /// Entries of another size from here on; what is passed over of each ring is sent as credits.
    ALWI void set_entry_size(uint32_t entry_size, TTSIM_LINE) {
        uint32_t limit = 0;
        for (uint32_t i = 0; i < sender().num_receivers; i++) {
            const ttsim_resized to = ttsim_resize(sender(), position(i), entry_size);
            limit = to.limit;
            set_position(i, to.pointer);
            if (!to.skipped) continue;
            await_room(i, to.skipped / L1_ALIGNMENT, call_line);
            ttsim_send_credits(sender(), i, to.skipped / L1_ALIGNMENT, ttsim_self->noc, true, call_line);
        }
        sender().fifo_limit_page_aligned = limit, sender().fifo_page_size = entry_size;
    }
    ALWI void barrier(TTSIM_LINE) {
        for (uint32_t i = 0; i < sender().num_receivers; i++) tensix_semaphore_wait(sent(i) + L1_ALIGNMENT, *ttsim_word(sent(i)), 0, call_line);
    }

    // ---- receiver

    ALWI void wait_front(uint32_t num_entries, TTSIM_LINE) {
        const RemoteReceiverCBInterface& remote = receiver();
        LLK_ASSERT(num_entries * remote.fifo_page_size <= remote.fifo_limit_page_aligned - remote.fifo_start_addr,
                   "PrefetcherPipe: a wait for more entries than the ring holds");
        ttsim_await_credits(remote, ttsim_credits(remote, remote.fifo_rd_ptr, num_entries * remote.fifo_page_size), call_line);
    }
    /// With a relay: once compute has popped those entries of it.
    ALWI void pop_front(uint32_t num_entries, const Noc& noc = Noc{}, TTSIM_LINE) {
        RemoteReceiverCBInterface& remote = receiver();
        const uint32_t bytes = num_entries * remote.fifo_page_size;
        if (bound_) {
            returned_ += bytes / tensix_cb_page_size(relay());
            const int32_t free = int32_t(tensix_cb_pages(relay()) - (relayed_ - returned_));
            if (free > 0) tensix_cb_reserve_back(relay(), uint32_t(free), call_line);
        }
        const uint32_t credits = ttsim_credits(remote, remote.fifo_rd_ptr, bytes);
        remote.fifo_rd_ptr += bytes;
        if (remote.fifo_rd_ptr >= remote.fifo_limit_page_aligned) remote.fifo_rd_ptr -= remote.fifo_limit_page_aligned - remote.fifo_start_addr;
        ttsim_acknowledge(remote, credits, noc.get_noc_id(), false, call_line);
    }
    ALWI bool has_unconsumed_entries(TTSIM_LINE) {
        tensix_relax(call_line);
        return *ttsim_word(receiver().aligned_pages_acked_ptr - L1_ALIGNMENT) != *ttsim_word(receiver().aligned_pages_acked_ptr);
    }
    [[nodiscard]] ALWI auto scoped_read_lock(uint32_t num_entries = 1) {
        const RemoteReceiverCBInterface& remote = receiver();
        ASSERT(remote.fifo_rd_ptr + num_entries * remote.fifo_page_size <= remote.fifo_limit_page_aligned);
        const auto nothing = [] {};
        return DfbScopedLock<false, decltype(nothing)>(remote.fifo_rd_ptr, nothing);
    }
    ALWI void set_receiver_entry_size(uint32_t entry_size, TTSIM_LINE) {
        RemoteReceiverCBInterface& remote = receiver();
        const ttsim_resized to = ttsim_resize(remote, remote.fifo_rd_ptr, entry_size);
        if (to.skipped) {
            ttsim_await_credits(remote, to.skipped / L1_ALIGNMENT, call_line);
            ttsim_acknowledge(remote, to.skipped / L1_ALIGNMENT, ttsim_self->noc, true, call_line);
        }
        remote.fifo_rd_ptr = to.pointer, remote.fifo_limit_page_aligned = to.limit, remote.fifo_page_size = entry_size;
        if (bound_) align_relay(call_line);
    }
    /// The local buffer that the host has laid on this ring.
    ALWI RelayView bind_relay(TTSIM_LINE) {
        LLK_ASSERT(relay() != TTSIM_NO_CB, "PrefetcherPipe::bind_relay: the pipe has no local buffer");
        LLK_ASSERT(!bound_, "PrefetcherPipe::bind_relay: the relay is bound already");
        bound_ = true;
        align_relay(call_line);
        return RelayView(*this);
    }

  private:
    ALWI RemoteSenderCBInterface& sender() {
        ttsim_check_role(view_[0], true);
        return *reinterpret_cast<RemoteSenderCBInterface*>(view_);
    }
    ALWI RemoteReceiverCBInterface& receiver() {
        ttsim_check_role(view_[0], false);
        return *reinterpret_cast<RemoteReceiverCBInterface*>(view_);
    }
    ALWI uint32_t relay() const { return ttsim_word(view_[0])[TTSIM_REMOTE_RELAY]; }
    ALWI void align_relay(uint32_t line) {
        const RemoteReceiverCBInterface& remote = receiver();
        tensix_cb_align(relay(), remote.fifo_start_addr, remote.fifo_limit_page_aligned - remote.fifo_start_addr, remote.fifo_rd_ptr, line);
    }
    ALWI uint32_t sent(uint32_t i) { return sender().aligned_pages_sent_ptr + i * TTSIM_CREDIT_STRIDE; }
    /// A receiver's write position lies beside its credits, as bytes from the start of the ring.
    ALWI uint32_t position(uint32_t i) { return sender().fifo_start_addr + ttsim_word(sent(i))[1]; }
    ALWI void set_position(uint32_t i, uint32_t address) { ttsim_word(sent(i))[1] = address - sender().fifo_start_addr; }
    ALWI void contiguous(uint32_t i, uint32_t bytes) {
        LLK_ASSERT(position(i) + bytes <= sender().fifo_limit_page_aligned, "PrefetcherPipe: entries beyond the end of the ring");
    }
    ALWI uint32_t whole(uint32_t i, uint32_t entries) {
        contiguous(i, entries * view_[3]);
        return entries * view_[3];
    }
    ALWI void await_room(uint32_t i, uint32_t credits, uint32_t line) {
        const uint32_t ring = (ttsim_ring_end(sender()) - sender().fifo_start_addr) / L1_ALIGNMENT;
        const int32_t needed = int32_t(*ttsim_word(sent(i)) + credits - ring);
        if (needed > 0) tensix_semaphore_wait(sent(i) + L1_ALIGNMENT, uint32_t(needed), 1, line);
    }
    template <typename Src>
    ALWI static uint32_t address(const Noc& noc, const Src& src, const typename noc_traits_t<Src>::src_args_type& args) {
        return uint32_t(noc_traits_t<Src>::template src_addr<Noc::AddressType::LOCAL_L1>(src, noc, args));
    }
    ALWI void write(const Noc& noc, uint32_t i, uint32_t from, uint32_t offset, uint32_t bytes, uint32_t line) {
        const volatile uint32_t* const xy = ttsim_word(sender().receiver_noc_xy_ptr) + 2 * i;
        const uint8_t id = noc.get_noc_id();
        tensix_noc_write(from, ttsim_xy(xy[0], xy[1], position(i) + offset), bytes, id, ttsim_self->write_trid[id & 1], TTSIM_NOC_POSTED, line);
    }

    uint32_t* view_;
    uint32_t relayed_ = 0, returned_ = 0;  ///< pages of the relay
    bool bound_ = false;
};

}  // namespace experimental
