// Pages advance from turn to turn: no multiplication is left in the loops around a transfer.
// RUN: ttl-opt %s -p ttl-lower-data-movement,ttl-canonicalize --split-input-file | filecheck %s

!T = memref<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>, #ttl.memory_space<DRAM>>
!C = !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1>
!B = memref<1x1x!ttcore.tile<32x32, bf16>, #ttl.memory_space<L1>>
!S = memref<1x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>, #ttl.memory_space<DRAM>>

// Tile (2 * i + y, j) of a tensor of 8x8 tiles: page 16 * i + 8 * y + j.
// CHECK-LABEL: func.func @nested
// CHECK:      [[FIRST:%.*]] = arith.muli {{%.*}}, %c8 : index
// CHECK:      [[PAGE:%.*]] = arith.index_cast [[FIRST]] : index to i32
// CHECK:      scf.for {{.*}} iter_args([[ROW:%.*]] = [[PAGE]])
// CHECK-NOT:    arith.muli
// CHECK:        scf.for {{.*}} iter_args([[AT:%.*]] = [[ROW]])
// CHECK-NOT:      arith.muli
// CHECK:          ttkernel.noc_async_read_tile([[AT]],
// CHECK:          [[NEXT:%.*]] = arith.addi [[AT]], %c1_i32 : i32
// CHECK-NEXT:     scf.yield [[NEXT]]
// CHECK:        [[BELOW:%.*]] = arith.addi [[ROW]], %c16_i32 : i32
// CHECK-NEXT:   scf.yield [[BELOW]]
ttl.program @p(%t: !T) grid = [1, 2] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 {cb_index = 0 : i32}
  }
}
func.func @nested(%a: !C {ttl.cb = 0 : i32}, %t: !T {ttl.tensor = 0 : i32}) attributes {ttl.program = "p", ttl.thread = "datamovement", ttl.grid = #ttl.grid<[1, 2]>, ttl.arch = "wormhole_b0"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c1_i32 = arith.constant 1 : i32
  %c16_i32 = arith.constant 16 : i32
  %x, %y = ttl.core_index(dims = 2)
  %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
  scf.for %i = %c0 to %c4 step %c1 {
    %double = arith.muli %i, %c2 : index
    %row = arith.addi %double, %y : index
    scf.for %j = %c0 to %c8 step %c1 {
      %b = ttl.cb_reserve %a, 1 : !B
      %ref = ttl.index_accessor %acc, %row, %j : !S
      %tx = ttl.copy %ref, %b
      ttl.cb_push %a, 1
    }
  }
  func.return
}

// -----

!T = memref<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>, #ttl.memory_space<DRAM>>
!C = !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1>
!B = memref<1x1x!ttcore.tile<32x32, bf16>, #ttl.memory_space<L1>>
!S = memref<1x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>, #ttl.memory_space<DRAM>>

// A column that is no multiple of the loop variable stays computed, inside.
// CHECK-LABEL: func.func @computed
// CHECK:      scf.for [[I:%.*]] = {{%.*}} to {{%.*}} step {{%.*}} {
// CHECK:        [[COLUMN:%.*]] = arith.remui [[I]]
// CHECK:        ttkernel.noc_async_read_tile(
ttl.program @p(%t: !T) grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 {cb_index = 0 : i32}
  }
}
func.func @computed(%a: !C {ttl.cb = 0 : i32}, %t: !T {ttl.tensor = 0 : i32}) attributes {ttl.program = "p", ttl.thread = "datamovement", ttl.grid = #ttl.grid<[1, 1]>, ttl.arch = "wormhole_b0"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c8 = arith.constant 8 : index
  %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
  scf.for %i = %c0 to %c8 step %c1 {
    %column = arith.remui %i, %c3 : index
    %b = ttl.cb_reserve %a, 1 : !B
    %ref = ttl.index_accessor %acc, %i, %column : !S
    %tx = ttl.copy %ref, %b
    ttl.cb_push %a, 1
  }
  func.return
}
