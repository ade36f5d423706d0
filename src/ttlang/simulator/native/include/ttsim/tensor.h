// SPDX-License-Identifier: Apache-2.0
//
// TensorAccessor: pages of an interleaved or sharded tensor to NoC addresses. The words that describe a tensor are read by
// TensorAccessorArgs, in kernel_scope.inc.
#pragma once
#include "ttsim/dataflow.h"

namespace tensor_accessor {

enum class ArgConfig : uint32_t {
    None = 0, Sharded = 1, IsDram = 2, RuntimeRank = 4, RuntimeNumBanks = 8, RuntimeTensorShape = 16, RuntimeShardShape = 32,
    RuntimeBankCoords = 64, RuntimePageSize = 128,
};
constexpr uint32_t MAX_RANK = 8;
constexpr size_t UNKNOWN = ~size_t(0);
/// In the word that holds the number of banks: a bank's shards follow one another, instead of going round.
constexpr uint32_t SHARD_CONTIGUOUS = 1u << 31;

template <bool IsDram>
struct InterleavedSpec {
    static constexpr bool is_dram = IsDram, is_interleaved = true;
};

/// How a sharded tensor of pages lies in banks. Shapes count pages, outermost dimension first; bank coordinates are
/// x << 8 | y of a core, or x = the number of a DRAM bank.
template <bool IsDram>
struct ShardedSpec {
    static constexpr bool is_dram = IsDram, is_interleaved = false, has_static_rank = true;
    using Shape = std::array<uint32_t, MAX_RANK>;

    uint32_t rank_ = 0, banks_ = 0;
    bool contiguous_ = false;
    Shape tensor_shape_{}, shard_shape_{};
    std::array<uint16_t, 256> coordinates_{};

    ALWI uint32_t rank() const { return rank_; }
    ALWI uint32_t num_banks() const { return banks_; }
    ALWI const Shape& tensor_shape() const { return tensor_shape_; }
    ALWI const Shape& shard_shape() const { return shard_shape_; }
    ALWI const std::array<uint16_t, 256>& packed_xy_coords() const { return coordinates_; }
    ALWI uint32_t tensor_volume() const { return volume(tensor_shape_); }
    ALWI uint32_t shard_volume() const { return volume(shard_shape_); }
    ALWI Shape shard_grid() const {
        Shape grid{};
        for (uint32_t i = 0; i < rank_; i++) grid[i] = (tensor_shape_[i] + shard_shape_[i] - 1) / shard_shape_[i];
        return grid;
    }
    ALWI uint32_t num_shards() const { return volume(shard_grid()); }
    ALWI Shape tensor_strides() const { return strides(tensor_shape_); }
    ALWI Shape shard_strides() const { return strides(shard_shape_); }
    ALWI Shape shard_grid_strides() const { return strides(shard_grid()); }

  private:
    ALWI uint32_t volume(const Shape& shape) const {
        uint32_t pages = 1;
        for (uint32_t i = 0; i < rank_; i++) pages *= shape[i];
        return pages;
    }
    ALWI Shape strides(const Shape& shape) const {
        Shape found{};
        uint32_t stride = 1;
        for (uint32_t i = rank_; i-- > 0;) {
            found[i] = stride;
            stride *= shape[i];
        }
        return found;
    }
};

/// A page met by an iterator.
class Page {
  public:
    ALWI Page(uint64_t noc_addr, uint32_t page_id) : noc_addr_(noc_addr), page_id_(page_id) {}
    ALWI uint64_t noc_addr() const { return noc_addr_; }
    ALWI uint32_t page_id() const { return page_id_; }

  private:
    uint64_t noc_addr_;
    uint32_t page_id_;
};

/// Pages first, first + step, ... below `end`; `Walk` leads from a position to its page, or says that it has none.
template <typename Accessor, typename Walk>
struct PageRange {
    const Accessor& accessor;
    uint32_t first, last, step;
    uint8_t noc;
    Walk walk;

    struct iterator {
        const PageRange* range;
        uint32_t at;
        ALWI Page operator*() const { return {range->accessor.get_noc_addr(range->walk(at), 0, range->noc), range->walk(at)}; }
        ALWI iterator& operator++() {
            at = range->skip(at + range->step);
            return *this;
        }
        ALWI bool operator!=(const iterator& other) const { return at != other.at; }
        ALWI bool operator==(const iterator& other) const { return at == other.at; }
    };
    ALWI iterator begin() const { return {this, skip(first)}; }
    ALWI iterator end() const { return {this, last}; }
    ALWI uint32_t skip(uint32_t at) const {
        while (at < last && !walk.inside(at)) at += step;
        return at < last ? at : last;
    }
};
struct EveryPage {
    ALWI uint32_t operator()(uint32_t at) const { return at; }
    ALWI bool inside(uint32_t) const { return true; }
};
/// Position in a shard to page of the tensor; shards at the edges reach over the tensor.
template <typename Spec>
struct ShardPage {
    const Spec& spec;
    uint32_t shard;
    ALWI typename Spec::Shape coordinate(uint32_t at) const {
        const auto grid = spec.shard_grid_strides(), inner = spec.shard_strides();
        typename Spec::Shape found{};
        uint32_t shard_left = shard, left = at;
        for (uint32_t i = 0; i < spec.rank(); i++) {
            found[i] = shard_left / grid[i] * spec.shard_shape()[i] + left / inner[i];
            shard_left %= grid[i];
            left %= inner[i];
        }
        return found;
    }
    ALWI bool inside(uint32_t at) const {
        const auto where = coordinate(at);
        for (uint32_t i = 0; i < spec.rank(); i++)
            if (where[i] >= spec.tensor_shape()[i]) return false;
        return true;
    }
    ALWI uint32_t operator()(uint32_t at) const {
        const auto where = coordinate(at), strides = spec.tensor_strides();
        uint32_t page = 0;
        for (uint32_t i = 0; i < spec.rank(); i++) page += where[i] * strides[i];
        return page;
    }
};

}  // namespace tensor_accessor

ALWI bool ttsim_is_local(uint64_t noc_addr) { return uint32_t(noc_addr >> 36) == (uint32_t(ttsim_self->noc_y) << 6 | ttsim_self->noc_x); }

template <typename SpecT>
struct TensorAccessor;

template <bool IsDram>
struct TensorAccessor<tensor_accessor::InterleavedSpec<IsDram>> {
    using DSpec = tensor_accessor::InterleavedSpec<IsDram>;
    static constexpr bool is_dram = IsDram;
    const uint32_t bank_base_address;
    const uint32_t page_size;
    const uint32_t aligned_page_size;

    template <typename Args, typename = typename Args::Spec>
    ALWI TensorAccessor(const Args& args, size_t base, uint32_t page_size_in = 0)
        : bank_base_address(uint32_t(base)), page_size(page_size_in ? page_size_in : args.get_aligned_page_size()), aligned_page_size(page_size) {}
    template <typename Token, typename Args = typename Token::args_t>
    ALWI TensorAccessor(const Token&) : TensorAccessor(Args{}, get_common_arg_val<uint32_t>(Token::addr_crta_offset / 4)) {}

    ALWI uint32_t get_aligned_page_size() const { return aligned_page_size; }
    ALWI uint32_t get_bank_base_address() const { return bank_base_address; }
    ALWI uint64_t get_noc_addr(uint32_t page_id, uint32_t offset = 0, TTSIM_NOC) const {
        return ttsim_page_address(IsDram, page_id, bank_base_address, page_size, offset, noc);
    }
    ALWI bool is_local_addr(uint64_t noc_addr, TTSIM_NOC) const { return (void)noc, ttsim_is_local(noc_addr); }
    ALWI bool is_local_page(uint32_t page_id, TTSIM_NOC) const { return ttsim_is_local(get_noc_addr(page_id, 0, noc)); }
    ALWI auto pages(uint32_t first, uint32_t end, TTSIM_NOC) const {
        return tensor_accessor::PageRange<TensorAccessor, tensor_accessor::EveryPage>{*this, first, end, 1, noc, {}};
    }
};

template <bool IsDram>
struct TensorAccessor<tensor_accessor::ShardedSpec<IsDram>> {
    using DSpec = tensor_accessor::ShardedSpec<IsDram>;
    static constexpr bool is_dram = IsDram;
    const uint32_t bank_base_address;
    const uint32_t page_size;
    const uint32_t aligned_page_size;
    struct PageMapping {
        size_t bank_id, bank_page_offset;
    };

    template <typename Args, typename = typename Args::Spec>
    ALWI TensorAccessor(const Args& args, size_t base, uint32_t page_size_in = 0)
        : bank_base_address(uint32_t(base)), page_size(page_size_in ? page_size_in : args.get_aligned_page_size()), aligned_page_size(page_size), spec_(args.spec()) {}
    template <typename Token, typename Args = typename Token::args_t>
    ALWI TensorAccessor(const Token&) : TensorAccessor(Args{}, get_common_arg_val<uint32_t>(Token::addr_crta_offset / 4)) {}

    ALWI const DSpec& dspec() const { return spec_; }
    ALWI uint32_t get_aligned_page_size() const { return aligned_page_size; }
    ALWI uint32_t get_bank_base_address() const { return bank_base_address; }
    ALWI uint32_t shard_bytes() const { return spec_.shard_volume() * page_size; }
    ALWI PageMapping get_bank_and_offset(uint32_t page_id) const {
        ASSERT(page_id < spec_.tensor_volume());
        typename DSpec::Shape where{};
        for (uint32_t i = spec_.rank(); i-- > 0;) {
            where[i] = page_id % spec_.tensor_shape()[i];
            page_id /= spec_.tensor_shape()[i];
        }
        return get_bank_and_offset(where);
    }
    template <typename Coordinate, typename = decltype(std::declval<const Coordinate&>()[0])>
    ALWI PageMapping get_bank_and_offset(const Coordinate& where) const {
        const auto grid = spec_.shard_grid_strides(), inner = spec_.shard_strides();
        uint32_t shard = 0, within = 0;
        for (uint32_t i = 0; i < spec_.rank(); i++) {
            shard += where[i] / spec_.shard_shape()[i] * grid[i];
            within += where[i] % spec_.shard_shape()[i] * inner[i];
        }
        const PageMapping found = shard_to_bank(shard);
        return {found.bank_id, found.bank_page_offset + within};
    }
    ALWI uint64_t get_noc_addr(uint32_t page_id, uint32_t offset = 0, TTSIM_NOC) const { return address(get_bank_and_offset(page_id), offset, noc); }
    template <typename Coordinate, typename = decltype(std::declval<const Coordinate&>()[0])>
    ALWI uint64_t get_noc_addr(const Coordinate& where, uint32_t offset = 0, TTSIM_NOC) const {
        return address(get_bank_and_offset(where), offset, noc);
    }
    ALWI uint64_t get_shard_noc_addr(uint32_t shard_id, uint32_t offset = 0, TTSIM_NOC) const { return address(shard_to_bank(shard_id), offset, noc); }
    ALWI bool is_local_bank(uint32_t virtual_x, uint32_t virtual_y, TTSIM_NOC) const {
        return (void)noc, virtual_x == ttsim_self->noc_x && virtual_y == ttsim_self->noc_y;
    }
    ALWI bool is_local_addr(uint64_t noc_addr, TTSIM_NOC) const { return (void)noc, ttsim_is_local(noc_addr); }
    ALWI bool is_local_page(uint32_t page_id, TTSIM_NOC) const { return ttsim_is_local(get_noc_addr(page_id, 0, noc)); }
    ALWI bool is_local_shard(uint32_t shard_id, TTSIM_NOC) const { return ttsim_is_local(get_shard_noc_addr(shard_id, 0, noc)); }
    ALWI auto pages(uint32_t first = 0, uint32_t end = 0, TTSIM_NOC) const {
        return tensor_accessor::PageRange<TensorAccessor, tensor_accessor::EveryPage>{*this, first, end ? end : spec_.tensor_volume(), 1, noc, {}};
    }
    ALWI auto shard_pages(uint32_t shard_id, uint32_t first = 0, uint32_t end = 0, TTSIM_NOC) const {
        using Walk = tensor_accessor::ShardPage<DSpec>;
        return tensor_accessor::PageRange<TensorAccessor, Walk>{*this, first, end ? end : spec_.shard_volume(), 1, noc, Walk{spec_, shard_id}};
    }

  private:
    ALWI PageMapping shard_to_bank(uint32_t shard) const {
        const uint32_t banks = spec_.num_banks(), per_bank = spec_.contiguous_ ? spec_.num_shards() / banks : 0;
        const uint32_t bank = spec_.contiguous_ ? shard / per_bank : shard % banks, slot = spec_.contiguous_ ? shard % per_bank : shard / banks;
        return {bank, size_t(slot) * spec_.shard_volume()};
    }
    ALWI uint64_t address(const PageMapping& where, uint32_t offset, uint8_t noc) const {
        const uint32_t packed = spec_.coordinates_[where.bank_id], x = packed >> 8, y = packed & 0xFF;
        const uint64_t within = bank_base_address + where.bank_page_offset * page_size + offset;
        ttsim_computes(__builtin_constant_p(where.bank_page_offset), ttsim_self->page_address_cycles);
        return IsDram ? tensix_bank_address(1, x, within, noc) : ttsim_xy(x, y, within);
    }

    DSpec spec_;
};

template <typename Args>
TensorAccessor(const Args&, size_t) -> TensorAccessor<typename Args::Spec>;
template <typename Args>
TensorAccessor(const Args&, size_t, uint32_t) -> TensorAccessor<typename Args::Spec>;
template <typename Token>
TensorAccessor(const Token&) -> TensorAccessor<typename Token::args_t::Spec>;

// ---- several tensors, and views

template <typename... Args>
ALWI auto make_tensor_accessor_tuple(const std::tuple<Args...>& args, uint32_t address_rt_arg_index_start) {
    return std::apply(
        [&](const auto&... each) {
            uint32_t index = address_rt_arg_index_start;
            return std::tuple{TensorAccessor(each, get_arg_val<uint32_t>(index++))...};
        },
        args);
}
template <typename... Tokens>
ALWI auto make_tensor_accessors(const std::tuple<Tokens...>& tokens) {
    return std::apply([](const auto&... each) { return std::make_tuple(TensorAccessor(each)...); }, tokens);
}

/// Accessors of different types behind one.
class AbstractTensorAccessorWrapper {
  public:
    AbstractTensorAccessorWrapper() = default;
    template <typename Accessor>
    AbstractTensorAccessorWrapper(const Accessor& accessor)
        : accessor_(&accessor), address_([](const void* object, uint32_t page, uint32_t offset, uint8_t noc) {
              return static_cast<const Accessor*>(object)->get_noc_addr(page, offset, noc);
          }) {}
    ALWI uint64_t get_noc_addr(uint32_t page_idx, uint32_t offset = 0, TTSIM_NOC) const { return address_(accessor_, page_idx, offset, noc); }

  private:
    const void* accessor_ = nullptr;
    uint64_t (*address_)(const void*, uint32_t, uint32_t, uint8_t) = nullptr;
};
template <typename... Accessors>
ALWI auto make_abstract_tensor_accessor_wrappers(const std::tuple<Accessors...>& accessors) {
    return std::apply(
        [](const auto&... each) { return std::array<AbstractTensorAccessorWrapper, sizeof...(each)>{AbstractTensorAccessorWrapper(each)...}; }, accessors);
}

template <typename Accessor>
struct PageView {
    const Accessor& accessor;
    ALWI explicit PageView(const Accessor& acc) : accessor(acc) {}
    ALWI uint64_t get_noc_addr(uint32_t page_id, uint32_t offset, uint8_t noc) const { return accessor.get_noc_addr(page_id, offset, noc); }
};
template <typename Accessor>
struct ShardView {
    const Accessor& accessor;
    ALWI explicit ShardView(const Accessor& acc) : accessor(acc) {}
    ALWI bool is_local_shard(uint32_t shard_id, uint8_t noc) const { return accessor.is_local_shard(shard_id, noc); }
    ALWI uint64_t get_noc_addr(uint32_t shard_id, uint32_t offset, uint8_t noc) const { return accessor.get_shard_noc_addr(shard_id, offset, noc); }
};
