// Block arithmetic in the forms that the hardware has.
// RUN: ttl-opt %s -p ttl-legalize-compute --split-input-file | filecheck %s

// A mean is a sum by a block of ones, times 1/64; against a full block its column 0 is repeated.
// CHECK-LABEL: ttl.program @mean
// CHECK:      %ones = ttl.create_cb shape=[1, 1]
// CHECK:      ttl.block_fill value = 1.000000e+00 : tensor<1x1
// CHECK:      %[[ONES:[a-z_0-9]+]] = ttl.cb_wait %ones, 1
// CHECK:      %[[SUM:[0-9a-z_]+]] = ttl.block_reduce %x, %[[ONES]] kind = sum dims = [1]
// CHECK:      ttl.block_fill value = 1.562500e-02
// CHECK:      %[[MEAN:[0-9a-z_]+]] = ttl.block_mul %[[SUM]],
// CHECK:      %[[REPEATED:[0-9a-z_]+]] = ttl.block_broadcast %[[MEAN]] dims = [1] : tensor<2x2x
// CHECK:      ttl.block_sub %x, %[[REPEATED]]
// CHECK:      ttl.cb_pop %a
// CHECK-NEXT: ttl.cb_pop %ones, 1
ttl.program @mean() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %m = ttl.block_reduce %x kind = mean dims = [1] : tensor<2x1x!ttcore.tile<32x32, bf16>>
      %d = ttl.block_sub %x, %m : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %d
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// A minimum is the negated maximum of the negation.
// CHECK-LABEL: ttl.program @minimum
// CHECK:      %[[NEG:[0-9a-z_]+]] = ttl.block_neg %x
// CHECK:      %[[MAX:[0-9a-z_]+]] = ttl.block_reduce %[[NEG]], {{.*}} kind = max dims = [0, 1]
// CHECK:      ttl.block_neg %[[MAX]]
// CHECK-NOT:  kind = min
ttl.program @minimum() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %m = ttl.block_reduce %x kind = min dims = [0, 1] : tensor<1x1x!ttcore.tile<32x32, bf16>>
      %d = ttl.block_add %x, %m : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %d
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// The right operand of a product is read transposed; the left one is not.
// CHECK-LABEL: ttl.program @transposed
// CHECK:      ttl.block_matmul %x, %y transpose_rhs
// CHECK:      %[[T:[0-9a-z_]+]] = ttl.block_transpose %x
// CHECK:      ttl.block_matmul %[[T]], %y :
ttl.program @transposed() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %t = ttl.block_transpose %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %p = ttl.block_matmul %x, %t : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %u = ttl.block_transpose %x : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %q = ttl.block_matmul %u, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %s = ttl.block_add %p, %q : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %s
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// A mask is a choice; a lone accumulating store overwrites; equal shapes are left alone.
// CHECK-LABEL: ttl.program @mask
// CHECK:      %[[ZERO:[0-9a-z_]+]] = ttl.block_fill value = 0.000000e+00
// CHECK-NEXT: %[[M:[0-9a-z_]+]] = ttl.block_where %y, %x, %[[ZERO]]
// CHECK-NEXT: %[[S:[0-9a-z_]+]] = ttl.block_add %[[M]], %y
// CHECK-NEXT: ttl.block_store %z, %[[S]]
// CHECK-NOT:  acc
// CHECK-NOT:  ttl.block_broadcast
ttl.program @mask() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %m = ttl.block_mask %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %s = ttl.block_add %m, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %s acc
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// Integers become floats where they meet floats, and what is stored becomes what the block holds.
// CHECK-LABEL: ttl.program @integers
// CHECK:      %[[F:[0-9a-z_]+]] = ttl.block_typecast %x : tensor<2x2x!ttcore.tile<32x32, f32>>
// CHECK:      ttl.block_add %[[F]], %[[HALF:[0-9a-z_]+]]
// CHECK:      ttl.block_typecast {{.*}} : tensor<2x2x!ttcore.tile<32x32, si32>>
// CHECK-NEXT: ttl.block_store
ttl.program @integers() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %h = ttl.block_fill value = 0.5 : tensor<2x2x!ttcore.tile<32x32, f32>>
      %g = ttl.block_exp %h : tensor<2x2x!ttcore.tile<32x32, f32>>
      %s = ttl.block_add %x, %g : tensor<2x2x!ttcore.tile<32x32, f32>>
      ttl.block_store %z, %s
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}
