// Double waits and barriers, dead copies, indices of accessors, loop-invariant accessors.
// RUN: ttl-opt %s -p ttl-canonicalize --split-input-file | filecheck %s

func.func @waits(%t: tensor<1x1x!ttcore.tile<32x32, bf16>>, %b: !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>) {
  %tx = ttl.copy %t, %b
  ttl.wait %tx
  ttl.wait %tx
  %back = ttl.copy %b, %t
  ttl.dma_barrier read
  ttl.wait %back
  ttl.dma_barrier write
  ttl.dma_barrier
  ttl.dma_barrier read
  ttl.dma_barrier
  ttl.wait %back
  func.return
}

// -----

func.func @waits_of_the_same_transfer(%t: tensor<1x1x!ttcore.tile<32x32, bf16>>, %b: !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>) {
  %tx = ttl.copy %t, %b
  %other = ttl.copy %b, %t
  ttl.dma_barrier read
  ttl.wait %tx
  ttl.wait %other
  func.return
}

// -----

func.func @dead_copies(%t: tensor<1x1x!ttcore.tile<32x32, bf16>>, %u: tensor<1x1x!ttcore.tile<32x32, bf16>>,
                       %b: !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>, %p: !ttl.pipe<[0] -> [1]>) {
  %self = ttl.copy %b, %b
  ttl.wait %self
  %overwritten = ttl.copy %t, %b
  ttl.wait %overwritten
  %kept = ttl.copy %u, %b
  ttl.wait %kept
  %seen = ttl.copy %b, %u
  ttl.wait %seen
  %received = ttl.copy %p, %b
  ttl.wait %received
  %after = ttl.copy %t, %b
  ttl.wait %after
  func.return
}

// -----

func.func @indices(%t: tensor<1x64x!ttcore.tile<32x32, bf16>>, %i: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  %cb = ttl.create_cb shape=[1, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  scf.for %k = %c0 to %c8 step %c1 {
    // The accessor does not depend on %k; (%k * 2) / 2 + 0 is %k; there is one row.
    %a = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
    %doubled = arith.muli %k, %c2 : index
    %same = arith.floordivsi %doubled, %c2 : index
    %column = arith.addi %same, %c0 : index
    %invariant = arith.muli %i, %c8 : index
    %moved = arith.addi %column, %invariant : index
    %slice = ttl.index_accessor %a, %i, %moved slice #ttl.slice<[1, 2]> : tensor<1x2x!ttcore.tile<32x32, bf16>>
    %x = ttl.cb_reserve %cb, 2 : !ttl.block<tensor<1x2x!ttcore.tile<32x32, bf16>>>
    %tx = ttl.copy %slice, %x
    ttl.wait %tx
    ttl.cb_push %cb, 2
    scf.for %l = %c0 to %c8 step %c1 {
      %b = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      %first = ttl.index_accessor %b, %c0, %i : tensor<1x2x!ttcore.tile<32x32, bf16>>
      %y = ttl.cb_wait %cb, 2 : !ttl.block<tensor<1x2x!ttcore.tile<32x32, bf16>>>
      %ty = ttl.copy %y, %first
      ttl.wait %ty
      ttl.cb_pop %cb, 2
    }
  }
  func.return
}

// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @waits(%t: tensor<1x1x!ttcore.tile<32x32, bf16>>, %b: !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>) {
// CHECK-NEXT:     %tx = ttl.copy %t, %b
// CHECK-NEXT:     ttl.wait %tx
// CHECK-NEXT:     %back = ttl.copy %b, %t
// CHECK-NEXT:     ttl.dma_barrier read
// CHECK-NEXT:     ttl.wait %back
// CHECK-NEXT:     ttl.dma_barrier write
// CHECK-NEXT:     ttl.dma_barrier
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @waits_of_the_same_transfer(%t: tensor<1x1x!ttcore.tile<32x32, bf16>>, %b: !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>) {
// CHECK-NEXT:     %tx = ttl.copy %t, %b
// CHECK-NEXT:     %other = ttl.copy %b, %t
// CHECK-NEXT:     ttl.dma_barrier read
// CHECK-NEXT:     ttl.wait %other
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @dead_copies(%t: tensor<1x1x!ttcore.tile<32x32, bf16>>, %u: tensor<1x1x!ttcore.tile<32x32, bf16>>, %b: !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>, %p: !ttl.pipe<[0] -> [1]>) {
// CHECK-NEXT:     %kept = ttl.copy %u, %b
// CHECK-NEXT:     ttl.wait %kept
// CHECK-NEXT:     %seen = ttl.copy %b, %u
// CHECK-NEXT:     ttl.wait %seen
// CHECK-NEXT:     %received = ttl.copy %p, %b
// CHECK-NEXT:     ttl.wait %received
// CHECK-NEXT:     %after = ttl.copy %t, %b
// CHECK-NEXT:     ttl.wait %after
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @indices(%t: tensor<1x64x!ttcore.tile<32x32, bf16>>, %i: index) {
// CHECK-NEXT:     %c0 = arith.constant 0 : index
// CHECK-NEXT:     %c1 = arith.constant 1 : index
// CHECK-NEXT:     %c8 = arith.constant 8 : index
// CHECK-NEXT:     %cb = ttl.create_cb shape=[1, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[1,2], !ttcore.tile<32x32, bf16>, 2, L1>
// CHECK-NEXT:     %a = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
// CHECK-NEXT:     %invariant = arith.muli %i, %c8 : index
// CHECK-NEXT:     %first = ttl.index_accessor %a, %c0, %i : tensor<1x2x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     scf.for %k = %c0 to %c8 step %c1 {
// CHECK-NEXT:       %moved = arith.addi %k, %invariant : index
// CHECK-NEXT:       %slice = ttl.index_accessor %a, %c0, %moved : tensor<1x2x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %x = ttl.cb_reserve %cb, 2 : !ttl.block<tensor<1x2x!ttcore.tile<32x32, bf16>>>
// CHECK-NEXT:       %tx = ttl.copy %slice, %x
// CHECK-NEXT:       ttl.wait %tx
// CHECK-NEXT:       ttl.cb_push %cb, 2
// CHECK-NEXT:       scf.for %l = %c0 to %c8 step %c1 {
// CHECK-NEXT:         %y = ttl.cb_wait %cb, 2 : !ttl.block<tensor<1x2x!ttcore.tile<32x32, bf16>>>
// CHECK-NEXT:         %ty = ttl.copy %y, %first
// CHECK-NEXT:         ttl.wait %ty
// CHECK-NEXT:         ttl.cb_pop %cb, 2
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
