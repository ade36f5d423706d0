# SPDX-License-Identifier: Apache-2.0
"""The `ttkernel` ops that are not plain SFPU functions: one row each. (Plain SFPU functions are rows of
`op_table.csv`.)

A row: mnemonic, operands, attributes, result, and where they are not the obvious ones the headers and the
C++ of the
two generations of the kernel API. Operand kinds are listed in `operation.py`. `->` separates 0.69 from 0.81.
"""

from typing import Any

from .op_spec import (
    Assembly,
    Effect,
    OpSpec,
    Origin,
    Place,
    Startup,
    Thread,
    headers,
    parse_attributes,
    parse_operands,
)


def _op(
    mnemonic: str,
    operands: str = "",
    attributes: str = "",
    *,
    result: str = "",
    header: str = "",
    cpp: str | None = None,
    cpp69: str | None = None,
    cpp81: str | None = None,
    effect: Effect = "write",
    thread: Thread = "compute",
    origin: Origin = "W11",
    assembly: Assembly = "default",
    startup: Startup | None = None,
    place: Place = "parens",
    why_not: str = "",
    refused: tuple[str, ...] = (),
) -> OpSpec:
    texts: dict[str, str | None] = {}
    for version, text in (
        ("0.69", cpp69 if cpp69 is not None else cpp),
        ("0.81", cpp81 if cpp81 is not None else cpp),
    ):
        if text is not None:
            texts[version] = text
        if version in refused:
            texts[version] = None
    return OpSpec(
        mnemonic,
        parse_operands(operands),
        parse_attributes(attributes, place=place),
        tuple(result.split()),
        effect=effect,
        thread=thread,
        origin=origin,
        assembly=assembly,
        headers=headers(header),
        cpp=texts or None,
        startup=startup,
        why_not=why_not,
    )


_AB_OUT = Startup(("in0_cb", "in1_cb", "out_cb"))
_AB_OUT_REVERSE = Startup(("in0_cb", "in1_cb", "out_cb"), reverse=True)
_IN_OUT = Startup(("icb", "ocb"))
_BOTH = ("0.69", "0.81")
_MATMUL = "compute/matmul.h"
_BINARY = "compute/eltwise_binary.h"
_BCAST = "compute/bcast.h"
_REDUCE = "compute/reduce.h"
_TILIZE = "compute/tilize.h"
_UNTILIZE = "compute/untilize.h"
_PACK_UNTILIZE = "compute/pack_untilize.h"
_COPY = "compute/tile_move_copy.h"
_TYPECAST = "compute/eltwise_unary/typecast.h"
_TRANSPOSE = "compute/transpose_wh.h -> compute/transpose.h"
_TYPECAST_ARGS = "<static_cast<uint32_t>({in_dtype}), static_cast<uint32_t>({out_dtype})>"
_CB_CB_TILES = "in0_cb:cb in1_cb:cb in0_tile_index:idx in1_tile_index:idx dst_index:idx"
_MM_DIMS = "transpose:i32 ct_dim:i32 rt_dim:i32 kt_dim:i32"
_MM_TILES = "in0_cb_id:cb in1_cb_id:cb in0_tile_idx:idx in1_tile_idx:idx dst_tile_idx:idx"

_STARTUP_AND_REGISTERS = (
    _op(
        "compute_kernel_hw_startup",
        "icb0:cb icb1:cb? ocb:cb",
        startup=Startup(("icb0", "icb1", "ocb")),
        cpp81="",
    ),
    _op(
        "experimental::unpack_stall_on_pack",
        refused=_BOTH,
        why_not="no header of tt-metal has this call",
        assembly="generic",
    ),
    _op("tile_regs_acquire"),
    _op("tile_regs_commit"),
    _op("tile_regs_wait"),
    _op("tile_regs_release"),
    _op(
        "pack_tile",
        "dst_index:idx out_cb:cb out_index:idx",
        "out_of_order:bool=false",
        cpp="pack_tile<{out_of_order}>({dst_index}, {out_cb}, {out_index})",
    ),
    _op(
        "pack_tile_block",
        "dst_index:idx out_cb:cb ntiles:idx",
        cpp81="pack_block({dst_index}, {out_cb}, {ntiles})",
    ),
    _op("pack_reconfig_l1_acc", "l1_acc_en:i32"),
    _op("pack_reconfig_data_format", "out_cb:cb"),
    _op("reconfig_data_format_srca", "in_cb:cb", origin="extension"),
    _op("reconfig_data_format_srcb", "in_cb:cb", origin="extension"),
    _op("reconfig_data_format", "in0_cb:cb in1_cb:cb", origin="extension"),
    _op("copy_tile_init", "cb0:cb", header=_COPY, cpp81="copy_init({cb0})"),
    _op("copy_tile", "cb0:cb tile_index_cb:idx tile_index_dst:idx", header=_COPY),
    _op(
        "copy_block_matmul_partials",
        "cb:cb start_tile_index:idx start_dst_index:idx ntiles:idx",
        header=_COPY,
        cpp81="copy_block({cb}, {start_tile_index}, {start_dst_index}, {ntiles})",
    ),
    _op(
        "typecast_tile_init",
        "",
        "in_dtype:dtype out_dtype:dtype",
        header=_TYPECAST,
        cpp=f"typecast_tile_init{_TYPECAST_ARGS}()",
    ),
    _op(
        "typecast_tile",
        "dst0_index:idx",
        "in_dtype:dtype out_dtype:dtype",
        header=_TYPECAST,
        cpp=f"typecast_tile{_TYPECAST_ARGS}({{dst0_index}})",
    ),
)

_FPU = (
    _op(
        "unary_op_init_common",
        "icb:cb ocb:cb",
        header="compute/eltwise_unary/eltwise_unary.h ->",
        startup=_IN_OUT,
        cpp81="",
    ),
    _op(
        "init_sfpu",
        "icb:cb ocb:cb",
        header="compute/eltwise_unary/eltwise_unary.h ->",
        startup=_IN_OUT,
        cpp81="",
    ),
    _op(
        "binary_op_init_common",
        "in0_cb:cb in1_cb:cb out_cb:cb",
        header=f"{_BINARY} ->",
        startup=_AB_OUT,
        cpp81="",
    ),
    _op(
        "mm_init",
        "in0_cb:cb in1_cb:cb out_cb:cb transpose:i32",
        header=_MATMUL,
        startup=_AB_OUT_REVERSE,
        cpp81="matmul_init({in0_cb}, {in1_cb}, {transpose})",
    ),
    _op(
        "mm_init_short",
        "in0_cb:cb in1_cb:cb transpose:i32",
        header=_MATMUL,
        cpp81="matmul_init({in0_cb}, {in1_cb}, {transpose})",
    ),
    _op("matmul_tiles", _MM_TILES, header=_MATMUL),
    _op(
        "mm_block_init",
        f"in0_cb:cb in1_cb:cb out_cb:cb {_MM_DIMS}",
        header=_MATMUL,
        startup=_AB_OUT_REVERSE,
        assembly="generic",
        cpp81="matmul_block_init({in0_cb}, {in1_cb}, {transpose}, {ct_dim}, {rt_dim}, {kt_dim})",
    ),
    _op(
        "mm_block_init_short",
        f"in0_cb:cb in1_cb:cb {_MM_DIMS}",
        header=_MATMUL,
        assembly="generic",
        cpp81="matmul_block_init({in0_cb}, {in1_cb}, {transpose}, {ct_dim}, {rt_dim}, {kt_dim})",
    ),
    _op("matmul_block", f"{_MM_TILES} {_MM_DIMS}", header=_MATMUL),
    _op(
        "experimental::matmul_block",
        f"{_MM_TILES} {_MM_DIMS} in1_k_stride:i32",
        refused=_BOTH,
        assembly="generic",
        why_not="no header of tt-metal has this call; loop over k with ttkernel.matmul_block",
    ),
    *(
        spec
        for name in ("add", "sub", "mul")
        for spec in (
            _op(
                f"{name}_tiles_init",
                "in0_cb:cb in1_cb:cb",
                header=_BINARY,
                cpp81=f"{name}_init({{in0_cb}}, {{in1_cb}})",
            ),
            _op(f"{name}_tiles", _CB_CB_TILES, header=_BINARY),
        )
    ),
    _op(
        "binary_dest_reuse_tiles_init",
        "in_cb:cb",
        "eltwise_binary_type:eltwise_binary_type reuse_type:reuse_type",
        header=_BINARY,
        cpp81="{eltwise_binary_type:name}_reuse_dest_init<{reuse_type}>({in_cb})",
    ),
    _op(
        "binary_dest_reuse_tiles",
        "in_cb:cb in_tile_index:idx dst_tile_index:idx",
        "eltwise_binary_type:eltwise_binary_type reuse_type:reuse_type",
        header=_BINARY,
        cpp81=(
            "{eltwise_binary_type:name}_reuse_dest_tiles<{reuse_type}>"
            "({in_cb}, {in_tile_index}, {dst_tile_index})"
        ),
    ),
    _op(
        "unary_bcast_init",
        "in_cb:cb out_cb:cb",
        "bcast_type:bcast_type",
        header=_BCAST,
        startup=Startup(("in_cb", "out_cb")),
        cpp81="unary_bcast_init<{bcast_type}>({in_cb})",
    ),
    _op(
        "unary_bcast", "in_cb:cb in_tile_index:idx dst_tile_index:idx", "bcast_type:bcast_type", header=_BCAST
    ),
    _op(
        "reduce_init",
        "in_cb:cb scaling_cb:cb out_cb:cb",
        "reduce_type:reduce_type reduce_dim:reduce_dim",
        header=_REDUCE,
        startup=Startup(("in_cb", "scaling_cb", "out_cb")),
        cpp69="reduce_init<{reduce_type}, {reduce_dim}, false>({in_cb}, {scaling_cb}, {out_cb})",
    ),
    _op("reduce_uninit", header=_REDUCE),
    _op(
        "reduce_tile",
        "in_cb:cb scaling_cb:cb in_tile_index:idx scaling_tile_index:idx dst_index:idx",
        "reduce_type:reduce_type reduce_dim:reduce_dim",
        header=_REDUCE,
        cpp69=(
            "reduce_tile<{reduce_type}, {reduce_dim}, false>"
            "({in_cb}, {scaling_cb}, {in_tile_index}, {scaling_tile_index}, {dst_index})"
        ),
    ),
    _op(
        "transpose_wh_init",
        "cbIn:cb cbOut:cb",
        header=_TRANSPOSE,
        startup=Startup(("cbIn", "cbOut")),
        cpp81="transpose_init({cbIn})",
    ),
    _op(
        "transpose_wh_tile",
        "icb:cb itile:idx idst:idx",
        header=_TRANSPOSE,
        cpp81="transpose_tile({icb}, {itile}, {idst})",
    ),
)

_NO_UNPACK_UNTILIZE = (
    "tt-metal 0.81 deprecates untilizing by the unpacker; use ttkernel.pack_untilize_init and its block op"
)
_NO_COMPOSITE = (
    "it is a helper of another compiler, not a call of tt-metal; use the block op of the same name per row"
)

_LAYOUT = (
    _op(
        "tilize_init",
        "cbIn:cb numTiles:i32 cbOut:cb",
        header=_TILIZE,
        startup=Startup(("cbIn", "cbOut")),
        cpp="tilize_init({cbIn}, {numTiles}, {cbOut})",
    ),
    _op("tilize_block", "cbIn:cb numTiles:i32 cbOut:cb", header=_TILIZE),
    _op("tilize_uninit", "cbIn:cb cbOut:cb", header=_TILIZE),
    _op("untilize_init", "cbIn:cb", header=_UNTILIZE, refused=("0.81",), why_not=_NO_UNPACK_UNTILIZE),
    _op(
        "untilize_block",
        "cbIn:cb numTiles:i32 cbOut:cb",
        header=_UNTILIZE,
        refused=("0.81",),
        why_not=_NO_UNPACK_UNTILIZE,
    ),
    _op("untilize_uninit", "cbIn:cb", header=_UNTILIZE, refused=("0.81",), why_not=_NO_UNPACK_UNTILIZE),
    _op(
        "pack_untilize_init",
        "cbIn:cb cbOut:cb",
        "colsPerDstPass:i32=1 totalColTiles:i32=1",
        place="dictionary",
        header=_PACK_UNTILIZE,
        startup=Startup(("cbIn", "cbOut")),
        cpp="pack_untilize_init<{colsPerDstPass}, {totalColTiles}>({cbIn}, {cbOut})",
    ),
    _op("pack_untilize_uninit", "cbOut:cb", header=_PACK_UNTILIZE),
    _op(
        "pack_untilize_block",
        "cbIn:cb blockR:i32 cbOut:cb blockCIndex:i32",
        "colsPerDstPass:i32=1 totalColTiles:i32=1",
        place="dictionary",
        header=_PACK_UNTILIZE,
        origin="extension",
    ),
    *(
        _op(
            f"experimental::{name}",
            operands,
            attributes,
            refused=_BOTH,
            assembly="generic",
            why_not=_NO_COMPOSITE,
        )
        for name, operands, attributes in (
            ("tilize_block", "cbIn:cb cbOut:cb blockR:i32 blockC:i32", ""),
            ("untilize_block", "cbIn:cb cbOut:cb blockR:i32 blockC:i32", ""),
            (
                "pack_untilize_block",
                "cbIn:cb cbOut:cb blockR:i32 blockC:i32",
                "colsPerDstPass:i32 totalColTiles:i32",
            ),
            ("write_row_mask_tile", "validRows:i32 cb:cb", ""),
            ("write_col_mask_tile", "validCols:i32 cb:cb", ""),
            ("fill_arange_tile", "cb:cb", ""),
        )
    ),
)

_CB = tuple(
    _op(name, "cb:cb numPages:i32", thread="any")
    for name in ("cb_push_back", "cb_pop_front", "cb_reserve_back", "cb_wait_front")
)


def _noc(mnemonic: str, operands: str = "", attributes: str = "", **kwargs: Any) -> OpSpec:
    return _op(mnemonic, operands, attributes, thread="noc", **kwargs)


_RECTANGLE = "noc_x_start:idx noc_y_start:idx noc_x_end:idx noc_y_end:idx addr:l1"
_MCAST = "srcLocalL1Addr:i32 dstNocAddrMulticast:noc_addr size:i32 num_dests:i32"
_MCAST_FLAGS = "linked:bool? multicast_path_reserve:bool?"
_MCAST_SEM = "src_local_l1_addr:sem dst_noc_addr_multicast:noc_addr num_dests:i32"
_PTR = "sem_addr:ptr val:idx"
_PACKET = "srcLocalL1Addr:i32 dstNocAddr:noc_addr size:i32"


def _linked(name: str, operands: str) -> str:
    """A multicast call: `linked` is an argument where it is set. (No call takes the path reservation.)"""
    args = ", ".join(f"{{{operand.name}}}" for operand in parse_operands(operands))
    return f"{name}({args}, {{linked}})"


_NOC = (
    _noc("get_noc_addr", "x:idx y:idx l1Address:l1", result="noc_addr", effect="pure"),
    _noc(
        "get_noc_addr_from_bank_id",
        "bank_id:i32 bankAddressOffset:i32",
        result="noc_addr",
        effect="pure",
        cpp="get_noc_addr_from_bank_id<true>({bank_id}, {bankAddressOffset})",
    ),
    _noc("get_noc_multicast_addr", _RECTANGLE, result="noc_addr", effect="pure"),
    _noc(
        "experimental::get_noc_multicast_addr",
        _RECTANGLE,
        result="noc_addr",
        effect="pure",
        assembly="generic",
        cpp="noc_rectangle_addr({noc_x_start}, {noc_y_start}, {noc_x_end}, {noc_y_end}, {addr})",
    ),
    _noc("noc_async_read", "srcNocAddr:noc_addr dstLocalL1Addr:i32 size:i32"),
    _noc(
        "noc_async_read_tile",
        "id:i32 addrGenStruct:acc dstLocalL1Addr:i32",
        cpp81="noc_async_read_page({id}, {addrGenStruct}, {dstLocalL1Addr})",
    ),
    _noc("noc_async_read_one_packet_set_state", "srcNocAddr:noc_addr size:i32"),
    _noc("noc_async_read_one_packet_with_state", "srcNocAddr:noc_addr dstLocalL1Addr:l1"),
    _noc("noc_async_read_barrier"),
    _noc("noc_async_read_barrier_with_trid", "trid:i32"),
    _noc("noc_async_read_set_trid", "trid:i32"),
    _noc("noc_async_write", _PACKET),
    _noc(
        "noc_async_write_tile",
        "id:idx addrGenStruct:acc srcLocalL1Addr:i32",
        cpp81="noc_async_write_page({id}, {addrGenStruct}, {srcLocalL1Addr})",
    ),
    _noc("noc_async_write_one_packet_with_trid", f"{_PACKET} trid:i32"),
    _noc("noc_async_write_set_trid", "trid:i32"),
    _noc("noc_async_write_barrier"),
    _noc("noc_async_write_barrier_with_trid", "trid:i32"),
    _noc("noc_async_atomic_barrier"),
    *(
        _noc(name, _MCAST, _MCAST_FLAGS, cpp=_linked(name, _MCAST))
        for name in (
            "noc_async_write_multicast_one_packet",
            "noc_async_write_multicast",
            "noc_async_write_multicast_loopback_src",
        )
    ),
    _noc("noc_async_read_one_packet", "srcNocAddr:noc_addr dstLocalL1Addr:l1 size:i32", origin="extension"),
    _noc("noc_async_write_one_packet", _PACKET, origin="extension"),
    _noc("noc_async_writes_flushed", origin="extension"),
    _noc("noc_async_full_barrier", origin="extension"),
    _noc("noc_semaphore_set_remote", "src_local_l1_addr:sem dst_noc_addr:noc_addr", origin="extension"),
    _noc("get_semaphore", "semaphore:idx", result="sem", effect="pure"),
    _noc(
        "noc_semaphore_inc",
        "addr:noc_addr incr:idx",
        "posted:bool?",
        place="keyword",
        cpp="noc_semaphore_inc{posted:targ}({addr}, {incr})",
    ),
    _noc("noc_semaphore_set", _PTR),
    _noc(
        "experimental::semaphore_wait", _PTR, assembly="generic", cpp="noc_semaphore_wait({sem_addr}, {val})"
    ),
    _noc(
        "experimental::semaphore_wait_min",
        "sem_addr:ptr val:i32",
        assembly="generic",
        cpp="noc_semaphore_wait_min({sem_addr}, {val})",
    ),
    *(
        _noc(name, _MCAST_SEM, flags, cpp=_linked(name, _MCAST_SEM))
        for name, flags in (
            ("noc_semaphore_set_multicast", _MCAST_FLAGS),
            ("noc_semaphore_set_multicast_loopback_src", "linked:bool?"),
        )
    ),
    _noc(
        "noc_semaphore_inc_multicast",
        "addr:noc_addr incr:idx num_dests:i32",
        "posted:bool?",
        place="keyword",
        cpp="noc_semaphore_inc_multicast{posted:targ}({addr}, {incr}, {num_dests})",
    ),
)

_ARGS = (
    _op(
        "get_arg_val",
        "arg_index:idx",
        result="arg",
        effect="pure",
        thread="any",
        cpp="get_arg_val<uint32_t>({arg_index})",
    ),
    _op(
        "get_common_arg_val",
        "arg_index:idx",
        result="arg",
        effect="pure",
        thread="any",
        cpp="get_common_arg_val<uint32_t>({arg_index})",
    ),
    _op(
        "get_compile_time_arg_val",
        "",
        "arg_index:i32",
        result="arg",
        effect="pure",
        thread="any",
        cpp="get_compile_time_arg_val({arg_index})",
    ),
)

_POINTER = "reinterpret_cast<volatile tt_l1_ptr uint32_t*>"
_LOGICAL = "worker_logical_{0}_to_virtual_{0}[{{logical_{1}}}]"

_HELPERS = (
    _op(
        _POINTER,
        "addr:l1",
        result="ptr",
        effect="pure",
        thread="noc",
        assembly="generic",
        cpp=f"{_POINTER}({{addr}})",
    ),
    _op("store_to_l1", "value:i32 l1_ptr:ptr offset:i32", thread="noc", cpp="{l1_ptr}[{offset}] = {value}"),
    _op(
        "load_from_l1",
        "l1_ptr:ptr offset:i32",
        result="i32",
        thread="noc",
        effect="read",
        cpp="{l1_ptr}[{offset}]",
    ),
    # offsets count values of 8 or 16 bits; the rest of a value is left alone, or zero
    *(
        op
        for width in (8, 16)
        for op in (
            _op(
                f"store_u{width}_to_l1",
                "value:i32 l1_ptr:ptr offset:i32",
                thread="noc",
                origin="extension",
                cpp=f"store_u{width}({{l1_ptr}}, {{offset}}, {{value}})",
            ),
            _op(
                f"load_u{width}_from_l1",
                "l1_ptr:ptr offset:i32",
                result="i32",
                thread="noc",
                effect="read",
                origin="extension",
                cpp=f"load_u{width}({{l1_ptr}}, {{offset}})",
            ),
        )
    ),
    _noc("my_x", result="index", effect="pure", cpp="my_x[noc_index]"),
    _noc("my_y", result="index", effect="pure", cpp="my_y[noc_index]"),
    *(
        _op(
            f"my_logical_{axis}_",
            result="index",
            effect="pure",
            thread="any",
            assembly="nullary",
            cpp=f"get_absolute_logical_{axis}()",
        )
        for axis in "xy"
    ),
    *(
        _noc(
            f"experimental::convert_logical_{axis}_to_translated",
            f"logical_{axis}:idx",
            result="idx",
            effect="pure",
            assembly="generic",
            header="internal/firmware_common.h ->",
            cpp=_LOGICAL.format(word, axis),
        )
        for axis, word in (("x", "col"), ("y", "row"))
    ),
    _noc("mem_zeros_base", result="i32", effect="pure", cpp="MEM_ZEROS_BASE"),
    _noc("mem_zeros_size", result="i32", effect="pure", cpp="MEM_ZEROS_SIZE"),
    _noc("get_write_ptr", "cb:cb", result="i32", effect="read"),
    _noc("get_read_ptr", "cb:cb", result="i32", effect="read"),
    _noc("get_tile_size", "cb:cb", result="i32", effect="pure"),
    _noc("get_dataformat", "cb:cb", result="data_format", effect="pure"),
    _op("dprint", "argv:any*", "fmt:str", thread="any", header="debug/dprint.h", cpp="DPRINT"),
    _op(
        "assert",
        "condition:i1",
        "message:str",
        thread="any",
        origin="extension",
        header="debug/assert.h",
        cpp="ASSERT",
    ),
    _op(
        "signpost",
        "",
        "label:str",
        thread="any",
        origin="extension",
        header="tools/profiler/kernel_profiler.hpp -> debug/kernel_profiler.hpp",
        cpp="DeviceZoneScopedN",
    ),
)

_METHOD_SUFFIX = "is a method of sharded accessors only"
_ACCESSOR = (
    _noc(
        "TensorAccessorArgs",
        "cta_base:i32? crta_base:i32? prev_args:args?",
        "cta_expr:str? crta_expr:str?",
        result="args",
        effect="pure",
        assembly="accessor_args",
    ),
    _noc(
        "TensorAccessor",
        "args:args bank_base_address_in:i32 page_size_in:i32?",
        result="acc",
        effect="pure",
    ),
    _noc(
        "tensor_accessor.get_noc_addr",
        "tensor_accessor:acc id:i32 offset:i32",
        result="noc_addr",
        effect="pure",
        cpp="page_noc_addr({tensor_accessor}, {id}, {offset})",
    ),
    *(
        _noc(
            f"tensor_accessor.{name}",
            f"tensor_accessor:acc {operands}",
            result=result,
            effect="pure",
            refused=_BOTH,
            why_not=f"{name} {_METHOD_SUFFIX}",
        )
        for name, operands, result in (
            ("get_shard_noc_addr", "shard_id:i32 offset:i32", "i32"),
            ("get_bank_and_offset", "page_id:i32", "page_mapping"),
            ("is_local_bank", "id:i32 offset:i32", "i1"),
            ("is_local_addr", "virtual_x:i32 virtual_y:i32", "i1"),
            ("is_local_page", "page_id:i32", "i1"),
            ("is_local_shard", "shard_id:i32", "i1"),
        )
    ),
)

_ONE_CHIP = "kernels that span several chips have no C++ here"
_FCM = "fabric_connection_manager:fcm"
_MCAST_DEVICES = "dst_mesh_id:i16 dst_dev_id_start:i16 dst_dev_id_end:i16"
_FABRIC = tuple(
    _noc(
        f"experimental::{name}",
        operands,
        attributes,
        result=result,
        refused=_BOTH,
        assembly="generic",
        why_not=_ONE_CHIP,
    )
    for name, operands, attributes, result in (
        ("get_my_device_id", "", "", "i16"),
        ("create_fabric_connection_manager", "", "", "fcm"),
        ("setup_fabric_connections", _FCM, "", ""),
        ("close_fabric_connections", _FCM, "", ""),
        (
            "fabric_fast_write_any_len",
            f"{_FCM} dst_mesh_id:i16 dst_dev_id:i16 dst_addr:noc_addr src_addr:i32 len_bytes:i32",
            "",
            "",
        ),
        (
            "fabric_mcast_fast_write_any_len",
            f"{_FCM} {_MCAST_DEVICES} dst_addr:noc_addr src_addr:i32 len_bytes:i32",
            "",
            "",
        ),
        ("fabric_sem_inc", f"{_FCM} dst_mesh_id:i16 dst_dev_id:i16 semaphore_addr:noc_addr incr:idx", "", ""),
        ("fabric_mcast_sem_inc", f"{_FCM} {_MCAST_DEVICES} semaphore_addr:noc_addr incr:idx", "", ""),
        ("get_my_logical_mesh_position", "fcm:fcm", "dim:i64", "index"),
        ("get_device_id_from_logical_mesh_position", "fcm:fcm position_indices:index*", "", "i16"),
    )
)

_DTYPE = "data_format:dtype"
_FLOAT_OF_DST = "DST_ACCUM_MODE ? DataFormat::Float32 : DataFormat::Float16_b"
_COMPUTE_API = "compute/compute_kernel_api.h"

_SFPU_WITH_ATTRIBUTES = (
    _op("copy_dest_values_init", header="compute/copy_dest_values.h"),
    # W11 knows no data format here: without one the copy is of floats, as wide as DST is
    _op(
        "copy_dest_values",
        "idst_in:idx idst_out:idx",
        f"{_DTYPE}?",
        place="dictionary",
        header="compute/copy_dest_values.h",
        cpp69="copy_dest_values{data_format:targ}({idst_in}, {idst_out})",
        cpp81=f"copy_dest_values{{data_format:targ={_FLOAT_OF_DST}}}({{idst_in}}, {{idst_out}})",
    ),
    _op("sfpu_reduce_init", "", f"reduce_type:reduce_type {_DTYPE}", header=_COMPUTE_API),
    _op(
        "sfpu_reduce",
        "dst_index:idx",
        f"reduce_type:reduce_type {_DTYPE} reduce_dim:reduce_dim",
        header=_COMPUTE_API,
    ),
    _op("logical_not_tile_init", header="compute/eltwise_unary/logical_not.h"),
    _op(
        "logical_not_tile",
        "dst0_index:idx",
        "dtype:dtype",
        place="dictionary",
        header="compute/eltwise_unary/logical_not.h",
    ),
)

_RANDOM = (
    _op("rand_tile_init", "seed:idx", header="compute/eltwise_unary/rand.h"),
    _op("rand_tile", "tile_index:idx from:idx scale:idx", header="compute/eltwise_unary/rand.h"),
)

STRUCTURAL_OPS: tuple[OpSpec, ...] = (
    *_STARTUP_AND_REGISTERS,
    *_FPU,
    *_LAYOUT,
    *_CB,
    *_NOC,
    *_ARGS,
    *_HELPERS,
    *_ACCESSOR,
    *_FABRIC,
    *_SFPU_WITH_ATTRIBUTES,
    *_RANDOM,
)
