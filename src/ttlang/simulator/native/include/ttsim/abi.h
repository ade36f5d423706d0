// SPDX-License-Identifier: Apache-2.0
//
// What a compiled kernel and the engine share: the running processor's public state and the calls it makes.
// Lean on purpose: every kernel compile reads it. `line` is the C++ line of the call in the kernel file.
#pragma once
#include <stdint.h>

extern "C" {

/// The RISC-V processors of a core, in the order in which the engine places their fibers.
enum ttsim_role { TTSIM_DM0 = 0, TTSIM_DM1 = 1, TTSIM_UNPACK = 2, TTSIM_MATH = 3, TTSIM_PACK = 4, TTSIM_ROLES = 5 };

struct ttsim_thread {
    const volatile uint32_t* args;         ///< per-core runtime arguments, in L1
    const volatile uint32_t* common_args;  ///< runtime arguments of all cores, in L1
    uint32_t arg_count, common_arg_count;
    uint32_t l1_base;   ///< address of the core's L1 slot: L1 offset 0
    uint32_t line;      ///< line of the last API call
    uint8_t role, noc;
    uint8_t logical_x, logical_y;    ///< absolute
    uint8_t relative_x, relative_y;  ///< from the first core of the kernel's ranges
    uint8_t noc_x, noc_y;            ///< coordinates on the NoC
    uint8_t write_state_posted[2];
    // registers of the stateful NoC calls, by NoC
    uint32_t read_trid[2], write_trid[2];
    uint64_t read_state[2], write_state[2];
    uint32_t read_state_bytes[2], write_state_bytes[2];
    uint32_t inline_state[2];
    uint32_t cb_view[64][8];  ///< LocalCBInterface by buffer, filled as kernels ask
    uint32_t pending_cycles;  ///< of the API's code since the last call; added to the next one
    uint8_t argument_cycles, address_cycles, page_address_cycles;  ///< a load of an argument, a NoC address made of coordinates, of a page
};
/// The processor that runs now.
extern ttsim_thread* ttsim_self;
/// Its own code since its last call: the code itself notes it, block by block.
struct ttsim_own_code {
    int64_t cycles;  ///< less what its calls include
    uint32_t line;   ///< in the kernel's file, of the last block that costs something; 0 if there was none
};
extern ttsim_own_code ttsim_own;

// ---- arguments
uint32_t tensix_arg_out_of_range(uint32_t index, uint32_t common, uint32_t line);

// ---- circular buffers
void tensix_cb_reserve_back(uint32_t cb, uint32_t pages, uint32_t line);
void tensix_cb_push_back(uint32_t cb, uint32_t pages, uint32_t line);
void tensix_cb_wait_front(uint32_t cb, uint32_t pages, uint32_t line);
void tensix_cb_pop_front(uint32_t cb, uint32_t pages, uint32_t line);
uint32_t tensix_cb_pages_available(uint32_t cb, uint32_t pages, uint32_t line);
uint32_t tensix_cb_pages_reservable(uint32_t cb, uint32_t pages, uint32_t line);
uint32_t tensix_cb_read_ptr(uint32_t cb);
uint32_t tensix_cb_write_ptr(uint32_t cb);
uint32_t tensix_cb_page_size(uint32_t cb);
/// Address of the end of a circular buffer's ring.
uint32_t tensix_cb_limit(uint32_t cb);
/// Moves the read pointer (side 0) or the write pointer (side 1) to the start of a page; a fault when there is none.
void tensix_cb_set_pointer(uint32_t cb, uint32_t side, uint32_t address, uint32_t line);
/// Address of the table entry of a buffer that spans cores (L1 offset of its configuration, page size); a fault, or 0, without one.
uint32_t tensix_remote_cb_entry(uint32_t cb, uint32_t required, uint32_t line);
/// Lays a local buffer on the ring of `bytes` at `start`; both its pointers come to `pointer`.
void tensix_cb_align(uint32_t cb, uint32_t start, uint32_t bytes, uint32_t pointer, uint32_t line);
uint32_t tensix_cb_pages(uint32_t cb);
uint32_t tensix_cb_format(uint32_t cb);
uint32_t tensix_cb_tile_bytes(uint32_t cb);
/// Rows << 8 | columns of a tile.
uint32_t tensix_cb_tile_shape(uint32_t cb);
/// Address of a tile at the front, the same value on the three compute processors.
uint32_t tensix_cb_tile_address(uint32_t cb, uint32_t tile, uint32_t line);
/// Words between the processors of a core, by the numbers of their mailboxes.
enum ttsim_mail { TTSIM_MAIL_UNPACK = 0, TTSIM_MAIL_MATH, TTSIM_MAIL_PACK, TTSIM_MAIL_BRISC };
void tensix_mailbox_write(uint32_t thread, uint32_t value, uint32_t line);
uint32_t tensix_mailbox_read(uint32_t thread, uint32_t line);

// ---- NoC
enum ttsim_noc_flags {
    TTSIM_NOC_POSTED = 1, TTSIM_NOC_ONE_PACKET = 2, TTSIM_NOC_LOOPBACK = 4, TTSIM_NOC_LINKED = 8,
    TTSIM_NOC_STATEFUL = 16, TTSIM_NOC_PAGE = 32,
};
enum ttsim_barrier_kind { TTSIM_READS = 0, TTSIM_WRITES, TTSIM_WRITES_SENT, TTSIM_POSTED_SENT, TTSIM_ATOMICS, TTSIM_ALL };
constexpr uint32_t TTSIM_ANY_TRID = 0xFFFFFFFFu;
void tensix_noc_read(uint64_t source, uint32_t l1, uint32_t bytes, uint32_t noc, uint32_t trid, uint32_t flags, uint32_t line);
void tensix_noc_write(uint32_t l1, uint64_t target, uint32_t bytes, uint32_t noc, uint32_t trid, uint32_t flags, uint32_t line);
void tensix_noc_multicast(uint32_t l1, uint64_t targets, uint32_t bytes, uint32_t count, uint32_t noc, uint32_t trid,
                         uint32_t flags, uint32_t line);
void tensix_noc_atomic(uint64_t target, uint32_t increment, uint32_t count, uint32_t multicast, uint32_t noc, uint32_t flags,
                      uint32_t line);
void tensix_noc_inline_write(uint64_t target, uint32_t value, uint32_t byte_enable, uint32_t count, uint32_t multicast,
                            uint32_t noc, uint32_t flags, uint32_t line);
void tensix_noc_barrier(uint32_t kind, uint32_t noc, uint32_t trid, uint32_t line);
/// Nonzero when a barrier of that kind would not wait.
uint32_t tensix_noc_done(uint32_t kind, uint32_t noc, uint32_t trid, uint32_t line);
/// NoC address of page `id` of an interleaved buffer.
uint64_t tensix_interleaved_address(uint32_t dram, uint32_t id, uint64_t base, uint32_t page_size, uint32_t offset, uint32_t noc);
/// NoC address of `address` in a bank.
uint64_t tensix_bank_address(uint32_t dram, uint32_t bank, uint64_t address, uint32_t noc);

// ---- semaphores
uint32_t tensix_semaphore_address(uint32_t id, uint32_t line);
/// at_least: 0 wait until equal, 1 wait until not less.
void tensix_semaphore_wait(uint64_t pointer, uint32_t value, uint32_t at_least, uint32_t line);
void tensix_semaphore_set(uint64_t pointer, uint32_t value, uint32_t line);

// ---- compute: registers
enum ttsim_regs { TTSIM_ACQUIRE = 0, TTSIM_COMMIT, TTSIM_WAIT, TTSIM_RELEASE, TTSIM_ACQUIRE_DST, TTSIM_RELEASE_DST };
void tensix_tile_regs(uint32_t what, uint32_t line);
/// Initialisation of an operation; `unit` is a mask of processors (1 << role) that pay for it.
void tensix_init(uint32_t units, uint32_t line);
/// Full configuration: data formats of SrcA, SrcB and the packer are those of these circular buffers.
void tensix_hw_startup(uint32_t cb_a, uint32_t cb_b, uint32_t out, uint32_t line);
void tensix_reconfigure(uint32_t units, uint32_t line);
/// An initialisation that also configures the hardware when it is the kernel's first.
void tensix_startup_if_missing(uint32_t cb_a, uint32_t cb_b, uint32_t out, uint32_t line);
/// Data formats of SrcA and SrcB become those of `cb_a` and `cb_b`; TTSIM_NO_CB leaves one as it is.
constexpr uint32_t TTSIM_NO_CB = 0xFFFFFFFFu;
void tensix_reconfigure_sources(uint32_t units, uint32_t cb_a, uint32_t cb_b, uint32_t line);
void tensix_reconfigure_pack(uint32_t cb, uint32_t line);
/// What unpack and math are set up for; a binary operation adds its kind (<< 8) and its broadcast (<< 16).
enum ttsim_operation {
    TTSIM_OP_NONE = 0, TTSIM_OP_BINARY, TTSIM_OP_BINARY_REUSE, TTSIM_OP_COPY, TTSIM_OP_MATMUL, TTSIM_OP_REDUCE, TTSIM_OP_TRANSPOSE,
    TTSIM_OP_BROADCAST, TTSIM_OP_TILIZE,
};
void tensix_operation_init(uint32_t operation, uint32_t units, uint32_t line);
/// Initialisation of a vector-unit function; `name` is ttsim_name_hash of the call.
void tensix_sfpu_init(uint32_t name, uint32_t line);
constexpr uint32_t ttsim_name_hash(const char* text) {
    uint32_t hash = 2166136261u;
    for (; *text; text++) hash = (hash ^ uint8_t(*text)) * 16777619u;
    return hash;
}

// ---- compute: matrix unit
void tensix_binary_init(uint32_t operation, uint32_t accumulate, uint32_t line);
void tensix_binary_tiles(uint32_t op, uint32_t cb0, uint32_t cb1, uint32_t tile0, uint32_t tile1, uint32_t dst,
                        uint32_t broadcast, uint32_t broadcast_row, uint32_t line);
void tensix_binary_reuse(uint32_t op, uint32_t reuse, uint32_t cb, uint32_t tile, uint32_t dst, uint32_t line);
void tensix_copy_init(uint32_t transpose_faces, uint32_t transpose_within, uint32_t line);
void tensix_copy_tile(uint32_t cb, uint32_t tile, uint32_t dst, uint32_t line);
void tensix_transpose_tile(uint32_t cb, uint32_t tile, uint32_t dst, uint32_t line);
void tensix_transpose_dst(uint32_t dst, uint32_t faces, uint32_t line);
void tensix_broadcast_tile(uint32_t how, uint32_t cb, uint32_t tile, uint32_t dst, uint32_t line);
void tensix_matmul_init(uint32_t transpose, uint32_t line);
void tensix_matmul_tiles(uint32_t cb0, uint32_t cb1, uint32_t tile0, uint32_t tile1, uint32_t dst, uint32_t line);
void tensix_matmul_block(uint32_t cb0, uint32_t cb1, uint32_t tile0, uint32_t tile1, uint32_t dst, uint32_t transpose,
                        uint32_t ct, uint32_t rt, uint32_t kt, uint32_t line);
void tensix_reduce_init(uint32_t pool, uint32_t dim, uint32_t line);
void tensix_reduce_uninit(uint32_t line);
void tensix_reduce_tile(uint32_t pool, uint32_t dim, uint32_t cb, uint32_t scaler, uint32_t tile, uint32_t scaler_tile,
                       uint32_t dst, uint32_t line);

// ---- compute: pack, tilize
void tensix_pack_tile(uint32_t dst, uint32_t cb, uint32_t out_of_order, uint32_t tile, uint32_t line);
void tensix_pack_l1_accumulate(uint32_t enable, uint32_t line);
void tensix_pack_relu(uint32_t mode, uint32_t threshold, uint32_t line);
void tensix_tilize_tile(uint32_t cb, uint32_t block, uint32_t first_tile, uint32_t column, uint32_t dst, uint32_t fast, uint32_t line);
/// One DST tile to row-major rows of `width` tiles at the back of `cb`: tile row `row`, tile column `column`.
void tensix_pack_untilize(uint32_t dst, uint32_t cb, uint32_t width, uint32_t row, uint32_t column, uint32_t line);

// ---- compute: vector unit; operations are numbered by numerics/sfpu_ops.def. vector_mode as in VectorMode.
void tensix_sfpu_unary(uint32_t op, uint32_t dst, uint32_t p0, uint32_t p1, uint32_t p2, uint32_t vector_mode, uint32_t line);
void tensix_sfpu_binary(uint32_t op, uint32_t a, uint32_t b, uint32_t out, uint32_t p0, uint32_t vector_mode, uint32_t line);
void tensix_sfpu_ternary(uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t out, uint32_t p0, uint32_t vector_mode,
                        uint32_t line);
/// Parameters of an initialisation that a later call uses (fmod, remainder in 0.81).
void tensix_sfpu_init_params(uint32_t p0, uint32_t p1, uint32_t line);
void tensix_sfpu_unary_init_params(uint32_t op, uint32_t dst, uint32_t vector_mode, uint32_t line);
void tensix_fill(uint32_t dst, uint32_t bits, uint32_t line);
void tensix_fill_int(uint32_t dst, uint32_t format, uint32_t value, uint32_t line);
void tensix_typecast(uint32_t dst, uint32_t from, uint32_t to, uint32_t line);
void tensix_copy_dst(uint32_t from, uint32_t to, uint32_t line);
void tensix_cumsum(uint32_t dst, uint32_t first, uint32_t line);
void tensix_sfpu_reduce(uint32_t pool, uint32_t dim, uint32_t format, uint32_t dst, uint32_t line);
void tensix_sfpu_bcast(uint32_t op, uint32_t how, uint32_t data, uint32_t vector, uint32_t line);
void tensix_rand_init(uint32_t seed, uint32_t line);
void tensix_rand(uint32_t dst, uint32_t from, uint32_t scale, uint32_t line);
void tensix_dropout(uint32_t dst, uint32_t probability, uint32_t scale, uint32_t line);
void tensix_stochastic_round(uint32_t dst, uint32_t line);

// ---- compute: statistics of columns, sorting. Numbers are float bits.
enum ttsim_statistics {
    TTSIM_STAT_CLEAR = 0, TTSIM_STAT_SAVE, TTSIM_STAT_RESTORE, TTSIM_STAT_SAVE_ANCHOR, TTSIM_STAT_RESTORE_ANCHOR, TTSIM_STAT_FINISH_MEAN,
    TTSIM_STAT_TO_ROW, TTSIM_STAT_VARIANCE_TO_ROW, TTSIM_STAT_COMBINE,
    TTSIM_STAT_SAVE_GROUP, TTSIM_STAT_RESTORE_GROUP, TTSIM_STAT_TO_FACE,  // `count` is the group
};
void tensix_statistics(uint32_t what, uint32_t dst, uint32_t reciprocal, uint32_t count, uint32_t line);
/// One step of Welford's recurrence a row: `reciprocals` of counts from `first` + 1 on, or null to divide.
void tensix_welford_rows(uint32_t dst, uint32_t first, uint32_t row, uint32_t rows, const uint32_t* reciprocals, uint32_t known, uint32_t line);
/// Two-pass form: pass 0 adds distances from the anchor, pass 1 squared distances from the mean; `anchored`: the first row is the anchor.
void tensix_two_pass_rows(uint32_t dst, uint32_t row, uint32_t rows, uint32_t pass, uint32_t anchored, uint32_t line);
/// Bitonic top-k on each column of 64 values (tiles dst, dst + 1) and their indices (dst + 2, dst + 3): runs of `run` values.
enum ttsim_topk { TTSIM_TOPK_SORT = 0, TTSIM_TOPK_MERGE };
void tensix_topk(uint32_t what, uint32_t dst, uint32_t ascending, uint32_t run, uint32_t distance, uint32_t stable, uint32_t line);

// ---- compute: vector-unit functions that few kernels call
enum ttsim_special_unary { TTSIM_DIGAMMA = 0, TTSIM_POLYGAMMA, TTSIM_LGAMMA_REFLECTED, TTSIM_GELU_DERIVATIVE, TTSIM_XIELU };
/// `p0`, `p1`: float bits.
void tensix_special_unary(uint32_t what, uint32_t dst, uint32_t p0, uint32_t p1, uint32_t line);
enum ttsim_special_binary {
    TTSIM_LOG_ADD_EXP = 0, TTSIM_LOG_ADD_EXP2, TTSIM_LOGSIGMOID, TTSIM_IS_CLOSE, TTSIM_IS_CLOSE_NAN, TTSIM_NEXT_AFTER, TTSIM_NEXT_AFTER_BF16,
    TTSIM_SITU_GLU,
};
void tensix_special_binary(uint32_t what, uint32_t a, uint32_t b, uint32_t out, uint32_t p0, uint32_t p1, uint32_t line);
void tensix_lgamma_adjusted(uint32_t stirling, uint32_t log_sine, uint32_t x, uint32_t out, uint32_t line);
/// Quantization with the zero point and the range that the initialisation gave (tensix_sfpu_init_params).
enum ttsim_quantization { TTSIM_QUANT = 0, TTSIM_REQUANT = 1, TTSIM_DEQUANT = 2, TTSIM_QUANT_BYTES = 4 };
enum ttsim_quantized_range { TTSIM_RANGE_INT32 = 0, TTSIM_RANGE_UINT8, TTSIM_RANGE_INT8 };
void tensix_quantize(uint32_t what, uint32_t a, uint32_t b, uint32_t out, uint32_t byte_range, uint32_t line);
enum ttsim_rearrangement { TTSIM_ROTATE_PAIRS = 0, TTSIM_RUNNING_PRODUCTS, TTSIM_SUM_INT_COLUMN, TTSIM_SUM_INT_ROW };
void tensix_rearrange(uint32_t what, uint32_t dst, uint32_t line);
void tensix_add_top_row(uint32_t integers, uint32_t a, uint32_t b, uint32_t out, uint32_t line);
void tensix_clear_bits(uint32_t dst, uint32_t mask, uint32_t line);
/// Exponential moving average down the rows of a tile into the next one; weights are those of tensix_sfpu_init_params.
void tensix_moving_average_clear(uint32_t line);
void tensix_moving_average(uint32_t dst, uint32_t line);
/// Row r of tile `dst` is added to the row of tile `dst` + 1 that byte r at `targets` names.
void tensix_scatter_rows(uint32_t dst, uint64_t targets, uint32_t line);

// ---- debugging
void tensix_print_text(const char* text);
void tensix_print_signed(int64_t value);
void tensix_print_unsigned(uint64_t value);
void tensix_print_float(double value);
void tensix_print_char(uint32_t value);
/// Base of integers (10, 16, 8), digits after the point, field width.
void tensix_print_format(uint32_t base, int32_t precision, int32_t width);
void tensix_print_tile(uint32_t cb, uint32_t tile, uint32_t row0, uint32_t row1, uint32_t row_step, uint32_t column0,
                      uint32_t column1, uint32_t column_step, uint32_t line);
void tensix_zone(const char* name, uint32_t enter, uint32_t line);
void tensix_assert_failed(const char* condition, uint32_t line);
/// Virtual time of this processor in cycles.
uint64_t tensix_now(void);
/// A place where a loop without other calls lets the machine go on.
void tensix_relax(uint32_t line);

}  // extern "C"
