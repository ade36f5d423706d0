// What the pass refuses, with the place of the other party.
// RUN: ttl-opt %s -p ttl-legalize-compute --split-input-file --verify-diagnostics

ttl.program @mixed_stores() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      // expected-note @below {{the block was reserved}}
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      // expected-note @below {{the block is overwritten}}
      ttl.block_store %z, %x
      // expected-error @below {{this store accumulates on a block that another store overwrites}}
      ttl.block_store %z, %y acc
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

ttl.program @integer_product() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      // expected-error @below {{a matrix product of int32 blocks}}
      %p = ttl.block_matmul %x, %y : tensor<2x2x!ttcore.tile<32x32, si32>>
      ttl.block_store %z, %p
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

ttl.program @integer_function() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      // expected-error @below {{the hardware has no 'exp' of int32}}
      %p = ttl.block_exp %x : tensor<2x2x!ttcore.tile<32x32, si32>>
      ttl.block_store %z, %p
      ttl.cb_push %o, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

ttl.program @small_integer_function() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, u8>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, u8>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, u8>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, u8>>>
      // expected-error @below {{the hardware has no 'sqrt' of uint8}}
      %p = ttl.block_sqrt %x : tensor<2x2x!ttcore.tile<32x32, u8>>
      ttl.block_store %z, %p
      ttl.cb_push %o, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

ttl.program @negative_power() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, si32>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, si32>>>
      %n = ttl.block_fill value = -1.0 : tensor<2x2x!ttcore.tile<32x32, si32>>
      // expected-error @below {{a negative power of an integer is no integer}}
      %p = ttl.block_pow %x, %n : tensor<2x2x!ttcore.tile<32x32, si32>>
      ttl.block_store %z, %p
      ttl.cb_push %o, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

ttl.program @scaler_of_four_tiles() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      // expected-error @below {{the scaler of a reduction is a block of one tile, this one has 2x2}}
      %p = ttl.block_reduce %x, %y kind = sum dims = [0] : tensor<1x2x!ttcore.tile<32x32, bf16>>
      %s = ttl.block_add %x, %p : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %s
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}
