// SPDX-License-Identifier: Apache-2.0
//
// Object style of data movement: Noc, the endpoints that its transfers join, and the traits that tell their addresses.
#pragma once
#include "ttsim/tensor.h"

struct DataflowBufferArgs {
    uint32_t offset_bytes{};
};

/// What a transfer needs to know of an endpoint: the types of its arguments, and its address from them.
template <typename T>
struct noc_traits_t {
    static_assert(sizeof(T) == 0, "no NoC transfer has this type as an endpoint");
};
/// Endpoints in the core's own L1, which async_write_zeros can clear.
template <typename T>
inline constexpr bool noc_zero_l1_endpoint_v = false;
template <typename T>
inline constexpr bool is_scratchpad_v = false;

enum class NocOptions : uint32_t {
    DEFAULT = 0, TXN_ID = 1, POSTED = 2, CUSTOM_VC = 4, MCAST_INCL_SRC = 8, INLINE_L1 = 16, INLINE_REG = 32,
};
constexpr NocOptions operator|(NocOptions a, NocOptions b) noexcept { return NocOptions(uint32_t(a) | uint32_t(b)); }
constexpr bool has_flag(NocOptions options, NocOptions flag) noexcept { return (uint32_t(options) & uint32_t(flag)) != 0; }

struct NocOptVals {
    uint32_t vc = NOC_UNICAST_WRITE_VC;
    uint32_t trid = 0;
};

class Noc {
    template <typename T>
    using source_args = typename noc_traits_t<T>::src_args_type;
    template <typename T>
    using target_args = typename noc_traits_t<T>::dst_args_type;
    template <typename T>
    using multicast_args = typename noc_traits_t<T>::dst_args_mcast_type;

  public:
    enum class AddressType { NOC, LOCAL_L1 };
    // what 0.69 has for NocOptions
    enum class TxnIdMode { ENABLED, DISABLED };
    enum class ResponseMode { NON_POSTED, POSTED };
    enum class BarrierMode { TXN_ID, FULL };
    enum class McastMode { INCLUDE_SRC, EXCLUDE_SRC };
    enum class VcSelection { DEFAULT, CUSTOM };
    static constexpr uint32_t INVALID_TXN_ID = 0xFFFFFFFF;

    ALWI Noc() : noc_id_(ttsim_self->noc) {}
    ALWI explicit Noc(uint8_t noc_id) : noc_id_(noc_id) {}
    ALWI uint8_t get_noc_id() const { return noc_id_; }
    ALWI bool is_local_bank(uint32_t virtual_x, uint32_t virtual_y) const {
        return virtual_x == ttsim_self->noc_x && virtual_y == ttsim_self->noc_y;
    }
    ALWI bool is_local_addr(uint64_t noc_addr) const { return ttsim_is_local(noc_addr); }

    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool tracing = true, typename Src, typename Dst>
    ALWI void async_read(const Src& src, const Dst& dst, uint32_t size_bytes, const source_args<Src>& src_args, const target_args<Dst>& dst_args,
                         const NocOptVals& values = {}, TTSIM_LINE) const {
        if constexpr (has_flag(opts, NocOptions::TXN_ID)) ttsim_self->read_trid[noc_id_ & 1] = values.trid;
        tensix_noc_read(remote_source(src, src_args), local_target(dst, dst_args), size_bytes, noc_id_, ttsim_self->read_trid[noc_id_ & 1],
                        one_packet<max_page_size>() | page<Src>(), call_line);
    }
    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Src>
    ALWI void set_async_read_state(const Src& src, uint32_t size_bytes, const source_args<Src>& src_args, const NocOptVals& values = {}) const {
        ttsim_self->read_state[noc_id_ & 1] = remote_source(src, src_args);
        ttsim_self->read_state_bytes[noc_id_ & 1] = size_bytes;
        if constexpr (has_flag(opts, NocOptions::TXN_ID)) ttsim_self->read_trid[noc_id_ & 1] = values.trid;
    }
    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Src, typename Dst>
    ALWI void async_read_with_state(const Src& src, const Dst& dst, uint32_t size_bytes, const source_args<Src>& src_args,
                                    const target_args<Dst>& dst_args, const NocOptVals& values = {}, TTSIM_LINE) const {
        constexpr bool whole = max_page_size <= NOC_MAX_BURST_SIZE;
        static_assert(whole || !has_flag(opts, NocOptions::TXN_ID), "async_read_with_state: a transaction id needs one-packet mode");
        const uint32_t slot = noc_id_ & 1, trid = has_flag(opts, NocOptions::TXN_ID) ? values.trid : ttsim_self->read_trid[slot];
        const uint64_t source = (ttsim_self->read_state[slot] & ~uint64_t(0xFFFFFFFFu)) | uint32_t(remote_source(src, src_args));
        tensix_noc_read(source, local_target(dst, dst_args), whole ? ttsim_self->read_state_bytes[slot] : size_bytes, noc_id_, trid,
                        TTSIM_NOC_STATEFUL | one_packet<max_page_size>(), call_line);
    }
    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool tracing = true, typename Src, typename Dst>
    ALWI void async_write(const Src& src, const Dst& dst, uint32_t size_bytes, const source_args<Src>& src_args, const target_args<Dst>& dst_args,
                          const NocOptVals& values = {}, TTSIM_LINE) const {
        const uint32_t trid = has_flag(opts, NocOptions::TXN_ID) ? values.trid : ttsim_self->write_trid[noc_id_ & 1];
        tensix_noc_write(local_source(src, src_args), remote_target(dst, dst_args), size_bytes, noc_id_, trid,
                         posted<opts>() | one_packet<max_page_size>() | page<Dst>(), call_line);
    }
    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool tracing = true, typename Src, typename Dst>
    ALWI void async_write_multicast(const Src& src, const Dst& dst, uint32_t size_bytes, uint32_t num_dsts, const source_args<Src>& src_args,
                                    const multicast_args<Dst>& dst_args, bool linked = false, TTSIM_LINE) const {
        static_assert(!has_flag(opts, NocOptions::TXN_ID) && !has_flag(opts, NocOptions::POSTED), "a multicast has no transaction id and a response");
        constexpr uint32_t loopback = has_flag(opts, NocOptions::MCAST_INCL_SRC) ? uint32_t(TTSIM_NOC_LOOPBACK) : 0u;
        const uint64_t targets = noc_traits_t<Dst>::template dst_addr_mcast<AddressType::NOC>(dst, *this, dst_args);
        tensix_noc_multicast(local_source(src, src_args), targets, size_bytes, num_dsts, noc_id_, ttsim_self->write_trid[noc_id_ & 1],
                             loopback | (linked ? uint32_t(TTSIM_NOC_LINKED) : 0u), call_line);
    }
    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Dst>
    ALWI void set_async_write_state(const Dst& dst, uint32_t size_bytes, const target_args<Dst>& dst_args, const NocOptVals& = {}) const {
        static_assert(!has_flag(opts, NocOptions::TXN_ID), "set_async_write_state has no transaction id");
        ttsim_self->write_state[noc_id_ & 1] = remote_target(dst, dst_args);
        ttsim_self->write_state_bytes[noc_id_ & 1] = size_bytes;
    }
    template <NocOptions opts = NocOptions::DEFAULT, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Src, typename Dst>
    ALWI void async_write_with_state(const Src& src, const Dst& dst, uint32_t size_bytes, const source_args<Src>& src_args,
                                     const target_args<Dst>& dst_args, const NocOptVals& = {}, TTSIM_LINE) const {
        static_assert(!has_flag(opts, NocOptions::TXN_ID), "async_write_with_state has no transaction id");
        constexpr bool whole = max_page_size <= NOC_MAX_BURST_SIZE;
        const uint32_t slot = noc_id_ & 1;
        const uint64_t target = (ttsim_self->write_state[slot] & ~uint64_t(0xFFFFFFFFu)) | uint32_t(remote_target(dst, dst_args));
        tensix_noc_write(local_source(src, src_args), target, whole ? ttsim_self->write_state_bytes[slot] : size_bytes, noc_id_,
                         ttsim_self->write_trid[slot], TTSIM_NOC_STATEFUL | posted<opts>() | one_packet<max_page_size>(), call_line);
    }
    template <NocOptions opts = NocOptions::DEFAULT, typename Dst>
    ALWI void inline_dw_write(const Dst& dst, uint32_t val, const target_args<Dst>& dst_args, uint8_t be = 0xF, const NocOptVals& = {},
                              TTSIM_LINE) const {
        static_assert(!has_flag(opts, NocOptions::TXN_ID), "inline_dw_write has no transaction id");
        tensix_noc_inline_write(remote_target(dst, dst_args), val, be, 1, 0, noc_id_, posted<opts>(), call_line);
    }

    ALWI bool is_read_trid_flushed(uint32_t trid, TTSIM_LINE) const { return tensix_noc_done(TTSIM_READS, noc_id_, trid, call_line); }
    template <NocOptions opts = NocOptions::DEFAULT>
    ALWI void async_read_barrier(const NocOptVals& values = {}, TTSIM_LINE) const {
        tensix_noc_barrier(TTSIM_READS, noc_id_, transaction<opts>(values), call_line);
    }
    template <NocOptions opts = NocOptions::DEFAULT>
    ALWI void async_write_barrier(const NocOptVals& values = {}, TTSIM_LINE) const {
        tensix_noc_barrier(TTSIM_WRITES, noc_id_, transaction<opts>(values), call_line);
    }
    template <NocOptions opts = NocOptions::DEFAULT>
    ALWI void async_writes_flushed(const NocOptVals& values = {}, TTSIM_LINE) const {
        constexpr bool posted_only = has_flag(opts, NocOptions::POSTED);
        static_assert(!posted_only || !has_flag(opts, NocOptions::TXN_ID), "posted writes have no transaction id");
        tensix_noc_barrier(posted_only ? TTSIM_POSTED_SENT : TTSIM_WRITES_SENT, noc_id_, transaction<opts>(values), call_line);
    }
    ALWI void async_atomic_barrier(TTSIM_LINE) const { tensix_noc_barrier(TTSIM_ATOMICS, noc_id_, TTSIM_ANY_TRID, call_line); }
    ALWI void async_full_barrier(TTSIM_LINE) const { tensix_noc_barrier(TTSIM_ALL, noc_id_, TTSIM_ANY_TRID, call_line); }

    /// Zeros in the core's own L1: reads of a page of zeros, which write_zeros_l1_barrier awaits.
    template <typename Dst>
    ALWI void async_write_zeros(const Dst& dst, uint32_t size_bytes, const target_args<Dst>& args = {}, TTSIM_LINE) const {
        static_assert(noc_zero_l1_endpoint_v<Dst>, "async_write_zeros clears L1: a CB, DataflowBuffer, CoreLocalMem or Scratchpad");
        const uint32_t target = local_target(dst, args);
        for (uint32_t done = 0; done < size_bytes; done += MEM_ZEROS_SIZE) {
            const uint32_t left = size_bytes - done;
            tensix_noc_read(ttsim_xy(ttsim_self->noc_x, ttsim_self->noc_y, MEM_ZEROS_BASE), target + done, left < MEM_ZEROS_SIZE ? left : MEM_ZEROS_SIZE,
                            noc_id_, ttsim_self->read_trid[noc_id_ & 1], 0, call_line);
        }
    }
    /// Zeros to a page in DRAM, from a scratch area in L1 that holds zeros.
    template <typename Spec, typename Scratch>
    ALWI void async_write_zeros(const TensorAccessor<Spec>& accessor, uint32_t size_bytes, const target_args<TensorAccessor<Spec>>& args,
                                const Scratch& scratch, TTSIM_LINE) const {
        static_assert(Spec::is_dram && noc_zero_l1_endpoint_v<Scratch>, "async_write_zeros: a tensor in DRAM, a scratch area in L1");
        const uint32_t source = local_source(scratch, source_args<Scratch>{});
        const uint64_t target = remote_target(accessor, args);
        for (uint32_t done = 0; done < size_bytes; done += NOC_MAX_BURST_SIZE) {
            const uint32_t left = size_bytes - done;
            tensix_noc_write(source, target + done, left < NOC_MAX_BURST_SIZE ? left : NOC_MAX_BURST_SIZE, noc_id_,
                             ttsim_self->write_trid[noc_id_ & 1], 0, call_line);
        }
    }
    ALWI void write_zeros_l1_barrier(TTSIM_LINE) const { tensix_noc_barrier(TTSIM_READS, noc_id_, TTSIM_ANY_TRID, call_line); }
    ALWI void write_zeros_dram_barrier(TTSIM_LINE) const { tensix_noc_barrier(TTSIM_WRITES, noc_id_, TTSIM_ANY_TRID, call_line); }

    // ---- 0.69: modes as template arguments, virtual channel and transaction id as trailing arguments

    template <TxnIdMode ids, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool tracing = true, typename Src, typename Dst>
    ALWI void async_read(const Src& src, const Dst& dst, uint32_t size_bytes, const source_args<Src>& src_args, const target_args<Dst>& dst_args,
                         uint32_t read_req_vc = NOC_UNICAST_WRITE_VC, uint32_t trid = INVALID_TXN_ID, TTSIM_LINE) const {
        async_read<of(ids), max_page_size, tracing>(src, dst, size_bytes, src_args, dst_args, NocOptVals{read_req_vc, trid}, call_line);
    }
    template <VcSelection, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Src>
    ALWI void set_async_read_state(const Src& src, uint32_t size_bytes, const source_args<Src>& src_args, uint8_t = 0) const {
        set_async_read_state<NocOptions::DEFAULT, max_page_size>(src, size_bytes, src_args);
    }
    template <VcSelection, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Src, typename Dst>
    ALWI void async_read_with_state(const Src& src, const Dst& dst, uint32_t size_bytes, const source_args<Src>& src_args,
                                    const target_args<Dst>& dst_args, uint8_t = 0, TTSIM_LINE) const {
        async_read_with_state<NocOptions::DEFAULT, max_page_size>(src, dst, size_bytes, src_args, dst_args, {}, call_line);
    }
    template <TxnIdMode ids, ResponseMode response = ResponseMode::NON_POSTED, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool tracing = true,
              typename Src, typename Dst>
    ALWI void async_write(const Src& src, const Dst& dst, uint32_t size_bytes, const source_args<Src>& src_args, const target_args<Dst>& dst_args,
                          uint32_t vc = NOC_UNICAST_WRITE_VC, uint32_t trid = INVALID_TXN_ID, TTSIM_LINE) const {
        async_write<of(ids) | of(response), max_page_size, tracing>(src, dst, size_bytes, src_args, dst_args, NocOptVals{vc, trid}, call_line);
    }
    template <McastMode sender, TxnIdMode ids = TxnIdMode::DISABLED, ResponseMode response = ResponseMode::NON_POSTED,
              uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, bool tracing = true, typename Src, typename Dst>
    ALWI void async_write_multicast(const Src& src, const Dst& dst, uint32_t size_bytes, uint32_t num_dsts, const source_args<Src>& src_args,
                                    const multicast_args<Dst>& dst_args, bool linked = false, uint32_t = INVALID_TXN_ID, TTSIM_LINE) const {
        constexpr NocOptions loopback = sender == McastMode::INCLUDE_SRC ? NocOptions::MCAST_INCL_SRC : NocOptions::DEFAULT;
        async_write_multicast<loopback | of(ids) | of(response), max_page_size, tracing>(src, dst, size_bytes, num_dsts, src_args, dst_args, linked,
                                                                                        call_line);
    }
    template <ResponseMode response, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Dst>
    ALWI void set_async_write_state(const Dst& dst, uint32_t size_bytes, const target_args<Dst>& dst_args, uint8_t = NOC_UNICAST_WRITE_VC) const {
        set_async_write_state<of(response), max_page_size>(dst, size_bytes, dst_args);
    }
    template <ResponseMode response, uint32_t max_page_size = NOC_MAX_BURST_SIZE + 1, typename Src, typename Dst>
    ALWI void async_write_with_state(const Src& src, const Dst& dst, uint32_t size_bytes, const source_args<Src>& src_args,
                                     const target_args<Dst>& dst_args, uint8_t = NOC_UNICAST_WRITE_VC, TTSIM_LINE) const {
        async_write_with_state<of(response), max_page_size>(src, dst, size_bytes, src_args, dst_args, {}, call_line);
    }
    template <TxnIdMode ids, InlineWriteDst dst_type = InlineWriteDst::DEFAULT, ResponseMode response = ResponseMode::NON_POSTED, typename Dst>
    ALWI void inline_dw_write(const Dst& dst, uint32_t val, const target_args<Dst>& dst_args, uint8_t be = 0xF, uint32_t = NOC_UNICAST_WRITE_VC,
                              uint32_t = INVALID_TXN_ID, TTSIM_LINE) const {
        inline_dw_write<of(ids) | of(response)>(dst, val, dst_args, be, {}, call_line);
    }
    template <BarrierMode kind>
    ALWI void async_read_barrier(uint32_t trid = INVALID_TXN_ID, TTSIM_LINE) const {
        tensix_noc_barrier(TTSIM_READS, noc_id_, kind == BarrierMode::TXN_ID ? trid : TTSIM_ANY_TRID, call_line);
    }
    template <BarrierMode kind>
    ALWI void async_write_barrier(uint32_t trid = INVALID_TXN_ID, TTSIM_LINE) const {
        tensix_noc_barrier(TTSIM_WRITES, noc_id_, kind == BarrierMode::TXN_ID ? trid : TTSIM_ANY_TRID, call_line);
    }
    template <ResponseMode response, BarrierMode kind = BarrierMode::FULL>
    ALWI void async_writes_flushed(uint32_t trid = INVALID_TXN_ID, TTSIM_LINE) const {
        static_assert(response == ResponseMode::NON_POSTED || kind == BarrierMode::FULL, "posted writes have no transaction id");
        tensix_noc_barrier(response == ResponseMode::POSTED ? TTSIM_POSTED_SENT : TTSIM_WRITES_SENT, noc_id_,
                           kind == BarrierMode::TXN_ID ? trid : TTSIM_ANY_TRID, call_line);
    }

  private:
    static constexpr NocOptions of(TxnIdMode mode) { return mode == TxnIdMode::ENABLED ? NocOptions::TXN_ID : NocOptions::DEFAULT; }
    static constexpr NocOptions of(ResponseMode mode) { return mode == ResponseMode::POSTED ? NocOptions::POSTED : NocOptions::DEFAULT; }
    template <NocOptions opts>
    static constexpr uint32_t posted() {
        return has_flag(opts, NocOptions::POSTED) ? uint32_t(TTSIM_NOC_POSTED) : 0u;
    }
    template <uint32_t max_page_size>
    static constexpr uint32_t one_packet() {
        return max_page_size <= NOC_MAX_BURST_SIZE ? uint32_t(TTSIM_NOC_ONE_PACKET) : 0u;
    }
    /// An address that a tensor accessor makes costs what it costs in the calls that take a page.
    template <typename Endpoint>
    static constexpr uint32_t page() {
        return requires { noc_traits_t<Endpoint>::paged; } ? uint32_t(TTSIM_NOC_PAGE) : 0u;
    }
    template <NocOptions opts>
    static constexpr uint32_t transaction(const NocOptVals& values) {
        return has_flag(opts, NocOptions::TXN_ID) ? values.trid : TTSIM_ANY_TRID;
    }
    template <typename Src>
    ALWI uint64_t remote_source(const Src& src, const source_args<Src>& args) const {
        return noc_traits_t<Src>::template src_addr<AddressType::NOC>(src, *this, args);
    }
    template <typename Src>
    ALWI uint32_t local_source(const Src& src, const source_args<Src>& args) const {
        return uint32_t(noc_traits_t<Src>::template src_addr<AddressType::LOCAL_L1>(src, *this, args));
    }
    template <typename Dst>
    ALWI uint64_t remote_target(const Dst& dst, const target_args<Dst>& args) const {
        return noc_traits_t<Dst>::template dst_addr<AddressType::NOC>(dst, *this, args);
    }
    template <typename Dst>
    ALWI uint32_t local_target(const Dst& dst, const target_args<Dst>& args) const {
        return uint32_t(noc_traits_t<Dst>::template dst_addr<AddressType::LOCAL_L1>(dst, *this, args));
    }

    uint8_t noc_id_;
};
namespace experimental {
using ::Noc;
}

// ---- endpoints by coordinates

struct UnicastEndpoint {
    ALWI uint64_t get_noc_unicast_addr(uint32_t noc_x, uint32_t noc_y, uint32_t addr, uint8_t noc) const { return ::get_noc_addr(noc_x, noc_y, addr, noc); }
};
struct PrecomposedUnicastEndpoint {};
struct MulticastEndpoint {
    ALWI uint64_t get_noc_multicast_addr(uint32_t x_start, uint32_t y_start, uint32_t x_end, uint32_t y_end, uint32_t addr, uint8_t noc) const {
        return ::get_noc_multicast_addr(x_start, y_start, x_end, y_end, addr, noc);
    }
};
enum class AllocatorBankType { L1, DRAM };
template <AllocatorBankType bank_type>
struct AllocatorBank {
    ALWI uint64_t get_noc_addr_from_bank_id(uint32_t bank_id, uint32_t addr, uint8_t noc) const {
        return tensix_bank_address(bank_type == AllocatorBankType::DRAM, bank_id, addr, noc);
    }
};

/// Multicast of a buffer: the rectangle, and where in the buffer.
struct ttsim_multicast_args {
    uint32_t noc_x_start{};
    uint32_t noc_y_start{};
    uint32_t noc_x_end{};
    uint32_t noc_y_end{};
    uint32_t offset_bytes{};
};

template <>
struct noc_traits_t<UnicastEndpoint> {
    struct src_args_type {
        uint32_t noc_x{};
        uint32_t noc_y{};
        uint32_t addr{};
    };
    using dst_args_type = src_args_type;
    template <Noc::AddressType type>
    ALWI static uint64_t src_addr(const UnicastEndpoint&, const Noc&, const src_args_type& args) {
        return type == Noc::AddressType::LOCAL_L1 ? args.addr : ttsim_xy(args.noc_x, args.noc_y, args.addr);
    }
    template <Noc::AddressType type>
    ALWI static uint64_t dst_addr(const UnicastEndpoint& it, const Noc& noc, const dst_args_type& args) {
        return src_addr<type>(it, noc, args);
    }
};
template <>
struct noc_traits_t<PrecomposedUnicastEndpoint> {
    struct src_args_type {
        uint64_t noc_addr{};
    };
    using dst_args_type = src_args_type;
    template <Noc::AddressType type>
    ALWI static uint64_t src_addr(const PrecomposedUnicastEndpoint&, const Noc&, const src_args_type& args) { return args.noc_addr; }
    template <Noc::AddressType type>
    ALWI static uint64_t dst_addr(const PrecomposedUnicastEndpoint&, const Noc&, const dst_args_type& args) { return args.noc_addr; }
};
template <>
struct noc_traits_t<MulticastEndpoint> {
    struct dst_args_mcast_type {
        uint32_t noc_x_start{};
        uint32_t noc_y_start{};
        uint32_t noc_x_end{};
        uint32_t noc_y_end{};
        uint32_t addr{};
    };
    template <Noc::AddressType type>
    ALWI static uint64_t dst_addr_mcast(const MulticastEndpoint&, const Noc& noc, const dst_args_mcast_type& args) {
        return ::get_noc_multicast_addr(args.noc_x_start, args.noc_y_start, args.noc_x_end, args.noc_y_end, args.addr, noc.get_noc_id());
    }
};
template <AllocatorBankType bank_type>
struct noc_traits_t<AllocatorBank<bank_type>> {
    struct src_args_type {
        uint32_t bank_id{};
        uint32_t addr{};
    };
    using dst_args_type = src_args_type;
    template <Noc::AddressType type>
    ALWI static uint64_t src_addr(const AllocatorBank<bank_type>& bank, const Noc& noc, const src_args_type& args) {
        return bank.get_noc_addr_from_bank_id(args.bank_id, args.addr, noc.get_noc_id());
    }
    template <Noc::AddressType type>
    ALWI static uint64_t dst_addr(const AllocatorBank<bank_type>& bank, const Noc& noc, const dst_args_type& args) {
        return src_addr<type>(bank, noc, args);
    }
};

// ---- tensors as endpoints

/// A page as the local side of a transfer must be in this core's L1.
template <Noc::AddressType type>
ALWI uint64_t ttsim_endpoint(uint64_t noc_addr) {
    if constexpr (type == Noc::AddressType::LOCAL_L1) {
        ASSERT(ttsim_is_local(noc_addr));
        return uint32_t(noc_addr);
    }
    return noc_addr;
}
/// Traits of what has get_noc_addr(id, offset, noc); `field` names the id.
#define TTSIM_PAGED_ENDPOINT(field)                                                                        \
    static constexpr bool paged = true;                                                                    \
    struct src_args_type {                                                                                 \
        uint32_t field{};                                                                                  \
        uint32_t offset_bytes = 0;                                                                         \
    };                                                                                                     \
    using dst_args_type = src_args_type;                                                                   \
    template <Noc::AddressType type, typename Tensor>                                                      \
    ALWI static uint64_t src_addr(const Tensor& tensor, const Noc& noc, const src_args_type& args) {       \
        return ttsim_endpoint<type>(tensor.get_noc_addr(args.field, args.offset_bytes, noc.get_noc_id())); \
    }                                                                                                      \
    template <Noc::AddressType type, typename Tensor>                                                      \
    ALWI static uint64_t dst_addr(const Tensor& tensor, const Noc& noc, const dst_args_type& args) {       \
        return src_addr<type>(tensor, noc, args);                                                          \
    }

template <typename Spec>
struct noc_traits_t<TensorAccessor<Spec>> {
    TTSIM_PAGED_ENDPOINT(page_id)
};
template <typename Accessor>
struct noc_traits_t<PageView<Accessor>> {
    TTSIM_PAGED_ENDPOINT(page_id)
};
template <typename Accessor>
struct noc_traits_t<ShardView<Accessor>> {
    TTSIM_PAGED_ENDPOINT(shard_id)
};
template <>
struct noc_traits_t<AbstractTensorAccessorWrapper> {
    TTSIM_PAGED_ENDPOINT(page_id)
};
template <bool DRAM>
struct noc_traits_t<InterleavedAddrGen<DRAM>> {
    TTSIM_PAGED_ENDPOINT(page_id)
};
template <bool DRAM, uint32_t tile_hw>
struct noc_traits_t<InterleavedAddrGenFast<DRAM, tile_hw>> {
    TTSIM_PAGED_ENDPOINT(page_id)
};
template <>
struct noc_traits_t<tensor_accessor::Page> {
    using src_args_type = DataflowBufferArgs;
    using dst_args_type = DataflowBufferArgs;
    template <Noc::AddressType type>
    ALWI static uint64_t src_addr(const tensor_accessor::Page& page, const Noc&, const src_args_type& args) {
        return ttsim_endpoint<type>(page.noc_addr() + args.offset_bytes);
    }
    template <Noc::AddressType type>
    ALWI static uint64_t dst_addr(const tensor_accessor::Page& page, const Noc& noc, const dst_args_type& args) {
        return src_addr<type>(page, noc, args);
    }
};
