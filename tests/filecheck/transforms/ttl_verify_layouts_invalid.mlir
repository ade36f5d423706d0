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

!T = tensor<16x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, height_sharded, grid = [16], shard = [1, 8], orientation = row_major>>
ttl.program @banks(%t: !T) grid = [1, 1] {
  ttl.kernel {
    ttl.datamovement_thread {
      // expected-error @below {{a shard of this tensor lies in bank 12 of DRAM; wormhole_b0 has 12 banks, in one row}}
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, height_sharded, grid = [16], shard = [1, 8], orientation = row_major>, memspace = DRAM}
    }
  }
}

// -----

!T = tensor<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 4], orientation = row_major>>
ttl.program @rows_of_banks(%t: !T) grid = [1, 1] {
  ttl.kernel {
    ttl.datamovement_thread {
      // expected-error @below {{a shard of this tensor lies in bank (0, 1) of DRAM; wormhole_b0 has 12 banks, in one row}}
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 4], orientation = row_major>, memspace = DRAM}
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
