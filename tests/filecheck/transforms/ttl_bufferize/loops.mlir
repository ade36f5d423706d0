// Expressions as loops over tiles, and values that go through intermediate buffers.
// RUN: ttl-opt %s -p ttl-infer-dst-requirements,ttl-bufferize --split-input-file | filecheck %s

// A chain is one loop that stores in place: no buffer is made, no tensor is left.
// CHECK-LABEL: ttl.program @chain
// CHECK-NOT:  intermediate
// CHECK:      ttl.cb_wait %a, 4 : memref<2x2x
// CHECK:      ttl.block_compute ins(%x, %y) outs(%z) {
// CHECK-NEXT: ^bb0(%[[X:[a-z_0-9]+]]: !ttcore.tile<32x32, bf16>, %[[Y:[a-z_0-9]+]]: !ttcore.tile<32x32, bf16>):
// CHECK-NEXT:   %[[S:[a-z_0-9]+]] = ttl.block_add %[[X]], %[[Y]] : !ttcore.tile<32x32, bf16>
// CHECK-NEXT:   %[[E:[a-z_0-9]+]] = ttl.block_exp %[[S]]
// CHECK-NEXT:   ttl.yield %[[E]]
// CHECK-NEXT: }
// CHECK-NEXT: ttl.cb_push %o, 4
// CHECK-NOT:  tensor
// CHECK-NOT:  ttl.require_dst
ttl.program @chain() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %s = ttl.block_add %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %e = ttl.block_exp %s : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %e
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// An operand of a product goes through a buffer: reserved, computed, pushed, waited for, popped after its last use.
// CHECK-LABEL: ttl.program @product
// CHECK:      %s = ttl.create_cb shape=[2, 2], {{.*}} buffer_factor=1 {intermediate = "the unpacker reads it for a matmul"}
// CHECK:      %[[W:[a-z_0-9]+]] = ttl.cb_reserve %s, 4
// CHECK-NEXT: ttl.block_compute ins(%x, %y) outs(%[[W]])
// CHECK:      ttl.cb_push %s, 4
// CHECK-NEXT: %[[R:[a-z_0-9]+]] = ttl.cb_wait %s, 4
// CHECK-NEXT: ttl.block_compute ins(%[[R]], %y) outs(%z)
// CHECK:        ttl.block_matmul
// CHECK:      ttl.cb_pop %s, 4
// CHECK-NEXT: ttl.cb_push %o, 4
ttl.program @product() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %s = ttl.block_add %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %p = ttl.block_matmul %s, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %p
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// Intermediates that are not alive together share a buffer.
// CHECK-LABEL: ttl.program @shared
// CHECK-COUNT-1: intermediate =
// CHECK-NOT:  intermediate =
// CHECK:      ttl.compute_thread
// CHECK:      ttl.cb_pop %s, 4
// CHECK:      ttl.cb_reserve %s, 4
// CHECK:      ttl.cb_pop %s, 4
ttl.program @shared() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %s = ttl.block_add %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %p = ttl.block_matmul %s, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %p acc
      %t = ttl.block_sub %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %q = ttl.block_matmul %t, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %q acc
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}
