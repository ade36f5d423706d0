// SPDX-License-Identifier: Apache-2.0
//
// Object style of circular buffers, semaphores and L1, for data movement and compute, and what they are as NoC endpoints.
#pragma once
#include "ttsim/noc.h"

template <typename ReleaseFunc>
class Lock {
  public:
    ALWI Lock(ReleaseFunc release) : release_(release) {}
    ALWI ~Lock() { release_(); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    ReleaseFunc release_;
};

// ---- L1 as an array

template <typename T, typename AddressType = uintptr_t>
class CoreLocalMem {
    using difference_type = std::ptrdiff_t;

  public:
    ALWI CoreLocalMem(AddressType address) : address_(address) {}
    ALWI CoreLocalMem(T* pointer) : address_(reinterpret_cast<AddressType>(pointer)) {}
    ALWI T* get_unsafe_ptr() const { return reinterpret_cast<T*>(uintptr_t(address_)); }
    ALWI AddressType get_address() const { return address_; }
    ALWI T& operator[](uint32_t index) const { return get_unsafe_ptr()[index]; }
    ALWI T& operator*() const { return get_unsafe_ptr()[0]; }
    ALWI T* operator->() const { return get_unsafe_ptr(); }
    ALWI CoreLocalMem& operator+=(difference_type offset) { return address_ += offset * sizeof(T), *this; }
    ALWI CoreLocalMem& operator-=(difference_type offset) { return address_ -= offset * sizeof(T), *this; }
    ALWI CoreLocalMem& operator++() { return *this += 1; }
    ALWI CoreLocalMem& operator--() { return *this -= 1; }
    ALWI CoreLocalMem operator++(int) { return *this += 1, *this - 1; }
    ALWI CoreLocalMem operator--(int) { return *this -= 1, *this + 1; }
    ALWI CoreLocalMem operator+(difference_type offset) const { return CoreLocalMem(AddressType(address_ + offset * sizeof(T))); }
    ALWI CoreLocalMem operator-(difference_type offset) const { return CoreLocalMem(AddressType(address_ - offset * sizeof(T))); }
    ALWI difference_type operator-(const CoreLocalMem& other) const {
        return (difference_type(address_) - difference_type(other.address_)) / difference_type(sizeof(T));
    }
    ALWI auto scoped_lock(size_t) const {
        return Lock([] {});
    }
    ALWI bool operator==(const CoreLocalMem& other) const { return address_ == other.address_; }
    ALWI bool operator!=(const CoreLocalMem& other) const { return address_ != other.address_; }
    ALWI bool operator<(const CoreLocalMem& other) const { return address_ < other.address_; }
    ALWI bool operator<=(const CoreLocalMem& other) const { return address_ <= other.address_; }
    ALWI bool operator>(const CoreLocalMem& other) const { return address_ > other.address_; }
    ALWI bool operator>=(const CoreLocalMem& other) const { return address_ >= other.address_; }
    ALWI explicit operator bool() const { return address_ != 0; }

  private:
    AddressType address_;
};

/// Traits of an endpoint in the core's own L1: `source` and `target` are addresses from `it`.
#define TTSIM_LOCAL_ENDPOINT(Endpoint, source, target)                                              \
    template <Noc::AddressType type>                                                                \
    ALWI static uint64_t src_addr(const Endpoint& it, const Noc&, const src_args_type& args) {      \
        static_assert(type == Noc::AddressType::LOCAL_L1, #Endpoint " is on the local side");       \
        return (source) + args.offset_bytes;                                                        \
    }                                                                                               \
    template <Noc::AddressType type>                                                                \
    ALWI static uint64_t dst_addr(const Endpoint& it, const Noc&, const dst_args_type& args) {      \
        static_assert(type == Noc::AddressType::LOCAL_L1, #Endpoint " is on the local side");       \
        return (target) + args.offset_bytes;                                                        \
    }
#define TTSIM_MULTICAST_ENDPOINT(Endpoint, target)                                                                     \
    using dst_args_mcast_type = ttsim_multicast_args;                                                                  \
    template <Noc::AddressType type>                                                                                   \
    ALWI static uint64_t dst_addr_mcast(const Endpoint& it, const Noc& noc, const dst_args_mcast_type& args) {         \
        return ::get_noc_multicast_addr(args.noc_x_start, args.noc_y_start, args.noc_x_end, args.noc_y_end,            \
                                        uint32_t((target) + args.offset_bytes), noc.get_noc_id());                     \
    }

template <typename T, typename AddressType>
struct noc_traits_t<CoreLocalMem<T, AddressType>> {
    struct src_args_type {
        AddressType offset_bytes = 0;
    };
    struct dst_args_type {
        AddressType offset_bytes = 0;
    };
    using Memory = CoreLocalMem<T, AddressType>;
    TTSIM_LOCAL_ENDPOINT(Memory, it.get_address(), it.get_address())
};
template <typename T, typename AddressType>
inline constexpr bool noc_zero_l1_endpoint_v<CoreLocalMem<T, AddressType>> = true;

/// The part of a tensor in L1 that lies on the core itself.
template <typename T>
class LocalTensorAccessor {
  public:
    template <typename Token, typename Args = typename Token::args_t>
    ALWI explicit LocalTensorAccessor(const Token&) : LocalTensorAccessor(get_common_arg_val<uint32_t>(Token::addr_crta_offset / 4)) {
        static_assert(!Args::is_dram, "LocalTensorAccessor: the tensor is in DRAM");
    }
    ALWI explicit LocalTensorAccessor(uint32_t bank_base_address) : memory_(uintptr_t(ttsim_local_address(bank_base_address))) {}
    ALWI T& operator[](uint32_t index) const { return memory_[index]; }
    ALWI CoreLocalMem<T> local_mem() const { return memory_; }
    ALWI uint32_t get_bank_base_address() const { return uint32_t(memory_.get_address()); }
    ALWI auto scoped_lock(uint32_t offset, uint32_t num_elements) const { return (memory_ + offset).scoped_lock(num_elements); }

  private:
    CoreLocalMem<T> memory_;
};
template <typename T>
struct noc_traits_t<LocalTensorAccessor<T>> {
    struct src_args_type {
        uint32_t offset_bytes = 0;
    };
    struct dst_args_type {
        uint32_t offset_bytes = 0;
    };
    TTSIM_LOCAL_ENDPOINT(LocalTensorAccessor<T>, it.get_bank_base_address(), it.get_bank_base_address())
};
template <typename T>
inline constexpr bool noc_zero_l1_endpoint_v<LocalTensorAccessor<T>> = true;
template <typename T, typename... Tokens>
ALWI std::array<LocalTensorAccessor<T>, sizeof...(Tokens)> make_local_tensor_accessors(const std::tuple<Tokens...>& tokens) {
    return std::apply([](const auto&... each) { return std::array<LocalTensorAccessor<T>, sizeof...(Tokens)>{LocalTensorAccessor<T>(each)...}; }, tokens);
}

// ---- circular buffers

namespace dfb {
enum AccessPattern : uint8_t { STRIDED, ALL, BLOCKED, UNKNOWN };
}
namespace binding_details {
struct LLKMetadata {
    static constexpr uint8_t kNoFormat = 0xFF;
    uint8_t format = kNoFormat, face_r_dim = 16, face_c_dim = 16, num_faces_r_dim = 2, num_faces_c_dim = 2;
};
}  // namespace binding_details
template <dfb::AccessPattern Producer = dfb::AccessPattern::UNKNOWN, dfb::AccessPattern Consumer = dfb::AccessPattern::UNKNOWN>
struct DFBBindingToken {
    explicit constexpr DFBBindingToken(uint16_t id, binding_details::LLKMetadata = {}) noexcept : id_(id) {}
    constexpr operator uint32_t() const noexcept { return id_; }

  private:
    uint16_t id_;
};

/// What a circular buffer does, under either name of its class; ttsim_id() is its number.
template <typename Self>
class ttsim_buffer {
  public:
    ALWI void reserve_back(int32_t num_pages, TTSIM_LINE) const { tensix_cb_reserve_back(id(), num_pages, call_line); }
    ALWI void push_back(int32_t num_pages, TTSIM_LINE) const { tensix_cb_push_back(id(), num_pages, call_line); }
    ALWI void wait_front(int32_t num_pages, TTSIM_LINE) const { tensix_cb_wait_front(id(), num_pages, call_line); }
    ALWI void pop_front(int32_t num_pages, TTSIM_LINE) const { tensix_cb_pop_front(id(), num_pages, call_line); }
    ALWI bool pages_reservable_at_back(int32_t num_pages, TTSIM_LINE) const { return tensix_cb_pages_reservable(id(), num_pages, call_line); }
    ALWI bool pages_available_at_front(int32_t num_pages, TTSIM_LINE) const { return tensix_cb_pages_available(id(), num_pages, call_line); }
    ALWI uint32_t get_write_ptr() const { return tensix_cb_write_ptr(id()); }
    ALWI uint32_t get_read_ptr() const { return tensix_cb_read_ptr(id()); }
    ALWI uint32_t get_tile_size() const { return tensix_cb_tile_bytes(id()); }
    ALWI uint32_t get_tile_r_dim() const { return tensix_cb_tile_shape(id()) >> 8; }
    ALWI uint32_t get_tile_c_dim() const { return tensix_cb_tile_shape(id()) & 0xFF; }
    ALWI uint32_t get_tile_hw() const { return get_tile_r_dim() * get_tile_c_dim(); }
    ALWI uint32_t get_num_faces_r_dim() const { return get_tile_r_dim() > 16 ? 2 : 1; }
    ALWI uint32_t get_num_faces_c_dim() const { return get_tile_c_dim() > 16 ? 2 : 1; }
    ALWI uint32_t get_tile_num_faces() const { return get_num_faces_r_dim() * get_num_faces_c_dim(); }
    ALWI uint32_t get_face_r_dim() const { return get_tile_r_dim() < 16 ? get_tile_r_dim() : 16; }
    ALWI uint32_t get_partial_face() const { return get_tile_r_dim() < 16; }
    ALWI uint32_t get_narrow_tile() const { return get_tile_c_dim() < 32; }
    ALWI DataFormat get_dataformat() const { return DataFormat(tensix_cb_format(id())); }
    ALWI uint32_t get_tile_address(uint32_t tile_index, TTSIM_LINE) const { return tensix_cb_tile_address(id(), tile_index, call_line); }
    template <typename T = uint32_t>
    ALWI T read_tile_value(uint32_t tile_index, uint32_t element_offset, TTSIM_LINE) const {
        static_assert(std::is_integral_v<T> && std::is_unsigned_v<T> && sizeof(T) <= 4, "read_tile_value: an unsigned integer");
        const uintptr_t address = tensix_cb_tile_address(id(), tile_index, call_line);
        return reinterpret_cast<const volatile T*>(address)[element_offset];
    }

  private:
    ALWI uint32_t id() const { return static_cast<const Self*>(this)->ttsim_id(); }
};

class CircularBuffer : public ttsim_buffer<CircularBuffer> {
  public:
    enum class AddrSelector { WRITE_PTR, READ_PTR };
    ALWI explicit constexpr CircularBuffer(uint32_t cb_id) : id_(cb_id) {}
    ALWI constexpr uint32_t get_cb_id() const { return id_; }
    ALWI constexpr uint32_t ttsim_id() const { return id_; }
    ALWI auto scoped_lock() const {
        return Lock([] {});
    }

  private:
    uint32_t id_;
};
namespace experimental {
using ::CircularBuffer;
using CB = ::CircularBuffer;
}  // namespace experimental

/// Reserved entries, or entries waited for, as an array; released at the end of the block.
template <bool IsWrite, typename ReleaseFunc>
class DfbScopedLock {
  public:
    ALWI DfbScopedLock(uint32_t pointer, ReleaseFunc release) : pointer_(pointer), release_(release) {}
    ALWI ~DfbScopedLock() { release_(); }
    DfbScopedLock(const DfbScopedLock&) = delete;
    DfbScopedLock& operator=(const DfbScopedLock&) = delete;
    template <typename T = uint32_t>
    ALWI CoreLocalMem<std::conditional_t<IsWrite, T, const T>> get_ptr() const {
        return CoreLocalMem<std::conditional_t<IsWrite, T, const T>>(uintptr_t(pointer_));
    }

  private:
    uint32_t pointer_;
    ReleaseFunc release_;
};

class DataflowBuffer : public ttsim_buffer<DataflowBuffer> {
  public:
    ALWI constexpr DataflowBuffer(uint16_t logical_dfb_id) : id_(logical_dfb_id) {}
    template <dfb::AccessPattern Producer, dfb::AccessPattern Consumer>
    ALWI constexpr DataflowBuffer(DFBBindingToken<Producer, Consumer> token) : id_(uint16_t(uint32_t(token))) {}
    ALWI constexpr uint16_t get_id() const { return id_; }
    ALWI constexpr uint32_t ttsim_id() const { return id_; }
    ALWI uint32_t get_entry_size() const { return tensix_cb_page_size(id_); }
    ALWI uint32_t get_stride_size() const { return tensix_cb_page_size(id_); }
    ALWI uint32_t get_total_num_entries() const { return tensix_cb_pages(id_); }
    ALWI uint32_t get_local_num_entries() const { return tensix_cb_pages(id_); }
    ALWI uint32_t get_ring_span_num_entries() const { return tensix_cb_pages(id_); }
    ALWI uint32_t get_total_size_bytes() const { return tensix_cb_page_size(id_) * tensix_cb_pages(id_); }
    ALWI uint32_t get_local_size_bytes() const { return get_total_size_bytes(); }
    ALWI uint32_t get_ring_span_bytes() const { return get_total_size_bytes(); }
    ALWI void write_barrier(const Noc& noc, TTSIM_LINE) const { tensix_noc_barrier(TTSIM_WRITES, noc.get_noc_id(), TTSIM_ANY_TRID, call_line); }
    ALWI void finish() const {}
    ALWI void evil_set_write_ptr(uint32_t address, TTSIM_LINE) { tensix_cb_set_pointer(id_, 1, address, call_line); }
    ALWI void evil_set_read_ptr(uint32_t address, TTSIM_LINE) { tensix_cb_set_pointer(id_, 0, address, call_line); }
    ALWI auto scoped_write_lock(uint16_t num_entries = 1, TTSIM_LINE) const {
        reserve_back(num_entries, call_line);
        return make_lock<true>(get_write_ptr(), [*this, num_entries, call_line] { push_back(num_entries, call_line); });
    }
    ALWI auto scoped_read_lock(uint16_t num_entries = 1, TTSIM_LINE) const {
        wait_front(num_entries, call_line);
        return make_lock<false>(get_read_ptr(), [*this, num_entries, call_line] { pop_front(num_entries, call_line); });
    }

  private:
    template <bool IsWrite, typename ReleaseFunc>
    ALWI static DfbScopedLock<IsWrite, ReleaseFunc> make_lock(uint32_t pointer, ReleaseFunc release) {
        return DfbScopedLock<IsWrite, ReleaseFunc>(pointer, release);
    }
    uint16_t id_;
};
using DataflowBufferAnyPattern = DataflowBuffer;
template <typename T>
inline constexpr bool is_dataflow_buffer_v = std::is_same_v<T, DataflowBuffer>;

template <CircularBuffer::AddrSelector Selector>
struct CircularBufferView {
    const CircularBuffer& cb;
    ALWI explicit constexpr CircularBufferView(const CircularBuffer& c) : cb(c) {}
    ALWI uint32_t address() const { return Selector == CircularBuffer::AddrSelector::READ_PTR ? cb.get_read_ptr() : cb.get_write_ptr(); }
};
template <CircularBuffer::AddrSelector Selector>
ALWI constexpr auto use(const CircularBuffer& cb) {
    return CircularBufferView<Selector>(cb);
}
template <>
struct noc_traits_t<CircularBuffer> {
    using src_args_type = DataflowBufferArgs;
    using dst_args_type = DataflowBufferArgs;
    TTSIM_LOCAL_ENDPOINT(CircularBuffer, it.get_read_ptr(), it.get_write_ptr())
    TTSIM_MULTICAST_ENDPOINT(CircularBuffer, it.get_write_ptr())
};
template <>
struct noc_traits_t<DataflowBuffer> {
    using src_args_type = DataflowBufferArgs;
    using dst_args_type = DataflowBufferArgs;
    TTSIM_LOCAL_ENDPOINT(DataflowBuffer, it.get_read_ptr(), it.get_write_ptr())
    TTSIM_MULTICAST_ENDPOINT(DataflowBuffer, it.get_write_ptr())
};
template <CircularBuffer::AddrSelector Selector>
struct noc_traits_t<CircularBufferView<Selector>> {
    using src_args_type = DataflowBufferArgs;
    using dst_args_type = DataflowBufferArgs;
    using View = CircularBufferView<Selector>;
    TTSIM_LOCAL_ENDPOINT(View, it.address(), it.address())
    TTSIM_MULTICAST_ENDPOINT(View, it.address())
};
template <>
inline constexpr bool noc_zero_l1_endpoint_v<CircularBuffer> = true;
template <>
inline constexpr bool noc_zero_l1_endpoint_v<DataflowBuffer> = true;

// ---- semaphores

enum class SemScope : uint8_t { LOCAL_NONATOMIC = 0, DM_LOCAL_CACHED = 1, EXTERNAL = 2, COMPUTE_ATOMIC = 3 };
struct SemaphoreBindingToken {
    uint32_t id;
    SemScope scope;
};

template <ProgrammableCoreType core_type = ProgrammableCoreType::TENSIX>
class Semaphore {
    template <ProgrammableCoreType>
    friend class Semaphore;

  public:
    ALWI explicit Semaphore(SemaphoreBindingToken token, TTSIM_LINE) : address_(tensix_semaphore_address(token.id, call_line)) {}
    ALWI explicit Semaphore(uint32_t semaphore_id, TTSIM_LINE) : address_(tensix_semaphore_address(semaphore_id, call_line)) {}
    ALWI void up(uint32_t value, TTSIM_LINE) {
        tensix_noc_atomic(own(), value, 1, 0, ttsim_self->noc, 0, call_line);
        tensix_noc_barrier(TTSIM_ATOMICS, ttsim_self->noc, TTSIM_ANY_TRID, call_line);
    }
    /// Waits until the count is at least `value` and takes it off.
    ALWI void down(uint32_t value, TTSIM_LINE) {
        tensix_semaphore_wait(address_, value, 1, call_line);
        up(0u - value, call_line);
    }
    ALWI void wait(uint32_t value, TTSIM_LINE) const { tensix_semaphore_wait(address_, value, 0, call_line); }
    ALWI void wait_min(uint32_t value, TTSIM_LINE) const { tensix_semaphore_wait(address_, value, 1, call_line); }
    ALWI void set(uint32_t value, TTSIM_LINE) { tensix_semaphore_set(address_, value, call_line); }
    ALWI uint32_t value(TTSIM_LINE) const {
        tensix_relax(call_line);
        return *reinterpret_cast<const volatile uint32_t*>(uintptr_t(address_));
    }
    ALWI void up(const Noc& noc, uint32_t noc_x, uint32_t noc_y, uint32_t value, uint8_t = NOC_UNICAST_WRITE_VC, TTSIM_LINE) {
        tensix_noc_atomic(::get_noc_addr(noc_x, noc_y, address_), value, 1, 0, noc.get_noc_id(), 0, call_line);
    }
    template <ProgrammableCoreType other>
    ALWI void relay_unicast(const Noc& noc, const Semaphore<other>& target, uint32_t noc_x, uint32_t noc_y, TTSIM_LINE) {
        noc_semaphore_set_remote(address_, ttsim_xy(noc_x, noc_y, target.address_), noc.get_noc_id(), call_line);
    }
    template <NocOptions opts = NocOptions::DEFAULT>
    ALWI void set_multicast(const Noc& noc, uint32_t x_start, uint32_t y_start, uint32_t x_end, uint32_t y_end, uint32_t num_dests, bool linked = false,
                            TTSIM_LINE) {
        relay_multicast<opts>(noc, *this, x_start, y_start, x_end, y_end, num_dests, linked, call_line);
    }
    template <NocOptions opts = NocOptions::DEFAULT, ProgrammableCoreType other>
    ALWI void relay_multicast(const Noc& noc, const Semaphore<other>& target, uint32_t x_start, uint32_t y_start, uint32_t x_end, uint32_t y_end,
                              uint32_t num_dests, bool linked = false, TTSIM_LINE) {
        const uint64_t targets = ::get_noc_multicast_addr(x_start, y_start, x_end, y_end, target.address_, noc.get_noc_id());
        if constexpr (has_flag(opts, NocOptions::MCAST_INCL_SRC))
            noc_semaphore_set_multicast_loopback_src(address_, targets, num_dests, linked, noc.get_noc_id(), call_line);
        else noc_semaphore_set_multicast(address_, targets, num_dests, linked, noc.get_noc_id(), NOC_MULTICAST_WRITE_VC, call_line);
    }
    template <Noc::McastMode sender>  // 0.69
    ALWI void set_multicast(const Noc& noc, uint32_t x_start, uint32_t y_start, uint32_t x_end, uint32_t y_end, uint32_t num_dests, bool linked = false,
                            TTSIM_LINE) {
        constexpr NocOptions opts = sender == Noc::McastMode::INCLUDE_SRC ? NocOptions::MCAST_INCL_SRC : NocOptions::DEFAULT;
        relay_multicast<opts>(noc, *this, x_start, y_start, x_end, y_end, num_dests, linked, call_line);
    }
    ALWI void inc_multicast(const Noc& noc, uint32_t x_start, uint32_t y_start, uint32_t x_end, uint32_t y_end, uint32_t value, uint32_t num_dests,
                            TTSIM_LINE) {
        const uint64_t targets = ::get_noc_multicast_addr(x_start, y_start, x_end, y_end, address_, noc.get_noc_id());
        tensix_noc_atomic(targets, value, num_dests, 1, noc.get_noc_id(), 0, call_line);
    }

  private:
    ALWI uint64_t own() const { return ttsim_xy(ttsim_self->noc_x, ttsim_self->noc_y, address_); }
    uint32_t address_;
};
namespace experimental {  // where 0.69 has what 0.81 has at global scope
using ::AllocatorBank;
using ::AllocatorBankType;
using ::CoreLocalMem;
using ::DataflowBuffer;
using ::Lock;
using ::MulticastEndpoint;
using ::noc_traits_t;
using ::Semaphore;
using ::UnicastEndpoint;
using ::use;
}  // namespace experimental

// ---- bindings by name: `args::`, `dfb::`, `tensor::`, `sem::`, `scratch::`

namespace experimental {
template <typename T>
struct RtaArg {
    uint32_t byte_offset;
};
template <typename T>
struct CrtaArg {
    uint32_t byte_offset;
};
template <typename T>
struct CtaVal {
    T value;
};
template <typename T>
ALWI T get_arg(RtaArg<T> arg, TTSIM_LINE) {
    return get_arg_val<T>(arg.byte_offset / 4, call_line);
}
template <typename T>
ALWI T get_arg(CrtaArg<T> arg, TTSIM_LINE) {
    return get_common_arg_val<T>(arg.byte_offset / 4, call_line);
}
template <typename T>
ALWI constexpr T get_arg(CtaVal<T> arg) {
    return arg.value;
}
}  // namespace experimental
#define TT_KERNEL static FORCE_INLINE

class ScratchpadBindingToken {
  public:
    explicit constexpr ScratchpadBindingToken(uint32_t crta_offset, uint32_t size_in_bytes, binding_details::LLKMetadata llk = {}) noexcept
        : crta_offset_(crta_offset), size_in_bytes_(size_in_bytes), format_(llk.format) {}
    uint32_t crta_offset_, size_in_bytes_;
    uint8_t format_;
};
template <typename T>
class Scratchpad {
  public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    using size_type = uint32_t;
    using pointer = CoreLocalMem<T>;
    using iterator = pointer;
    ALWI explicit Scratchpad(const ScratchpadBindingToken& token, TTSIM_LINE)
        : start_(ttsim_local_address(get_common_arg_val<uint32_t>(token.crta_offset_, call_line))), bytes_(token.size_in_bytes_), format_(token.format_) {}
    ALWI T& operator[](uint32_t index) const {
        ASSERT((index + 1) * sizeof(T) <= bytes_);
        return start_[index];
    }
    ALWI size_type size() const { return bytes_ / sizeof(T); }
    ALWI size_type size_in_bytes() const { return bytes_; }
    ALWI DataFormat get_dataformat() const { return DataFormat(format_); }
    ALWI uint32_t get_base_address() const { return uint32_t(start_.get_address()); }
    ALWI iterator begin() const { return start_; }
    ALWI iterator end() const { return start_ + size(); }
    ALWI pointer local_mem() const { return start_; }
    ALWI auto scoped_lock(uint32_t, uint32_t) const {
        return Lock([] {});
    }

  private:
    pointer start_;
    uint32_t bytes_;
    uint8_t format_;
};
template <typename T>
struct noc_traits_t<Scratchpad<T>> {
    struct src_args_type {
        uint32_t offset_bytes = 0;
    };
    struct dst_args_type {
        uint32_t offset_bytes = 0;
    };
    TTSIM_LOCAL_ENDPOINT(Scratchpad<T>, it.get_base_address(), it.get_base_address())
};
template <typename T>
inline constexpr bool noc_zero_l1_endpoint_v<Scratchpad<T>> = true;
template <typename T>
inline constexpr bool is_scratchpad_v<Scratchpad<T>> = true;
