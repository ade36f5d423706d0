// Transfers become NoC calls: addresses are computed once and advance, pieces that lie side by side are one transfer.
// RUN: ttl-opt %s -p ttl-lower-data-movement,ttl-canonicalize --split-input-file | filecheck %s

!T = memref<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>, #ttl.memory_space<DRAM>>
!C = !ttl.cb<[4,2], !ttcore.tile<32x32, bf16>, 2, L1>

// A block of 4x2 tiles: page and address are carried, with no multiplication in the loop.
// CHECK-LABEL: func.func @advance
// CHECK:      [[PTR:%.*]] = ttkernel.get_write_ptr
// CHECK:      scf.for {{.*}} iter_args([[PAGE:%.*]] = {{.*}}, [[AT:%.*]] = [[PTR]])
// CHECK-NOT:    arith.muli
// CHECK:        ttkernel.noc_async_read_tile([[PAGE]], {{.*}}, [[AT]])
// CHECK:        ttkernel.noc_async_read_tile(
// CHECK:        scf.yield
// CHECK-NOT:  ttl.copy
ttl.program @p(%t: !T) grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[4, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 {cb_index = 0 : i32}
  }
}
func.func @advance(%a: !C {ttl.cb = 0 : i32}, %t: !T {ttl.tensor = 0 : i32}) attributes {ttl.program = "p", ttl.thread = "datamovement", ttl.grid = #ttl.grid<[1, 1]>, ttl.arch = "wormhole_b0"} {
  %i = arith.constant 0 : index
  %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
  %x = ttl.cb_reserve %a, 8 : memref<4x2x!ttcore.tile<32x32, bf16>, #ttl.memory_space<L1>>
  %ref = ttl.index_accessor %acc, %i, %i : memref<4x2x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>, #ttl.memory_space<DRAM>>
  %tx = ttl.copy %ref, %x
  func.return
}

// -----

!L = memref<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 4], orientation = row_major>, #ttl.memory_space<L1>>
!C = !ttl.cb<[4,4], !ttcore.tile<32x32, bf16>, 2, L1>

// A whole shard: one transfer of 16 tiles. The accessor's words are 2 + 6 and two for the places of four shards.
// CHECK-LABEL: func.func @shard
// CHECK:      ttkernel.TensorAccessorArgs(%[[WORDS:.*]], %
// CHECK:      [[NOC:%.*]] = ttkernel.tensor_accessor.get_noc_addr
// CHECK:      ttkernel.noc_async_read([[NOC]], {{%.*}}, %c32768_i32)
// CHECK-NOT:  scf.for
// CHECK-NOT:  ttkernel.noc_async_read
ttl.program @p(%t: !L) grid = [2, 2] {
  ttl.kernel {
    %a = ttl.create_cb shape=[4, 4], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 {cb_index = 0 : i32}
  }
}
func.func @shard(%a: !C {ttl.cb = 0 : i32}, %t: !L {ttl.tensor = 0 : i32}) attributes {ttl.program = "p", ttl.thread = "datamovement", ttl.grid = #ttl.grid<[2, 2]>, ttl.arch = "wormhole_b0"} {
  %cx, %cy = ttl.core_index(dims = 2)
  %c32768_i32 = arith.constant 32768 : i32
  %four = arith.constant 4 : index
  %row = arith.muli %cy, %four : index
  %column = arith.muli %cx, %four : index
  %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 4], orientation = row_major>, memspace = L1}
  %x = ttl.cb_reserve %a, 16 : memref<4x4x!ttcore.tile<32x32, bf16>, #ttl.memory_space<L1>>
  %ref = ttl.index_accessor %acc, %row, %column : memref<4x4x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 4], orientation = row_major>, #ttl.memory_space<L1>>
  %tx = ttl.copy %ref, %x
  func.return
}

// -----

!R = memref<64x128xi16, #ttl.layout<row_major, interleaved>, #ttl.memory_space<DRAM>>
!C = !ttl.cb<[2,32], i16, 2, L1>

// Rows: one transfer for each part of a row.
// CHECK-LABEL: func.func @rows
// CHECK:      ttkernel.tensor_accessor.get_noc_addr
// CHECK-NEXT: ttkernel.noc_async_read({{.*}}) : (!ttkernel.noc_addr, i32, i32)
// CHECK:      ttkernel.tensor_accessor.get_noc_addr
// CHECK-NEXT: ttkernel.noc_async_read(
ttl.program @p(%t: !R) grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 32], tile_type=i16, buffer_factor=2 {cb_index = 0 : i32}
  }
}
func.func @rows(%a: !C {ttl.cb = 0 : i32}, %t: !R {ttl.tensor = 0 : i32}) attributes {ttl.program = "p", ttl.thread = "datamovement", ttl.grid = #ttl.grid<[1, 1]>, ttl.arch = "wormhole_b0"} {
  %i = arith.constant 0 : index
  %start = arith.constant 64 : index
  %acc = ttl.tensor_accessor %t {layout = #ttl.layout<row_major, interleaved>, memspace = DRAM}
  %x = ttl.cb_reserve %a, 64 : memref<2x32xi16, #ttl.memory_space<L1>>
  %ref = ttl.index_accessor %acc, %i, %start : memref<2x32xi16, #ttl.layout<row_major, interleaved>, #ttl.memory_space<DRAM>>
  %tx = ttl.copy %ref, %x
  func.return
}
