// SPDX-License-Identifier: Apache-2.0
//
// What every kernel sees: integer types, attributes, enumerations, arguments.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "ttsim/abi.h"

#define ALWI inline __attribute__((always_inline))
#define FORCE_INLINE inline __attribute__((always_inline))
#define TT_ALWAYS_INLINE inline __attribute__((always_inline))
#define tt_l1_ptr
#define tt_reg_ptr
#define TTSIM_LINE uint32_t call_line = __builtin_LINE()

// Parts of a compute kernel for one processor: chosen as the kernel runs.
#define TTSIM_PART(name, ...) \
    if (ttsim_self->role == TTSIM_##name) { __VA_ARGS__; }
#define UNPACK(...) TTSIM_PART(UNPACK, __VA_ARGS__)
#define MATH(...) TTSIM_PART(MATH, __VA_ARGS__)
#define PACK(...) TTSIM_PART(PACK, __VA_ARGS__)

// On the chip size_t and uint32_t are one type: minima and maxima of the two are those of 32-bit words.
namespace std {
template <typename A, typename B, typename = enable_if_t<is_unsigned_v<A> && is_unsigned_v<B> && sizeof(A) >= 4 && sizeof(B) >= 4 && sizeof(A) != sizeof(B)>>
constexpr uint32_t min(A a, B b) {
    return a < b ? uint32_t(a) : uint32_t(b);
}
template <typename A, typename B, typename = enable_if_t<is_unsigned_v<A> && is_unsigned_v<B> && sizeof(A) >= 4 && sizeof(B) >= 4 && sizeof(A) != sizeof(B)>>
constexpr uint32_t max(A a, B b) {
    return a < b ? uint32_t(b) : uint32_t(a);
}
}  // namespace std

using uint = unsigned int;

enum class DataFormat : uint8_t {
    Float32 = 0, Float16 = 1, Bfp8 = 2, Bfp4 = 3, Tf32 = 4, Float16_b = 5, Bfp8_b = 6, Bfp4_b = 7, Int32 = 8, UInt16 = 9,
    Lf8 = 10, Bfp2 = 11, Int8 = 14, Bfp2_b = 15, UInt32 = 24, Fp8_e4m3 = 26, UInt8 = 30, RawUInt8 = 0xf0, RawUInt16 = 0xf1,
    RawUInt32 = 0xf2, Invalid = 0xff,
};

enum class ProgrammableCoreType : uint8_t { TENSIX = 0, ACTIVE_ETH = 1, IDLE_ETH = 2, COUNT = 3 };

namespace tt {
using ::DataFormat;
enum CBIndex : uint8_t {
    c_0, c_1, c_2, c_3, c_4, c_5, c_6, c_7, c_8, c_9, c_10, c_11, c_12, c_13, c_14, c_15, c_16, c_17, c_18, c_19, c_20, c_21,
    c_22, c_23, c_24, c_25, c_26, c_27, c_28, c_29, c_30, c_31, c_32, c_33, c_34, c_35, c_36, c_37, c_38, c_39, c_40, c_41,
    c_42, c_43, c_44, c_45, c_46, c_47, c_48, c_49, c_50, c_51, c_52, c_53, c_54, c_55, c_56, c_57, c_58, c_59, c_60, c_61,
    c_62, c_63, SIZE
};
enum CB : uint8_t {
    c_in0 = 0, c_in1 = 1, c_in2 = 2, c_in3 = 3, c_in4 = 4, c_in5 = 5, c_in6 = 6, c_in7 = 7, dataflow0 = 8, dataflow1 = 9,
    dataflow2 = 10, dataflow3 = 11, dataflow4 = 12, dataflow5 = 13, dataflow6 = 14, dataflow7 = 15, c_out0 = 16, c_out1 = 17,
    c_out2 = 18, c_out3 = 19, c_out4 = 20, c_out5 = 21, c_out6 = 22, c_out7 = 23, c_intermed0 = 24, c_intermed1 = 25,
    c_intermed2 = 26, c_intermed3 = 27, c_intermed4 = 28, c_intermed5 = 29, c_intermed6 = 30, c_intermed7 = 31
};
/// What host code and kernels of 0.69 share.
namespace tt_metal {
enum class TensorMemoryLayout { INTERLEAVED = 0, HEIGHT_SHARDED = 2, WIDTH_SHARDED = 3, BLOCK_SHARDED = 4, ND_SHARDED = 5 };
enum class ShardOrientation { ROW_MAJOR = 0, COL_MAJOR = 1 };
enum class ShardDistributionStrategy { ROUND_ROBIN_1D = 0, GRID_2D = 1 };
enum class BufferType { DRAM = 0, L1 = 1, SYSTEM_MEMORY = 2, L1_SMALL = 3, TRACE = 4 };
}  // namespace tt_metal
namespace constants {
constexpr uint32_t TILE_WIDTH = 32, TILE_HEIGHT = 32, TILE_HW = 1024, FACE_WIDTH = 16, FACE_HEIGHT = 16, FACE_HW = 256;
}
}  // namespace tt

constexpr uint32_t NUM_CIRCULAR_BUFFERS = 64;
constexpr uint32_t TILE_C_DIM = 32, TILE_R_DIM = 32, FACE_C_DIM = 16, FACE_R_DIM = 16;

namespace ckernel {

enum EltwiseBinaryType : uint8_t { ELWMUL = 0, ELWDIV = 1, ELWADD = 2, ELWSUB = 3, ELWLESS = 4 };
enum class EltwiseBinaryReuseDestType : uint8_t { NONE = 0, DEST_TO_SRCA = 1, DEST_TO_SRCB = 2 };
enum class BroadcastType : uint8_t { NONE = 0, COL = 1, ROW = 2, SCALAR = 3 };
enum class PoolType : uint8_t { SUM = 0, AVG = 1, MAX = 2, MIN = 3 };
enum class ReduceDim : uint8_t { REDUCE_ROW = 0, REDUCE_COL = 1, REDUCE_SCALAR = 2 };
enum VectorMode : int { None = 0, R = 1, C = 2, RC = 4, RC_custom = 6, Invalid = 0xFF };
enum class SrcOrder : uint8_t { Regular = 0, Reverse = 1 };
enum class MathFidelity : uint8_t { LoFi = 0, HiFi2 = 2, HiFi3 = 3, HiFi4 = 4 };
enum class InputClamping : uint8_t { ClampToNegative = 0, None = 1 };
enum class DstRoundingMode : uint8_t { Default = 0, NearestEven = 1 };
enum class DstSync : uint8_t { SyncHalf = 0, SyncFull = 1 };
enum class ReciprocalDestAcc : uint8_t { BF16 = 0, FP32 = 1 };
enum class ReciprocalApproxMode : uint8_t { Default = 0, Precise = 1, Approximate = 2 };
enum class RsqrtMode : uint8_t { Default = 0, Fast = 1 };
constexpr uint32_t MAX_FACE_R_DIM = 16, MAX_FACE_C_DIM = 16;
enum class ReluType : uint8_t { NO_RELU = 0, ZERO_RELU = 1, MIN_THRESHOLD_RELU = 2, MAX_THRESHOLD_RELU = 3 };

}  // namespace ckernel

using namespace ckernel;

// ---- arguments

#define get_compile_time_arg_val(index) get_ct_arg<index>()

template <typename T>
ALWI T get_arg_val(int index, TTSIM_LINE) {
    static_assert(sizeof(T) == 4, "runtime arguments are 32-bit words");
    if (uint32_t(index) >= ttsim_self->arg_count) tensix_arg_out_of_range(uint32_t(index), 0, call_line);
    ttsim_self->pending_cycles += ttsim_self->argument_cycles;
    const uint32_t word = ttsim_self->args[index];
    T value;
    __builtin_memcpy(&value, &word, 4);
    return value;
}
template <typename T>
ALWI T get_common_arg_val(int index, TTSIM_LINE) {
    static_assert(sizeof(T) == 4, "runtime arguments are 32-bit words");
    if (uint32_t(index) >= ttsim_self->common_arg_count) tensix_arg_out_of_range(uint32_t(index), 1, call_line);
    ttsim_self->pending_cycles += ttsim_self->argument_cycles;
    const uint32_t word = ttsim_self->common_args[index];
    T value;
    __builtin_memcpy(&value, &word, 4);
    return value;
}
ALWI uintptr_t get_arg_addr(int index) { return reinterpret_cast<uintptr_t>(ttsim_self->args + index); }
ALWI uintptr_t get_common_arg_addr(int index) { return reinterpret_cast<uintptr_t>(ttsim_self->common_args + index); }

ALWI uint8_t get_absolute_logical_x() { return ttsim_self->logical_x; }
ALWI uint8_t get_absolute_logical_y() { return ttsim_self->logical_y; }
ALWI uint8_t get_relative_logical_x() { return ttsim_self->relative_x; }
ALWI uint8_t get_relative_logical_y() { return ttsim_self->relative_y; }

// ---- circular buffers (data movement and compute)

ALWI void cb_reserve_back(int32_t operand, int32_t num_pages, TTSIM_LINE) { tensix_cb_reserve_back(operand, num_pages, call_line); }
ALWI void cb_push_back(int32_t operand, int32_t num_pages, TTSIM_LINE) { tensix_cb_push_back(operand, num_pages, call_line); }
ALWI void cb_wait_front(int32_t operand, int32_t num_pages, TTSIM_LINE) { tensix_cb_wait_front(operand, num_pages, call_line); }
ALWI void cb_pop_front(int32_t operand, int32_t num_pages, TTSIM_LINE) { tensix_cb_pop_front(operand, num_pages, call_line); }
ALWI bool cb_pages_available_at_front(int32_t operand, int32_t num_pages, TTSIM_LINE) {
    return tensix_cb_pages_available(operand, num_pages, call_line);
}
ALWI bool cb_pages_reservable_at_back(int32_t operand, int32_t num_pages, TTSIM_LINE) {
    return tensix_cb_pages_reservable(operand, num_pages, call_line);
}
ALWI uint32_t get_write_ptr(uint32_t operand) { return tensix_cb_write_ptr(operand); }
ALWI uint32_t get_read_ptr(uint32_t operand) { return tensix_cb_read_ptr(operand); }
ALWI uint32_t get_cb_tiles_acked_ptr(uint32_t) = delete;

namespace ckernel {
using ::cb_pop_front;
using ::cb_push_back;
using ::cb_reserve_back;
using ::cb_wait_front;
using ::get_arg_val;
using ::get_common_arg_val;
}  // namespace ckernel

/// A pointer of a circular buffer: reads as its address, and moves when it is set.
struct ttsim_cb_pointer {
    uint32_t value;
    uint16_t cb;
    uint8_t side, shift;
    ttsim_cb_pointer(const ttsim_cb_pointer&) = delete;
    ALWI operator uint32_t() const { return value; }
    ALWI ttsim_cb_pointer& operator=(uint32_t address) {
        tensix_cb_set_pointer(cb, side, address << shift, ttsim_self->line);
        value = address;
        return *this;
    }
    ALWI ttsim_cb_pointer& operator=(const ttsim_cb_pointer& other) { return *this = other.value; }
    ALWI ttsim_cb_pointer& operator+=(uint32_t distance) { return *this = value + distance; }
    ALWI ttsim_cb_pointer& operator-=(uint32_t distance) { return *this = value - distance; }
};
/// A circular buffer's bookkeeping as kernels read it: bytes for data movement, units of 16 bytes for compute.
struct LocalCBInterface {
    const uint32_t fifo_size, fifo_limit, fifo_page_size, fifo_num_pages;
    ttsim_cb_pointer fifo_rd_ptr, fifo_wr_ptr;
};
static_assert(sizeof(LocalCBInterface) == sizeof(ttsim_thread::cb_view[0]));
ALWI LocalCBInterface& get_local_cb_interface(uint32_t operand) {
    const uint8_t shift = ttsim_self->role >= TTSIM_UNPACK ? 4 : 0;
    const uint32_t page = tensix_cb_page_size(operand) >> shift, pages = tensix_cb_pages(operand), places = uint32_t(shift) << 24 | operand;
    uint32_t* const word = ttsim_self->cb_view[operand & 63];
    word[0] = page * pages, word[1] = tensix_cb_limit(operand) >> shift, word[2] = page, word[3] = pages;
    word[4] = tensix_cb_read_ptr(operand) >> shift, word[5] = places;
    word[6] = tensix_cb_write_ptr(operand) >> shift, word[7] = places | 1u << 16;
    return *reinterpret_cast<LocalCBInterface*>(word);
}

// ---- not simulated

/// Calls that kernels name in branches that they do not take: a branch that is taken does not compile, and says which call.
#define TTSIM_REFUSED(name) __attribute__((error(name " is not simulated")))
namespace ckernel {
/// A load that has happened when it returns.
template <typename T>
ALWI T load_blocking(volatile T* pointer) {
    static_assert(sizeof(T) == 2 || sizeof(T) == 4, "load_blocking: 16 or 32 bits");
    return *pointer;
}
enum ThreadId : uint8_t { UnpackThreadId = 0, MathThreadId = 1, PackThreadId = 2, BriscThreadId = 3 };
ALWI void mailbox_write(uint8_t thread, uint32_t data, TTSIM_LINE) { tensix_mailbox_write(thread, data, call_line); }
ALWI uint32_t mailbox_read(uint8_t thread, TTSIM_LINE) { return tensix_mailbox_read(thread, call_line); }
}  // namespace ckernel

// ---- assertions, time

#define ASSERT(condition, ...) \
    do { if (!(condition)) tensix_assert_failed(#condition, __builtin_LINE()); } while (0)
#define LLK_ASSERT(condition, message) \
    do { if (!(condition)) tensix_assert_failed(message, __builtin_LINE()); } while (0)
#define WAYPOINT(text)
ALWI uint64_t get_timestamp() { return tensix_now(); }
ALWI uint32_t get_timestamp_32b() { return uint32_t(tensix_now()); }
ALWI void riscv_wait(uint32_t, TTSIM_LINE) { tensix_relax(call_line); }
ALWI void invalidate_l1_cache(TTSIM_LINE) { tensix_relax(call_line); }
