// SPDX-License-Identifier: Apache-2.0
//
// Numerics of one Tensix core as pure functions on memory: unpack, matrix unit (FPU), vector unit (SFPU), pack,
// and the host's own conversions. No machine state: circular buffers, DST sections and protocol belong to the caller.
//
// DST tile. `uint32_t dst[1024]` in tile order (4 faces of 16x16, each row-major), 64-byte aligned for speed (not required).
//   float data    the lane is the fp32 bit pattern. With a 16-bit DST (MathConfig::fp32_dest == false) the low 16 bits are
//                 zero (bf16), or the value is representable in fp16 (MathConfig::fp16_dest).
//   integer data  Int32 two's complement, UInt32/UInt16/UInt8 zero-extended, whatever the DST width.
// A fresh DST section is all zero: the caller clears it on acquire; FPU multiply, matmul and reduce accumulate on it.
//
// Functions that depend on a data format return false, and write nothing, when the format has no such conversion.
// The header is lean on purpose (kernels include it): <stdint.h> only.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace ttsim {

constexpr uint32_t TILE_LANES = 1024;
constexpr uint32_t FACE_LANES = 256;

/// Codes of tt-metal's DataFormat.
enum class DataFormat : uint8_t {
    Float32 = 0, Float16 = 1, Bfp8 = 2, Bfp4 = 3, Tf32 = 4, Float16_b = 5, Bfp8_b = 6, Bfp4_b = 7,
    Int32 = 8, UInt16 = 9, Lf8 = 10, Bfp2 = 11, Int8 = 14, Bfp2_b = 15, UInt32 = 24, Fp8_e4m3 = 26, UInt8 = 30,
    Invalid = 255,
};

enum class Accuracy : uint8_t { Fast, Exact };

/// Codes of tt-metal's EltwiseBinaryType, BroadcastType, PoolType, ReduceDim, EltwiseBinaryReuseDestType.
enum class EltwiseOp : uint8_t { Mul = 0, Add = 2, Sub = 3 };
enum class Broadcast : uint8_t { None = 0, Col = 1, Row = 2, Scalar = 3 };
enum class PoolType : uint8_t { Sum = 0, Avg = 1, Max = 2, Min = 3 };
enum class ReduceDim : uint8_t { Row = 0, Col = 1, Scalar = 2 };
enum class ReuseDest : uint8_t { None = 0, DestToSrcA = 1, DestToSrcB = 2 };
/// Codes of the packer's ReluType.
enum class Relu : uint8_t { None = 0, Zero = 1, MinThreshold = 2, MaxThreshold = 3 };

struct MathConfig {
    Accuracy accuracy = Accuracy::Fast;
    uint8_t fidelity_phases = 4;  ///< 1 LoFi, 2 HiFi2, 3 HiFi3, 4 HiFi4
    bool fp32_dest = false;       ///< DST_ACCUM_MODE / fp32_dest_acc_en
    bool approx = false;          ///< math_approx_mode (APPROX)
    bool fp16_dest = false;       ///< 16-bit DST holds fp16 instead of bf16 (inputs in the 5-bit-exponent formats)
};

struct PackConfig {
    Relu relu = Relu::None;
    uint16_t relu_threshold = 0;   ///< bf16 bits, as in the packer's register
    bool l1_accumulate = false;    ///< tile += packed value (Float32, Float16_b, Float16, Int32)
    bool mask_enabled = false;     ///< reduce edge mask: what lies outside `mask` packs as +0
    ReduceDim mask = ReduceDim::Row;  ///< kept: Row column 0, Col row 0, Scalar element [0][0]
};

/// One operand register bank: 1024 lanes, tile order, fp32 bits already truncated to what the register holds.
struct alignas(64) SrcTile {
    uint32_t lane[TILE_LANES];
};

// ---- formats (formats.cpp, unpack.cpp, pack.cpp) -------------------------------------------------------------------

/// Bytes of a tile of `datums` elements (block formats: 1 exponent byte per 16, padded to 16 bytes); 0 for Invalid.
uint32_t tile_bytes(DataFormat format, uint32_t datums = TILE_LANES);
/// Bytes of one element; 0 for the block formats.
uint32_t element_bytes(DataFormat format);
bool is_integer(DataFormat format);
bool is_block_float(DataFormat format);
const char* format_name(DataFormat format);
/// True if `unpack_*`/`copy_tile` (from) or `pack_tile` (to) handle the format.
bool can_unpack(DataFormat format);
bool can_pack(DataFormat format);

/// L1 tile -> SrcA or SrcB: bf16 lanes with a 16-bit DST, TF32 lanes with a 32-bit one; exponent 0 becomes +0.
bool unpack_src(const MathConfig& config, DataFormat format, const void* tile, SrcTile& out);
/// Datacopy CB -> DST. `to_dest`: straight to DST, bits kept (the CB's UnpackToDestFp32; integers of 32 bits always do).
/// `transpose_faces`: faces 1 and 2 swap; `transpose_within`: each 16x16 face is transposed.
bool copy_tile(const MathConfig& config, DataFormat format, const void* tile, bool to_dest, uint32_t* dst,
               bool transpose_within = false, bool transpose_faces = false);
/// transpose_tile (transpose_wh_tile): both transposes.
bool transpose_tile(const MathConfig& config, DataFormat format, const void* tile, bool to_dest, uint32_t* dst);
/// unary_bcast: row 0 / column 0 / element 0 of the tile spread over DST.
bool broadcast_tile(const MathConfig& config, DataFormat format, const void* tile, Broadcast how, uint32_t* dst);
/// transpose_dest: in place on DST; `faces` false transposes within the faces only.
void transpose_dest(uint32_t* dst, bool faces = true);

/// DST -> L1 tile in `format`, with the packer's rounding. Integers pack from integer lanes (saturating as the packer does).
bool pack_tile(const MathConfig& config, DataFormat format, const uint32_t* dst, void* tile, const PackConfig& pack = {});

/// Row-major rows of 32 elements, `row_bytes` apart <-> one tile. Element formats only (not block floats).
bool tilize(DataFormat format, const void* rows, size_t row_bytes, void* tile);
bool untilize(DataFormat format, const void* tile, void* rows, size_t row_bytes);

// ---- matrix unit (fpu.cpp, fpu_exact.cpp, matmul.cpp, reduce.cpp) ---------------------------------------------------

/// DST = a op b, or DST += with `accumulate` (for Mul the tt-metal default is true). Broadcast applies to b; `bcast_row`
/// is the row used by Broadcast::Row.
void fpu_binary(const MathConfig& config, EltwiseOp op, const SrcTile& a, const SrcTile& b, bool accumulate, uint32_t* dst,
                Broadcast bcast = Broadcast::None, uint32_t bcast_row = 0);
/// The same from two L1 tiles: a = in0 (SrcA), b = in1 (SrcB). What add_tiles, sub_tiles, mul_tiles and *_bcast_* do.
bool eltwise_tiles(const MathConfig& config, EltwiseOp op, DataFormat format_a, const void* tile_a, DataFormat format_b,
                   const void* tile_b, bool accumulate, uint32_t* dst, Broadcast bcast = Broadcast::None,
                   uint32_t bcast_row = 0);
/// *_reuse_dest_tiles: DestToSrcA is DST op tile, DestToSrcB is tile op DST; overwrites DST.
bool eltwise_reuse_dest(const MathConfig& config, EltwiseOp op, ReuseDest reuse, DataFormat format, const void* tile,
                        uint32_t* dst);

/// An operand converted for matmul; keep it while the same tile is used again. Opaque content, valid for the configuration
/// (accuracy, fidelity, fp32_dest, fp16_dest) it was made with.
struct MatmulOperand {
    alignas(64) uint8_t data[16384];
};
/// in0 (rows of the product, SrcB) and in1 (columns, SrcA); `transpose` transposes in1.
bool matmul_prepare_in0(const MathConfig& config, DataFormat format, const void* tile, MatmulOperand& out);
bool matmul_prepare_in1(const MathConfig& config, DataFormat format, const void* tile, bool transpose, MatmulOperand& out);
/// DST += in0 @ in1.
void matmul_operands(const MathConfig& config, const MatmulOperand& in0, const MatmulOperand& in1, uint32_t* dst);
/// matmul_tiles.
bool matmul_tile(const MathConfig& config, DataFormat format0, const void* in0, DataFormat format1, const void* in1,
                 bool transpose, uint32_t* dst);
/// matmul_block, one inner step: for r < rt, c < ct: dst[r*ct + c] += in0[r*kt] @ in1[c]; in0/in1 point at the first tiles,
/// tiles of one CB lie `tile_bytes(format)` apart. Each tile is converted once. rt*ct <= 16.
bool matmul_block(const MathConfig& config, DataFormat format0, const void* in0, DataFormat format1, const void* in1,
                  bool transpose, uint32_t ct, uint32_t rt, uint32_t kt, uint32_t* dst);

/// reduce_tile: accumulates on DST. Result: Row in column 0, Col in row 0, Scalar in [0][0]; other lanes are unspecified.
/// `fresh`: the DST tile was not written since acquire (a zeroed DST does not take part in Max).
bool reduce_tile(const MathConfig& config, PoolType pool, ReduceDim dim, DataFormat format, const void* tile,
                 DataFormat scaler_format, const void* scaler, uint32_t* dst, bool fresh);
void reduce_src(const MathConfig& config, PoolType pool, ReduceDim dim, const SrcTile& data, const SrcTile& scaler,
                uint32_t* dst, bool fresh);

// ---- vector unit (sfpu*.cpp) ----------------------------------------------------------------------------------------

/// Every SFPU operation is one row of sfpu_ops.def: name, tiles read, uint32 parameters, what it is.
enum class SfpuOp : uint16_t {
#define TTSIM_SFPU(name, tiles, params, domain, api) name,
#include "sfpu_ops.def"
#undef TTSIM_SFPU
    Count
};
struct SfpuOpInfo {
    const char* name;
    uint8_t tiles;       ///< 1 unary (in place), 2 binary, 3 ternary
    uint8_t params;      ///< uint32 parameters; fp32 bits unless the row says int
    const char* domain;  ///< "float", "int32", "uint32", "uint16"
};
const SfpuOpInfo& sfpu_info(SfpuOp op);

/// Which faces an operation touches (bit f = face f): VectorMode RC 0b1111, R 0b0011, C 0b0101.
using Faces = uint8_t;
constexpr Faces ALL_FACES = 0xF;

void sfpu_unary(const MathConfig& config, SfpuOp op, uint32_t* dst, uint32_t p0 = 0, uint32_t p1 = 0, uint32_t p2 = 0,
                Faces faces = ALL_FACES);
/// `out` may be `a` or `b`.
void sfpu_binary(const MathConfig& config, SfpuOp op, const uint32_t* a, const uint32_t* b, uint32_t* out, uint32_t p0 = 0,
                 Faces faces = ALL_FACES);
/// `out` may be any input.
void sfpu_ternary(const MathConfig& config, SfpuOp op, const uint32_t* a, const uint32_t* b, const uint32_t* c,
                  uint32_t* out, uint32_t p0 = 0, Faces faces = ALL_FACES);

/// fill_tile, fill_tile_bitcast (fp32 bits, truncated to the DST width).
void fill_float(const MathConfig& config, uint32_t bits, uint32_t* dst);
/// fill_tile_int<format>: UInt16 keeps 16 bits.
void fill_int(DataFormat format, uint32_t value, uint32_t* dst);
/// typecast_tile<from, to>; false if tt-metal has no such pair.
bool typecast(const MathConfig& config, DataFormat from, DataFormat to, uint32_t* dst);
bool can_typecast(DataFormat from, DataFormat to);
/// Running sum down the columns of the 32x32 tile; `carry[32]` is the row left by the previous tile (written back).
void cumsum(const MathConfig& config, bool first, uint32_t* dst, uint32_t* carry);
/// sfpu_reduce: Col leaves row 0, Row leaves column 0. Formats Int32, UInt32, UInt16, Float32, Float16_b.
bool sfpu_reduce(const MathConfig& config, PoolType pool, ReduceDim dim, DataFormat format, uint32_t* dst);
/// sfpu_{add,sub,mul}_bcast_{col,row} within DST; op as in EltwiseOp.
void sfpu_bcast(const MathConfig& config, EltwiseOp op, Broadcast how, uint32_t* data, const uint32_t* vector);

/// Random numbers of one core's SFPU. Deterministic; not the silicon's sequence.
struct RandomState {
    uint32_t lane[32];
};
void random_seed(RandomState& state, uint32_t seed);
/// rand_tile: uniform in [from, from + scale), parameters are fp32 bits.
void sfpu_rand(const MathConfig& config, RandomState& state, uint32_t from, uint32_t scale, uint32_t* dst);
/// dropout_tile: probability is an integer of 31 bits (p * INT32_MAX), scale fp32 bits.
void sfpu_dropout(const MathConfig& config, RandomState& state, uint32_t probability, uint32_t scale, uint32_t* dst);
void sfpu_stochastic_round(RandomState& state, uint32_t* dst);

// ---- host conversions (host.cpp): whole arrays, the host's rounding (nearest even) ----------------------------------

/// float32 values in tile order (count = a multiple of 1024 for block formats) -> packed format, and back.
/// Integer formats convert by truncation with saturation.
bool host_from_float(DataFormat format, const float* values, size_t count, void* out);
bool host_to_float(DataFormat format, const void* in, size_t count, float* values);
/// Row-major matrix [rows][cols] (multiples of 32) of elements <-> tiles, row-major over the tile grid.
bool host_tilize(uint32_t element_size, const void* matrix, size_t rows, size_t cols, void* tiles);
bool host_untilize(uint32_t element_size, const void* tiles, size_t rows, size_t cols, void* matrix);

}  // namespace ttsim
