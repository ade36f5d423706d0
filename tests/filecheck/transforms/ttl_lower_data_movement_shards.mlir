// Row-major data in shards: rows of one shard are one transfer, rows in several shards are cut at their edges.
// RUN: ttl-opt %s -p ttl-lower-data-movement,ttl-canonicalize --split-input-file | filecheck %s

!H = memref<16x96xi32, #ttl.layout<row_major, height_sharded, grid = [4], shard = [4, 96], orientation = row_major>, #ttl.memory_space<L1>>
!C = !ttl.cb<[8,96], i32, 2, L1>

// Eight rows in two shards: two transfers of 1536 bytes, four pages apart.
// CHECK-LABEL: func.func @two_shards
// CHECK:      [[PTR:%.*]] = ttkernel.get_write_ptr
// CHECK:      ttkernel.tensor_accessor.get_noc_addr({{%.*}}, %c0_i32, %c0_i32)
// CHECK:      ttkernel.noc_async_read({{%.*}}, [[PTR]], %c1536_i32)
// CHECK:      ttkernel.tensor_accessor.get_noc_addr({{%.*}}, %c4_i32, %c0_i32)
// CHECK:      ttkernel.noc_async_read({{%.*}}, {{%.*}}, %c1536_i32)
// CHECK-NOT:  ttkernel.noc_async_read
ttl.program @p(%t: !H) grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[8, 96], tile_type=i32, buffer_factor=2 {cb_index = 0 : i32}
  }
}
func.func @two_shards(%a: !C {ttl.cb = 0 : i32}, %t: !H {ttl.tensor = 0 : i32}) attributes {ttl.program = "p", ttl.thread = "datamovement", ttl.grid = #ttl.grid<[1, 1]>, ttl.arch = "wormhole_b0"} {
  %c0_i32 = arith.constant 0 : i32
  %c4_i32 = arith.constant 4 : i32
  %c1536_i32 = arith.constant 1536 : i32
  %i = arith.constant 0 : index
  %acc = ttl.tensor_accessor %t {layout = #ttl.layout<row_major, height_sharded, grid = [4], shard = [4, 96], orientation = row_major>, memspace = L1}
  %x = ttl.cb_reserve %a, 768 : memref<8x96xi32, #ttl.memory_space<L1>>
  %ref = ttl.index_accessor %acc, %i, %i : memref<8x96xi32, #ttl.layout<row_major, height_sharded, grid = [4], shard = [4, 96], orientation = row_major>, #ttl.memory_space<L1>>
  %tx = ttl.copy %ref, %x
  func.return
}

// -----

!W = memref<16x96xi32, #ttl.layout<row_major, width_sharded, grid = [2], shard = [16, 64], orientation = row_major>, #ttl.memory_space<DRAM>>
!C = !ttl.cb<[1,96], i32, 2, L1>

// A row in two banks of DRAM: three transfers of 32 elements, the greatest length that no edge of a shard divides.
// CHECK-LABEL: func.func @across
// CHECK:      scf.for {{.*}} iter_args([[PLACE:%.*]] = {{%.*}}, [[AT:%.*]] = {{%.*}})
// CHECK-DAG:    [[INSIDE:%.*]] = arith.remui [[PLACE]], %c64_i32 : i32
// CHECK-DAG:    [[PAGE:%.*]] = arith.divui [[PLACE]], %c64_i32 : i32
// CHECK:        ttkernel.noc_async_read({{%.*}}, [[AT]], %c128_i32)
// CHECK:        arith.addi [[PLACE]], %c32_i32 : i32
ttl.program @p(%t: !W) grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 96], tile_type=i32, buffer_factor=2 {cb_index = 0 : i32}
  }
}
func.func @across(%a: !C {ttl.cb = 0 : i32}, %t: !W {ttl.tensor = 0 : i32}) attributes {ttl.program = "p", ttl.thread = "datamovement", ttl.grid = #ttl.grid<[1, 1]>, ttl.arch = "wormhole_b0"} {
  %c32_i32 = arith.constant 32 : i32
  %c64_i32 = arith.constant 64 : i32
  %c128_i32 = arith.constant 128 : i32
  %i = arith.constant 0 : index
  %acc = ttl.tensor_accessor %t {layout = #ttl.layout<row_major, width_sharded, grid = [2], shard = [16, 64], orientation = row_major>, memspace = DRAM}
  %x = ttl.cb_reserve %a, 96 : memref<1x96xi32, #ttl.memory_space<L1>>
  %ref = ttl.index_accessor %acc, %i, %i : memref<1x96xi32, #ttl.layout<row_major, width_sharded, grid = [2], shard = [16, 64], orientation = row_major>, #ttl.memory_space<DRAM>>
  %tx = ttl.copy %ref, %x
  func.return
}
