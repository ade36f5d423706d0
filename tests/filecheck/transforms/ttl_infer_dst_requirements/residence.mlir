// Which values live in DST, which need a circular buffer and why, how wide registers are.
// RUN: ttl-opt %s -p ttl-infer-dst-requirements --split-input-file | filecheck %s

// A chain lives in registers.
// CHECK-LABEL: ttl.program @chain
// CHECK-SAME: fp32_dest_acc = false
// CHECK:      %[[S:[0-9a-z_]+]] = ttl.block_add
// CHECK-NEXT: ttl.require_dst %[[S]]
// CHECK-NEXT: %[[E:[0-9a-z_]+]] = ttl.block_exp
// CHECK-NEXT: ttl.require_dst %[[E]]
// CHECK-NOT:  ttl.buffered
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

// The unpacker reads operands of a product from a buffer; 32-bit types need wide registers.
// CHECK-LABEL: ttl.program @product
// CHECK-SAME: fp32_dest_acc = true
// CHECK:      ttl.block_add %x, %y {ttl.buffered = "the unpacker reads it for a matmul"}
// CHECK-NEXT: %[[P:[0-9a-z_]+]] = ttl.block_matmul
// CHECK-NEXT: ttl.require_dst %[[P]]
ttl.program @product() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, f32>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, f32>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, f32>>>
      %s = ttl.block_add %x, %y : tensor<2x2x!ttcore.tile<32x32, f32>>
      %p = ttl.block_matmul %s, %y : tensor<2x2x!ttcore.tile<32x32, f32>>
      ttl.block_store %z, %p
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// A block that is released before the use; what the program says about registers stays.
// CHECK-LABEL: ttl.program @released
// CHECK-SAME: fp32_dest_acc = true
// CHECK:      ttl.block_exp %x {ttl.buffered = "a block that it reads is released before its use"}
// CHECK-NOT:  ttl.buffered
ttl.program @released() grid = [1, 1] attributes {fp32_dest_acc = true} {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %e = ttl.block_exp %x : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.cb_pop %a, 4
      %s = ttl.block_add %e, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %s
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
    }
  }
}

// -----

// A loop would compute the value in every turn; a value that nothing uses gets no mark.
// CHECK-LABEL: ttl.program @loop
// CHECK:      ttl.block_exp %x {ttl.buffered = "a loop uses it in every turn"}
// CHECK-NEXT: ttl.block_sin %x : tensor
// CHECK-NOT:  ttl.require_dst
// CHECK:      scf.for
ttl.program @loop() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %e = ttl.block_exp %x : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %unused = ttl.block_sin %x : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %i = %c0 to %c4 step %c1 {
        %s = ttl.block_mul %e, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
        ttl.block_store %z, %s acc
      }
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}
