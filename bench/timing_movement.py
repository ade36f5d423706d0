# SPDX-License-Identifier: Apache-2.0
"""Published examples of data movement as hand-written kernels: programs, and rows for `timing.py`.

With `check` a program runs under the sanitizer, and its results must be those of NumPy.
"""

from collections.abc import Callable

import ml_dtypes
import numpy as np
import numpy.typing as npt
import timing_kernels as text
import timing_programs as programs
from timing_programs import allocated, device, each_core
from timing_rows import CLOCK, SILICON, Row, Rows

from ttlang.simulator import Buffer, Program, ShardedBuffer

Numbers = npt.NDArray[ml_dtypes.bfloat16]


def numbers(*shape: int) -> Numbers:
    return np.random.default_rng(0).standard_normal(shape, np.float32).astype(ml_dtypes.bfloat16)


def tiles_like(values: Numbers, buffer: Buffer | ShardedBuffer) -> Numbers:
    """An array of that shape out of a buffer of tiles."""
    found = np.empty_like(values)
    buffer.read_tiles(found)
    return found


# ---- bank_stagger: sticks of DRAM, tilized, to DRAM; each core starts its blocks, or the rows of a block, elsewhere

ROTATED = """#ifdef STAGGER_{0}
            const uint32_t {1} = {2} + {3} < {4} ? {2} + {3} : {2} + {3} - {4};
#else
            const uint32_t {1} = {2};
#endif
"""
UNIT = """    for (uint32_t j = 0; j < count; j++) {
""" + ROTATED.format("BLOCKS", "at", "j", "block_start", "count")
READ_STICKS = text.dataflow(
    """    constexpr uint32_t wide = get_compile_time_arg_val(0), page = get_compile_time_arg_val(1);
    constexpr uint32_t piece = get_compile_time_arg_val(2), pages_per_row = get_compile_time_arg_val(3);
    constexpr auto args = TensorAccessorArgs<4>();
    const uint32_t first = get_arg_val<uint32_t>(1), count = get_arg_val<uint32_t>(2), across = get_arg_val<uint32_t>(3);
    const uint32_t row_start = get_arg_val<uint32_t>(4), block_start = get_arg_val<uint32_t>(5);
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0), page);
"""
    + UNIT
    + """        const uint32_t row = (first + at) / across * 32, column = (first + at) % across * piece;
        cb_reserve_back(0, wide);
        const uint32_t l1 = get_write_ptr(0);
        for (uint32_t i = 0; i < 32; i++) {
"""
    + ROTATED.format("READS", "r", "i", "row_start", "32")
    + """            const uint64_t from = pages.get_noc_addr((row + r) * pages_per_row + column / page, column % page);
            noc_async_read(from, l1 + r * piece, piece);
        }
        noc_async_read_barrier();
        cb_push_back(0, wide);
    }
"""
)
WRITE_UNITS = text.dataflow(
    """    constexpr uint32_t wide = get_compile_time_arg_val(0), size = get_compile_time_arg_val(1);
    constexpr auto args = TensorAccessorArgs<2>();
    const uint32_t first = get_arg_val<uint32_t>(1), count = get_arg_val<uint32_t>(2), across = get_arg_val<uint32_t>(3);
    const uint32_t tiles_per_row = get_arg_val<uint32_t>(4), block_start = get_arg_val<uint32_t>(5);
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0), size);
"""
    + UNIT
    + """        const uint32_t page = (first + at) / across * tiles_per_row + (first + at) % across * wide;
        cb_wait_front(16, wide);
        const uint32_t l1 = get_read_ptr(16);
        for (uint32_t i = 0; i < wide; i++) noc_async_write(l1 + i * size, pages.get_noc_addr(page + i), size);
        noc_async_writes_flushed();
        cb_pop_front(16, wide);
    }
    noc_async_write_barrier();
"""
)
# What the library's function for rows of tiles does.
TILIZE_ROWS = text.compute(
    """    constexpr uint32_t wide = get_compile_time_arg_val(0);
    const uint32_t rows = get_arg_val<uint32_t>(0);
    compute_kernel_hw_startup(0, 16);
    reconfig_data_format_srca(0);
    reconfig_data_format_srcb(0);
    pack_reconfig_data_format(16);
    fast_tilize_init(0, wide, 16);
    for (uint32_t r = 0; r < rows; r++) {
        cb_wait_front(0, wide);
        cb_reserve_back(16, wide);
        fast_tilize_block(0, wide, 16);
        cb_push_back(16, wide);
        cb_pop_front(0, wide);
    }
    fast_tilize_uninit(0, 16);
"""
)


def bank_stagger(
    chip: str, height: int, width: int, wide: int, sharded: bool, stagger: str, check: bool = False
) -> int:
    """Tilizes a row-major bfloat16 tensor, interleaved or in column shards of the DRAM banks, by up to 110 cores of the first
    eleven columns in blocks of `wide` tiles; `stagger` is none, read or blocks."""
    opened, program, piece = device(chip), Program(), wide * 64
    across, tiles = width // 32 // wide, height * width // 1024
    units = tiles // wide
    cores = [(index % 11, index // 11) for index in range(min(units, 110))]
    spans = dict(zip(cores, programs.split(units, len(cores)), strict=True))
    area = each_core(cores)
    parts = opened.chip.dram.banks if sharded else 1
    page = width * 2 // parts
    defines = {"none": {}, "read": {"STAGGER_READS": "1"}, "blocks": {"STAGGER_BLOCKS": "1"}}[stagger]
    source = (
        opened.allocate_dram_sharded((height, parts), (height, 1), page)
        if sharded
        else opened.allocate(height, page)
    )
    with allocated(chip, (tiles, 2048)) as (target,):
        program.add_kernel(
            READ_STICKS, "reader", area, defines=defines, compile_time_args=[wide, page, piece, parts, *source.accessor_args],
            runtime_args={
                core: [source.address, first, count, across, index % 32, index % across % count]
                for index, (core, (first, count)) in enumerate(spans.items())
            },
        )  # fmt: skip
        program.add_kernel(
            WRITE_UNITS, "writer", area, defines=defines, compile_time_args=[wide, 2048, *target.accessor_args],
            runtime_args={
                core: [target.address, first, count, across, width // 32, index % across % count]
                for index, (core, (first, count)) in enumerate(spans.items())
            },
        )  # fmt: skip
        program.add_kernel(
            TILIZE_ROWS, "compute", area, compile_time_args=[wide],
            runtime_args={core: [count] for core, (_, count) in spans.items()},
        )  # fmt: skip
        for index in (0, 16):
            program.add_circular_buffer(index, area, num_pages=2 * wide)
        try:
            if check:
                values = numbers(height, width)
                source.write(values)
            cycles = opened.run(program, sanitize=check).cycles
            if check:
                assert np.array_equal(tiles_like(values, target), values)
        finally:
            source.free()
    return cycles


# ---- transfer_alignment: a span of each row; what does not lie aligned is read from before it, and moved by the processor

SPAN_HEAD = """    constexpr uint32_t align = get_compile_time_arg_val(0), span = get_compile_time_arg_val(1);
    constexpr uint32_t page = get_compile_time_arg_val(2);
    constexpr auto args = TensorAccessorArgs<3>();
    const uint32_t first = get_arg_val<uint32_t>(1), count = get_arg_val<uint32_t>(2);
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0), page);
    const auto aligned = [](uint32_t address) { return (address + align - 1) & ~(align - 1); };
    for (uint32_t r = 0; r < count; r++) {
"""
READ_SPANS = text.dataflow(
    SPAN_HEAD
    + """        const uint64_t source = pages.get_noc_addr(first + r);
        cb_reserve_back(16, 1);
        const uint32_t to = aligned(get_write_ptr(16));
#ifdef MISALIGNED
        cb_reserve_back(0, 1);
        const uint32_t scratch = aligned(get_write_ptr(0));
        noc_async_read(source + align, scratch, span + align / 2);
        noc_async_read_barrier();
        cb_push_back(0, 1);
        cb_wait_front(0, 1);
        invalidate_l1_cache();
        memmove(reinterpret_cast<void*>(to), reinterpret_cast<void*>(scratch + align / 2), span);
        cb_pop_front(0, 1);
#else
        noc_async_read(source + align, to, span);
        noc_async_read_barrier();
#endif
        cb_push_back(16, 1);
    }
"""
)
WRITE_SPANS = text.dataflow(
    SPAN_HEAD
    + """        cb_wait_front(16, 1);
        noc_async_write(aligned(get_read_ptr(16)), pages.get_noc_addr(first + r), span);
        noc_async_write_barrier();
        cb_pop_front(16, 1);
    }
"""
)


def copy_spans(chip: str, count: int, span: int, misaligned: bool, check: bool = False) -> int:
    """One core copies `span` bytes out of each of `count` rows of DRAM, a barrier each."""
    opened, program, core = device(chip), Program(), (0, 0, 0, 0)
    align = opened.chip.dram.read_alignment
    start = align + align // 2 * misaligned
    row = -(-(2 * align + align // 2 + span) // align) * align
    with allocated(chip, (count, row), (count, span)) as (source, target):
        for kind, kernel, buffer in (("reader", READ_SPANS, source), ("writer", WRITE_SPANS, target)):
            program.add_kernel(
                kernel, kind, core, compile_time_args=[align, span, buffer.page_size, *buffer.accessor_args],
                runtime_args={(0, 0): [buffer.address, 0, count]}, defines={"MISALIGNED": "1"} if misaligned else {},
            )  # fmt: skip
        for index, slack, slots in ((0, 2 * align, 1), (16, align, 2)):
            program.add_circular_buffer(index, core, page_size=span + slack, num_pages=slots)
        if check:
            values = numbers(count, row // 2)
            source.write(values)
        cycles = opened.run(program, sanitize=check).cycles
        if check:
            found = target.read().view(values.dtype).reshape(count, -1)
            assert np.array_equal(found, values[:, start // 2 : (start + span) // 2])
    return cycles


# ---- index_staging: elements of a row by an index, each read by itself or out of the whole row

SELECT = text.dataflow(
    """    constexpr uint32_t wide = get_compile_time_arg_val(0), times = get_compile_time_arg_val(1);
    constexpr auto args = TensorAccessorArgs<2>();
    constexpr auto index_args = TensorAccessorArgs<args.next_compile_time_args_offset()>();
    const uint32_t first = get_arg_val<uint32_t>(2), rows = get_arg_val<uint32_t>(3);
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0), 2 * wide);
    const auto indices = TensorAccessor(index_args, get_arg_val<uint32_t>(1), 4 * wide);
    for (uint32_t time = 0; time < times; time++)
        for (uint32_t row = first; row < first + rows; row++) {
            cb_reserve_back(0, 1);
            noc_async_read(indices.get_noc_addr(row), get_write_ptr(0), 4 * wide);
            noc_async_read_barrier();
            cb_push_back(0, 1);
            cb_wait_front(0, 1);
            auto index = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_read_ptr(0));
            cb_reserve_back(16, 1);
            auto out = reinterpret_cast<volatile tt_l1_ptr uint16_t*>(get_write_ptr(16));
            const uint64_t source = pages.get_noc_addr(row);
            cb_reserve_back(CB, 1);
            const uint32_t l1 = get_write_ptr(CB);
#ifdef STAGED
            noc_async_read(source, l1, 2 * wide);
#else
            for (uint32_t w = 0; w < wide; w++) noc_async_read(source + index[w] / 16 * 32, l1 + w * 32, 32);
#endif
            noc_async_read_barrier();
            cb_push_back(CB, 1);
            cb_wait_front(CB, 1);
            auto found = reinterpret_cast<volatile tt_l1_ptr uint16_t*>(get_read_ptr(CB));
#ifdef STAGED
            for (uint32_t w = 0; w < wide; w++) out[w] = found[index[w]];
#else
            for (uint32_t w = 0; w < wide; w++) out[w] = found[w * 16 + index[w] % 16];
#endif
            cb_pop_front(CB, 1);
            cb_push_back(16, 1);
            cb_pop_front(0, 1);
        }
"""
)
WRITE_ROWS = text.dataflow(
    """    constexpr uint32_t size = get_compile_time_arg_val(0), times = get_compile_time_arg_val(1);
    constexpr auto args = TensorAccessorArgs<2>();
    const uint32_t first = get_arg_val<uint32_t>(1), rows = get_arg_val<uint32_t>(2);
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0), size);
    for (uint32_t time = 0; time < times; time++)
        for (uint32_t row = first; row < first + rows; row++) {
            cb_wait_front(16, 1);
            noc_async_write(get_read_ptr(16), pages.get_noc_addr(row), size);
            noc_async_write_barrier();
            cb_pop_front(16, 1);
        }
"""
)


def select_elements(
    chip: str, wide: int, ordered: bool, staged: bool, times: int = 1, check: bool = False
) -> int:
    """One core takes `wide` elements, by an index each, out of each of eight rows of DRAM."""
    opened, program, core, rows = device(chip), Program(), (0, 0, 0, 0), 8
    index = np.random.default_rng(0).integers(0, wide, (rows, wide)).astype(np.uint32)
    index = np.sort(index, axis=1) if ordered else index
    with allocated(chip, (rows, 2 * wide), (rows, 4 * wide), (rows, 2 * wide)) as (source, indices, target):
        indices.write(index)
        program.add_kernel(
            SELECT, "reader", core, compile_time_args=[wide, times, *source.accessor_args, *indices.accessor_args],
            runtime_args={(0, 0): [source.address, indices.address, 0, rows]},
            defines={"STAGED": "1", "CB": "2"} if staged else {"CB": "1"},
        )  # fmt: skip
        program.add_kernel(
            WRITE_ROWS, "writer", core, compile_time_args=[2 * wide, times, *target.accessor_args],
            runtime_args={(0, 0): [target.address, 0, rows]},
        )  # fmt: skip
        for cb, size, slots in ((0, 4 * wide, 1), (1, 32 * wide, 1), (2, 2 * wide, 1), (16, 2 * wide, 2)):
            program.add_circular_buffer(cb, core, page_size=size, num_pages=slots)
        if check:
            values = numbers(rows, wide)
            source.write(values)
        cycles = opened.run(program, sanitize=check).cycles
        if check:
            found = target.read().view(values.dtype).reshape(rows, wide)
            assert np.array_equal(found, np.take_along_axis(values, index, axis=1))
    return cycles


# ---- zero_copy_fold: a resident shard tilized again and again; a reader publishes and a writer retires it, or the compute kernel

SHARD = """    constexpr uint32_t wide = get_compile_time_arg_val(0), rows = get_compile_time_arg_val(1);
    constexpr uint32_t times = get_compile_time_arg_val(2);
"""
SHARD_TIMES = SHARD + "    for (uint32_t time = 0; time < times; time++) {\n"
PUBLISH_ALL = "    cb_reserve_back(0, rows * wide);\n    cb_push_back(0, rows * wide);\n"
RETIRE_ALL = "    cb_wait_front(16, rows * wide);\n    cb_pop_front(16, rows * wide);\n"
TILIZE_SHARD = text.compute(
    SHARD
    + f"""    compute_kernel_hw_startup(0, 16);
    tilize_init(0, wide, 16);
    for (uint32_t time = 0; time < times; time++) {{
#ifdef FOLD
    {PUBLISH_ALL}
#endif
        for (uint32_t r = 0; r < rows; r++) {{
            cb_wait_front(0, wide);
            cb_reserve_back(16, wide);
            tilize_block(0, wide, 16);
            cb_push_back(16, wide);
            cb_pop_front(0, wide);
        }}
#ifdef FOLD
    {RETIRE_ALL}
#endif
    }}
    tilize_uninit(0, 16);
"""
)
PUBLISH_SHARD, RETIRE_SHARD = (
    text.dataflow(f"{SHARD_TIMES}{body}    }}\n") for body in (PUBLISH_ALL, RETIRE_ALL)
)


def tilize_shards(
    chip: str, height: int, width: int, cores: int, folded: bool, times: int = 100, check: bool = False
) -> float:
    """Row-major shards, a share of the rows on each core of a row, tilized in place of their buffers; cycles of one time."""
    opened, program, area = device(chip), Program(), (0, 0, cores - 1, 0)
    rows, wide = height // cores // 32, width // 32
    source, target = (
        opened.allocate_sharded((rows * cores, wide), (rows, wide), area, 2048) for _ in range(2)
    )
    try:
        kernels = [("compute", TILIZE_SHARD)] + (
            [] if folded else [("reader", PUBLISH_SHARD), ("writer", RETIRE_SHARD)]
        )
        for kind, kernel in kernels:
            program.add_kernel(
                kernel,
                kind,
                area,
                compile_time_args=[wide, rows, times],
                defines={"FOLD": "1"} if folded else {},
            )
        for index, buffer in ((0, source), (16, target)):
            program.add_circular_buffer(index, area, num_pages=rows * wide, address=buffer.address)
        if check:
            values = numbers(height, width)
            source.write(values)  # pages of a shard follow one another: its rows do, as the tensor's
        cycles = opened.run(program, sanitize=check).cycles
        if check:
            assert np.array_equal(tiles_like(values, target), values)
    finally:
        source.free()
        target.free()
    return cycles / times


# ---- distribution_gate: relu of a rectangle of tiles on each core

RECTANGLE = """    constexpr uint32_t size = get_compile_time_arg_val(0), block = get_compile_time_arg_val(1);
    constexpr auto args = TensorAccessorArgs<2>();
    const uint32_t row = get_arg_val<uint32_t>(1), rows = get_arg_val<uint32_t>(2), column = get_arg_val<uint32_t>(3);
    const uint32_t columns = get_arg_val<uint32_t>(4), tiles_per_row = get_arg_val<uint32_t>(5), total = rows * columns;
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0), size);
    for (uint32_t done = 0, now; done < total; done += now) {
        now = total - done < block ? total - done : block;
        const auto address = [&](uint32_t i) {
            return pages.get_noc_addr((row + (done + i) / columns) * tiles_per_row + column + (done + i) % columns);
        };
"""
READ_RECTANGLE = text.dataflow(
    RECTANGLE
    + """        cb_reserve_back(0, now);
        const uint32_t l1 = get_write_ptr(0);
        for (uint32_t i = 0; i < now; i++) noc_async_read(address(i), l1 + i * size, size);
        noc_async_read_barrier();
        cb_push_back(0, now);
    }
"""
)
WRITE_RECTANGLE = text.dataflow(
    RECTANGLE
    + """        cb_wait_front(16, now);
        const uint32_t l1 = get_read_ptr(16);
        for (uint32_t i = 0; i < now; i++) noc_async_write(l1 + i * size, address(i), size);
        noc_async_write_barrier();
        cb_pop_front(16, now);
    }
"""
)


def relu_rectangles(chip: str, height: int, width: int, by_rows: bool, check: bool = False) -> int:
    """relu of interleaved bfloat16 tiles, eight a barrier, rows or columns of tiles shared among up to 64 cores."""
    opened, program, down, across = device(chip), Program(), height // 32, width // 32
    parts = min(down if by_rows else across, 64)
    shares = [
        (*span, 0, across) if by_rows else (0, down, *span)
        for span in programs.split(down if by_rows else across, parts)
    ]
    owned = dict(zip(programs.row_major(parts), shares, strict=True))
    area = each_core(owned)
    with allocated(chip, *[(down * across, 2048)] * 2) as (source, target):
        for kind, kernel, buffer in (("reader", READ_RECTANGLE, source), ("writer", WRITE_RECTANGLE, target)):
            program.add_kernel(
                kernel, kind, area, compile_time_args=[2048, 8, *buffer.accessor_args],
                runtime_args={core: [buffer.address, *share, across] for core, share in owned.items()},
            )  # fmt: skip
        program.add_kernel(
            text.RELU,
            "compute",
            area,
            runtime_args={core: [share[1] * share[3]] for core, share in owned.items()},
        )
        for index in (0, 16):
            program.add_circular_buffer(index, area, num_pages=16)
        if check:
            values = numbers(height, width)
            source.write_tiles(values)
        cycles = opened.run(program, sanitize=check).cycles
        if check:
            assert np.array_equal(tiles_like(values, target), np.maximum(values, 0))
    return cycles


# ---- constant_synthesis: pages of one value, written again and again from one page of L1

SYNTHESIZE = text.dataflow(
    """    constexpr uint32_t size = get_compile_time_arg_val(0);
    cb_reserve_back(0, 1);
    auto words = reinterpret_cast<volatile tt_l1_ptr uint32_t*>(get_write_ptr(0));
    for (uint32_t i = 0; i < size / 4; i++) words[i] = 0x3F803F80;
    cb_push_back(0, 1);
"""
)
REPLICATE = text.dataflow(
    """    constexpr uint32_t size = get_compile_time_arg_val(0), block = get_compile_time_arg_val(1);
    constexpr auto args = TensorAccessorArgs<2>();
    const auto pages = TensorAccessor(args, get_arg_val<uint32_t>(0));
    const uint32_t first = get_arg_val<uint32_t>(1), count = get_arg_val<uint32_t>(2);
    cb_wait_front(0, 1);
    const uint32_t l1 = get_read_ptr(0);
    for (uint32_t done = 0; done < count; done += block) {
        const uint32_t now = count - done < block ? count - done : block;
        for (uint32_t i = 0; i < now; i++) noc_async_write(l1, pages.get_noc_addr(first + done + i), size);
        noc_async_write_barrier();
    }
    cb_pop_front(0, 1);
"""
)


def replicate(
    chip: str, cores: int, pages: int, size: int = 2048, block: int = 8, check: bool = False
) -> int:
    """Each core writes one page over and over to its share of interleaved pages, `block` of them a barrier."""
    program, streams = Program(), programs.shares(programs.row_major(cores), pages)
    area = programs.area_of(streams)
    with allocated(chip, (pages, size)) as (target,):
        program.add_kernel(SYNTHESIZE, "reader", area, compile_time_args=[size])
        program.add_kernel(
            REPLICATE, "writer", area, compile_time_args=[size, block, *target.accessor_args],
            runtime_args={each.core: [target.address, each.first, each.count] for each in streams},
        )  # fmt: skip
        program.add_circular_buffer(0, area, page_size=size, num_pages=2 * block)
        cycles = device(chip).run(program, sanitize=check).cycles
        assert not check or (target.read().view(ml_dtypes.bfloat16) == 1).all()
        return cycles


# ---- rows


def bank_staggers() -> Rows:
    """A case and the switch that helps it."""
    for height, width, source, wide, variant, ns in SILICON["bank_stagger_BH"]["rows"]:
        yield Row(
            f"{height} x {width} {source}, {wide} tiles, {variant}", ns * CLOCK["BH"],
            lambda args=(height, width, wide, source == "ws", variant): bank_stagger("blackhole", *args),
            fitted=wide == 2 or (height, variant) == (3520, "blocks"),
        )  # fmt: skip


def alignments(misaligned: bool) -> Rows:
    """Spans that lie aligned, or those that the processor moves."""
    for count, width, *measured in SILICON["transfer_alignment_WH"]["rows"]:
        yield Row(
            f"{count} spans of {width} B", measured[0 if misaligned else 1],
            lambda count=count, width=width: copy_spans("wormhole_b0", count, width, misaligned),
            fitted=misaligned and count == 16,
        )  # fmt: skip


def selections() -> Rows:
    """Both variants, with the loop over the elements in them that has no calls."""
    for wide, order, times, *measured in SILICON["index_staging_WH"]["rows"]:
        for name, ns in zip(("remote", "staged"), measured, strict=True):
            yield Row(
                f"{wide} {order}, {times} times, {name}", ns,
                lambda args=(wide, order == "sorted", name == "staged", times): select_elements("wormhole_b0", *args),
                fitted=wide == 2048,
            )  # fmt: skip


def selection_differences() -> Rows:
    """What reads of single elements cost more than one of the whole row: the loop over the elements is in both."""
    for wide, order, times, remote, staged in SILICON["index_staging_WH"]["rows"]:

        def difference(wide: int = wide, ordered: bool = order == "sorted", times: int = times) -> int:
            each, once = (
                select_elements("wormhole_b0", wide, ordered, staged, times) for staged in (False, True)
            )
            return each - once

        yield Row(f"{wide} {order}, {times} times, remote - staged", remote - staged, difference)


def folds() -> Rows:
    """Three kernels, or one."""
    for height, width, cores, *measured in SILICON["zero_copy_fold_WH"]["rows"]:
        for name, ns in zip(("three kernels", "one kernel"), measured, strict=True):
            yield Row(
                f"{height} x {width} on {cores}, {name}", ns,
                lambda args=(height, width, cores, name == "one kernel"): tilize_shards("wormhole_b0", *args),
                fitted=name == "three kernels",
            )  # fmt: skip


def distributions() -> Rows:
    """`gated` is the split with more cores: the same program, measured again."""
    for height, width, variant, axis, ns in SILICON["distribution_gate_WH"]["rows"]:
        yield Row(
            f"{height} x {width} {variant}", ns,
            lambda args=(height, width, axis == "height"): relu_rectangles(programs.WORMHOLE_THEN, *args),
        )  # fmt: skip


def constants() -> Rows:
    """Pages copied from others like them, or written from one page of L1."""
    for variant, cores, pages, ns in SILICON["constant_synthesis_WH"]["rows"]:
        yield Row(
            f"{variant} {cores} cores {pages} pages", ns,
            lambda cores=cores, pages=pages, copies=variant == "stream_from_dram": (
                programs.stream("wormhole_b0", "copy", programs.shares(programs.row_major(cores), pages), pages, 8)
                if copies else replicate("wormhole_b0", cores, pages)
            ),
        )  # fmt: skip


TABLES: dict[str, Callable[[], Rows]] = {
    "bank_stagger_BH": bank_staggers,
    "transfer_alignment_WH, aligned": lambda: alignments(False),
    "transfer_alignment_WH, misaligned": lambda: alignments(True),
    "index_staging_WH": selections,
    "index_staging_WH, differences": selection_differences,
    "zero_copy_fold_WH": folds,
    "distribution_gate_WH": distributions,
    "constant_synthesis_WH": constants,
}

NOT_RUN = {
    "bank_stagger_WH": "ratios, without cycles",
    "tile_reorder": "its files publish no measurement",
    "data_movement_perf_optimizations.md": "names no measured kernel",
}
