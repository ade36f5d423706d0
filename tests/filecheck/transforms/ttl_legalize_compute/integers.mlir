// Functions of integers that the vector unit lacks, in terms of those that it has; reductions of integers.
// RUN: ttl-opt %s -p ttl-legalize-compute --split-input-file | filecheck %s

ttl.program @square_of_uint8() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, u8>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, u8>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, u8>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, u8>>>
      %p = ttl.block_square %x : tensor<2x2x!ttcore.tile<32x32, u8>>
      ttl.block_store %z, %p
      ttl.cb_push %o, 4
      ttl.cb_pop %a, 4
    }
  }
}

// CHECK-LABEL: ttl.program @square_of_uint8
// CHECK:       %[[w:\w+]] = ttl.block_typecast %x : tensor<2x2x!ttcore.tile<32x32, si32>>
// CHECK-NEXT:  %[[s:\w+]] = ttl.block_mul %[[w]], %[[w]]
// CHECK-NEXT:  ttl.block_typecast %[[s]] : tensor<2x2x!ttcore.tile<32x32, u8>>

// -----

ttl.program @quotient_is_a_float() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %n = ttl.block_fill value = 3.0 : tensor<2x2x!ttcore.tile<32x32, si32>>
      %p = ttl.block_div %x, %n : tensor<2x2x!ttcore.tile<32x32, f32>>
      ttl.block_store %z, %p
      ttl.cb_push %o, 4
      ttl.cb_pop %a, 4
    }
  }
}

// CHECK-LABEL: ttl.program @quotient_is_a_float
// CHECK:       %[[x:\w+]] = ttl.block_typecast %x : tensor<2x2x!ttcore.tile<32x32, f32>>
// CHECK-NEXT:  %[[n:\w+]] = ttl.block_fill value = 3.000000e+00 : tensor<2x2x!ttcore.tile<32x32, f32>>
// CHECK-NEXT:  ttl.block_div %[[x]], %[[n]]

// -----

ttl.program @power_by_squaring() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %n = ttl.block_fill value = 5.0 : tensor<2x2x!ttcore.tile<32x32, si32>>
      %p = ttl.block_pow %x, %n : tensor<2x2x!ttcore.tile<32x32, si32>>
      ttl.block_store %z, %p
      ttl.cb_push %o, 4
      ttl.cb_pop %a, 4
    }
  }
}

// CHECK-LABEL: ttl.program @power_by_squaring
// CHECK:       %[[two:\w+]] = ttl.block_mul %x, %x
// CHECK-NEXT:  %[[four:\w+]] = ttl.block_mul %[[two]], %[[two]]
// CHECK-NEXT:  ttl.block_mul %x, %[[four]]

// -----

ttl.program @least_of_uint32() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, u32>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, u32>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, u32>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, u32>>>
      %p = ttl.block_reduce %x kind = min dims = [0, 1] : tensor<1x1x!ttcore.tile<32x32, u32>>
      %s = ttl.block_add %x, %p : tensor<2x2x!ttcore.tile<32x32, u32>>
      ttl.block_store %z, %s
      ttl.cb_push %o, 4
      ttl.cb_pop %a, 4
    }
  }
}

// The order of unsigned values is that of signed ones 2**31 less; the matrix unit and its scaler stay out.
// CHECK-LABEL: ttl.program @least_of_uint32
// CHECK-NOT:   ones
// CHECK:       ttl.block_fill value = {{.*}} : tensor<2x2x!ttcore.tile<32x32, u32>>
// CHECK:       ttl.block_typecast %{{.*}} : tensor<2x2x!ttcore.tile<32x32, si32>>
// CHECK:       ttl.block_fill value = -1
// CHECK-NEXT:  %[[v:\w+]] = ttl.block_sub
// CHECK-NEXT:  ttl.block_reduce %[[v]] kind = max dims = [0, 1] : tensor<1x1x!ttcore.tile<32x32, si32>>

// -----

ttl.program @mean_of_integers() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %p = ttl.block_reduce %x kind = mean dims = [1] : tensor<2x1x!ttcore.tile<32x32, f32>>
      %s = ttl.block_mul %p, %p : tensor<2x1x!ttcore.tile<32x32, f32>>
      %b = ttl.block_broadcast %s dims = [1] : tensor<2x2x!ttcore.tile<32x32, f32>>
      ttl.block_store %z, %b
      ttl.cb_push %o, 4
      ttl.cb_pop %a, 4
    }
  }
}

// CHECK-LABEL: ttl.program @mean_of_integers
// CHECK:       %[[sum:\w+]] = ttl.block_reduce %x kind = sum dims = [1] : tensor<2x1x!ttcore.tile<32x32, si32>>
// CHECK-NEXT:  %[[f:\w+]] = ttl.block_typecast %[[sum]] : tensor<2x1x!ttcore.tile<32x32, f32>>
// CHECK-NEXT:  ttl.block_fill value = 1.562500e-02
