// What schedules make of data movement: blocks ahead and in a row, transactions, writes that have left.
// RUN: ttl-opt %s | filecheck %s
// RUN: ttl-opt %s | ttl-opt | filecheck %s
// RUN: ttl-opt %s --generic | ttl-opt | filecheck %s
// RUN: ttl-opt %s -p ttl-canonicalize | filecheck %s

func.func @movers(%a: tensor<16x2x!ttcore.tile<32x32, f32>>, %cb: !ttl.cb<[2,1], !ttcore.tile<32x32, f32>, 4, L1>, %ahead: index, %id: index) {
  ttl.kernel {
    ttl.datamovement_thread {
      %zero = arith.constant 0 : index
      %acc = ttl.tensor_accessor %a {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      // CHECK: %[[B1:.*]] = ttl.cb_reserve %cb, 2 ahead %ahead : !ttl.block<tensor<2x1x!ttcore.tile<32x32, f32>>>
      // CHECK: %[[B2:.*]] = ttl.cb_reserve %cb, 2 ahead %ahead : !ttl.block<tensor<2x1x!ttcore.tile<32x32, f32>>>
      %b1 = ttl.cb_reserve %cb, 2 ahead %ahead : !ttl.block<tensor<2x1x!ttcore.tile<32x32, f32>>>
      %b2 = ttl.cb_reserve %cb, 2 ahead %ahead : !ttl.block<tensor<2x1x!ttcore.tile<32x32, f32>>>
      %ref = ttl.index_accessor %acc, %zero, %zero : tensor<2x1x!ttcore.tile<32x32, f32>>
      // CHECK: ttl.copy %{{.*}}, %[[B1]] transaction %id
      // CHECK-NEXT: ttl.copy %{{.*}}, %[[B2]] transaction %id
      %t1 = ttl.copy %ref, %b1 transaction %id
      %t2 = ttl.copy %ref, %b2 transaction %id
      // CHECK-NEXT: ttl.dma_barrier read transaction %id
      // CHECK-NEXT: ttl.dma_barrier write sent
      // CHECK-NEXT: ttl.dma_barrier write sent
      ttl.dma_barrier read transaction %id
      ttl.dma_barrier write sent
      ttl.dma_barrier write sent
      // CHECK-NEXT: ttl.cb_push %cb, 4
      ttl.cb_push %cb, 4
      // CHECK-NEXT: %[[ROW:.*]] = ttl.cb_wait %cb, 4 : !ttl.block<tensor<4x1x!ttcore.tile<32x32, f32>>>
      %row = ttl.cb_wait %cb, 4 : !ttl.block<tensor<4x1x!ttcore.tile<32x32, f32>>>
      %tall = ttl.index_accessor %acc, %zero, %zero : tensor<4x1x!ttcore.tile<32x32, f32>>
      // CHECK: ttl.copy %[[ROW]]
      %t3 = ttl.copy %row, %tall
      ttl.dma_barrier write
      ttl.cb_pop %cb, 4
    }
  }
  func.return
}
