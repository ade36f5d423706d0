// Slots of values, sub-blocks, instructions that take operands from buffers or from DST.
// RUN: ttl-opt %s -p ttl-infer-dst-requirements,ttl-bufferize,ttl-allocate-circular-buffers,ttl-expand-threads,ttl-assign-dst-registers --split-input-file | filecheck %s

// Unary functions work in place; the sum comes from buffers and needs no loads.
// CHECK-LABEL: func.func @compute
// CHECK:      ttl.block_compute ins({{.*}}) outs({{.*}}) attributes {dst_slots = 1 : i32, subblock = [1 : i64, 4 : i64]}
// CHECK-NOT:  ttl.load_tile
// CHECK:      ttl.block_add {{.*}} {dst = 0 : i32}
// CHECK-NEXT: ttl.block_exp {{.*}} {dst = 0 : i32}
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

// A value that lives on is copied before a function overwrites it.
// CHECK-LABEL: func.func @compute
// CHECK:      %[[S:[a-z_0-9]+]] = ttl.block_add {{.*}} {dst = 0 : i32}
// CHECK-NEXT: %[[C:[a-z_0-9]+]] = ttl.copy_dst %[[S]] {dst = 1 : i32}
// CHECK-NEXT: %[[E:[a-z_0-9]+]] = ttl.block_exp %[[C]] {dst = 1 : i32}
// CHECK-NEXT: ttl.block_mul %[[E]], %[[S]] {dst = 1 : i32}
ttl.program @copy() grid = [1, 1] {
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
      %p = ttl.block_mul %e, %s : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %p
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// 32-bit floats are loaded past the source registers; the product is added to the loaded tile.
// CHECK-LABEL: func.func @compute
// CHECK-SAME: ttl.unpack_to_dest = [0 : i64, 1 : i64]
// CHECK:      ttl.load_tile {{.*}} {dst = 0 : i32}
// CHECK-NEXT: ttl.load_tile {{.*}} {dst = 1 : i32}
// CHECK-NEXT: ttl.block_max {{.*}} {dst = 0 : i32}
ttl.program @wide() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, f32>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, f32>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, f32>>>
      %s = ttl.block_max %x, %y : tensor<2x2x!ttcore.tile<32x32, f32>>
      ttl.block_store %z, %s
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// A product that a buffer's tile is added to starts from that tile in wide registers.
// CHECK-LABEL: func.func @compute
// CHECK:      %[[L:[a-z_0-9]+]] = ttl.load_tile {{.*}} {dst = 0 : i32}
// CHECK-NEXT: %[[P:[a-z_0-9]+]] = ttl.block_matmul {{.*}} {dst = 0 : i32}
// CHECK-NEXT: ttl.block_add %[[P]], %[[L]] {folded = true, dst = 0 : i32}
ttl.program @onto() grid = [1, 1] attributes {fp32_dest_acc = true} {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %p = ttl.block_matmul %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %s = ttl.block_add %p, %x : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %s
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// A bare product that accumulates stays in DST.
// CHECK-LABEL: func.func @compute
// CHECK:      ttl.block_compute {{.*}} accumulate attributes {accumulate_in = "dst", dst_slots = 1 : i32, subblock = [2 : i64, 2 : i64]}
ttl.program @resident() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %i = %c0 to %c4 step %c1 {
        %p = ttl.block_matmul %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
        ttl.block_store %z, %p acc
      }
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}
