// Distributed tensors that cannot be lowered, each at its op.
// RUN: ttl-opt %s -p ttl-lower-distribution --split-input-file --verify-diagnostics

!T = tensor<4x2x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>
!D = !ttl.dist_tensor<grid=[2,1], shard=[2,2], !ttcore.tile<32x32, bf16>, sharded, L1>

ttl.program @interleaved(%t: !T) grid = [2] {
  ttl.kernel {
    %cb = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %a = ttl.distribute %t : !D
    // expected-error @below {{a tensor cannot be made interleaved inside a kernel: its pages would lie on other cores, where only a tensor of the host's has room}}
    %b = ttl.redistribute %a strategy=interleaved
    %x = ttl.extract_shard %b
    ttl.datamovement_thread @read {
      %r = ttl.cb_reserve %cb, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %tx = ttl.copy %x, %r
    }
  }
}

// -----

!T = tensor<4x2x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>
!D = !ttl.dist_tensor<grid=[2,1], shard=[2,2], !ttcore.tile<32x32, bf16>, sharded, L1>

ttl.program @written(%t: !T) grid = [2] {
  ttl.kernel {
    %a = ttl.distribute %t : !D
    %b = ttl.redistribute %a strategy=height_sharded
    %x = ttl.extract_shard %a
    // expected-error @below {{tensor 't' is redistributed and written in the same kernel: other cores would read parts of it while they change}}
    %y = ttl.extract_shard %b
    ttl.compute_thread {
      // expected-note @below {{it is written}}
      ttl.block_store %x, %y
    }
  }
}

// -----

!T = tensor<4x2x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>
!D = !ttl.dist_tensor<grid=[2,1], shard=[2,2], !ttcore.tile<32x32, bf16>, sharded, L1>

ttl.program @stored(%t: !T, %u: !T) grid = [2] {
  ttl.kernel {
    %a = ttl.distribute %t : !D
    %c = ttl.distribute %u : !D
    %b = ttl.redistribute %a strategy=height_sharded
    %x = ttl.extract_shard %c
    %y = ttl.extract_shard %b
    ttl.compute_thread {
      // expected-error @below {{a write to the shard of 't', redistributed: that is a value, not a tensor}}
      ttl.block_store %y, %x
    }
  }
}

// -----

!T = tensor<4x2x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>
!D = !ttl.dist_tensor<grid=[2,1], shard=[2,2], !ttcore.tile<32x32, bf16>, interleaved, L1>

ttl.program @no_part(%t: !T, %u: !T) grid = [3] {
  ttl.kernel {
    %a = ttl.distribute %t : !D
    %b = ttl.distribute %u : !D
    // expected-error @below {{core 2 has no part of 't', which has 2x1 of them}}
    %x = ttl.extract_shard %a
    %y = ttl.extract_shard %b
    ttl.compute_thread {
      ttl.block_store %y, %x
    }
  }
}

// -----

!T = tensor<2x4x2x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>
!D = !ttl.dist_tensor<grid=[2,1,1], shard=[1,4,2], !ttcore.tile<32x32, bf16>, sharded, L1>

ttl.program @three_dimensions(%t: !T, %u: !T) grid = [2] {
  ttl.kernel {
    %a = ttl.distribute %t : !D
    %b = ttl.distribute %u : !D
    // expected-error @below {{this is a shard of a tensor of 3 dimensions; tensors of two are lowered}}
    %x = ttl.extract_shard %a
    %y = ttl.extract_shard %b
    ttl.compute_thread {
      ttl.block_store %y, %x
    }
  }
}

// -----

!D = !ttl.dist_tensor<grid=[2,1], shard=[2,2], !ttcore.tile<32x32, bf16>, sharded, L1>

ttl.program @argument(%a: !D) grid = [2] {
  ttl.kernel {
    // expected-error @below {{this shard is of no tensor that ttl.distribute made}}
    %x = ttl.extract_shard %a
  }
}

// -----

!D = !ttl.dist_tensor<grid=[2,1], shard=[2,2], !ttcore.tile<32x32, bf16>, sharded, L1>

ttl.program @outside(%t: tensor<4x2x!ttcore.tile<32x32, bf16>>) grid = [2] {
  ttl.kernel {
    %a = ttl.distribute %t : !D
    // expected-error @below {{a shard is used outside of threads}}
    %x = ttl.extract_shard %a
    %y = ttl.block_neg %x : tensor<2x2x!ttcore.tile<32x32, bf16>>
  }
}
