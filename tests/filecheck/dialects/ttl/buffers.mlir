// RUN: ttl-opt %s | filecheck %s
// RUN: ttl-opt %s --generic | ttl-opt | filecheck %s

ttl.kernel grid = [1, 1] {
  %cb = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  %rows = ttl.create_cb shape=[4, 64], tile_type=bf16, buffer_factor=1, memory_space=DRAM {name = "rows"}
  ttl.compute_thread {
    %c0 = arith.constant 0 : index
    %x = ttl.cb_wait %cb, 2 : !ttl.block<tensor<2x1x!ttcore.tile<32x32, bf16>>>
    %t = ttl.get_tile %cb, %c0
    %y = ttl.cb_reserve %cb, 2 : memref<2x1x!ttcore.tile<32x32, bf16>>
    ttl.pack_tile %c0, %cb, %c0
    ttl.cb_pop %cb, 2
    ttl.cb_push %cb, 2 {last}
    ttl.cb_wait %cb, 2
    ttl.cb_reserve %cb, 2
  }
}

// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.kernel grid = [1, 1] {
// CHECK-NEXT:     %cb = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[2,1], !ttcore.tile<32x32, bf16>, 2, L1>
// CHECK-NEXT:     %rows = ttl.create_cb shape=[4, 64], tile_type=bf16, buffer_factor=1, memory_space=DRAM {name = "rows"} : !ttl.cb<[4,64], bf16, 1, DRAM>
// CHECK-NEXT:     ttl.compute_thread {
// CHECK-NEXT:       %c0 = arith.constant 0 : index
// CHECK-NEXT:       %x = ttl.cb_wait %cb, 2 : !ttl.block<tensor<2x1x!ttcore.tile<32x32, bf16>>>
// CHECK-NEXT:       %t = ttl.get_tile %cb, %c0 : !ttcore.tile<32x32, bf16>
// CHECK-NEXT:       %y = ttl.cb_reserve %cb, 2 : memref<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       ttl.pack_tile %c0, %cb, %c0
// CHECK-NEXT:       ttl.cb_pop %cb, 2
// CHECK-NEXT:       ttl.cb_push %cb, 2 {last}
// CHECK-NEXT:       ttl.cb_wait %cb, 2
// CHECK-NEXT:       ttl.cb_reserve %cb, 2
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
