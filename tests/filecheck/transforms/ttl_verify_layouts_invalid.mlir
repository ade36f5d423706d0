// RUN: ttl-opt %s -p ttl-verify-layouts --split-input-file --verify-diagnostics

!T = tensor<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>
ttl.program @other_layout(%t: !T) grid = [1, 1] {
  ttl.kernel {
    ttl.datamovement_thread {
      // expected-error @below {{the accessor has the layout #ttl.layout<tiled, height_sharded, grid = [4], shard = [2, 8], orientation = row_major>, its tensor #ttl.layout<tiled, interleaved>}}
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, height_sharded, grid = [4], shard = [2, 8], orientation = row_major>, memspace = L1}
    }
  }
}

// -----

!T = tensor<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, height_sharded, grid = [4], shard = [2, 8], orientation = row_major>>
ttl.program @in_dram(%t: !T) grid = [1, 1] {
  ttl.kernel {
    ttl.datamovement_thread {
      // expected-error @below {{the shards of this tensor are in DRAM; shards lie in the L1 of cores}}
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, height_sharded, grid = [4], shard = [2, 8], orientation = row_major>, memspace = DRAM}
    }
  }
}

// -----

!T = tensor<10x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, height_sharded, grid = [10], shard = [1, 1], orientation = row_major>>
ttl.program @outside(%t: !T) grid = [1, 1] {
  ttl.kernel {
    ttl.datamovement_thread {
      // expected-error @below {{a shard of this tensor lies on core (8, 0); wormhole_b0 has 8 columns and 8 rows}}
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, height_sharded, grid = [10], shard = [1, 1], orientation = row_major>, memspace = L1}
    }
  }
}

// -----

!T = tensor<4x12xi16, #ttl.layout<row_major, height_sharded, grid = [4], shard = [1, 12], orientation = row_major>>
ttl.program @page(%t: !T) grid = [1, 1] {
  ttl.kernel {
    ttl.datamovement_thread {
      // expected-error @below {{pages of 24 bytes (i16) cannot be read from L1: wormhole_b0 needs multiples of 16}}
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<row_major, height_sharded, grid = [4], shard = [1, 12], orientation = row_major>, memspace = L1}
    }
  }
}
