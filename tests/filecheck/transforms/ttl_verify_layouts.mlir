// Layouts that fit: nothing changes. The orientation decides whether ten shards fit a grid of 2x5 cores.
// RUN: ttl-opt %s -p ttl-verify-layouts --split-input-file | filecheck %s

!T = tensor<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>
!S = tensor<10x1x!ttcore.tile<32x32, f32>, #ttl.layout<tiled, height_sharded, grid = [2, 5], shard = [1, 1], orientation = col_major>>
!R = tensor<4x100xi32, #ttl.layout<row_major, interleaved>>
// CHECK-LABEL: ttl.program @fits
// CHECK-COUNT-3: ttl.tensor_accessor
ttl.program @fits(%t: !T, %s: !S, %r: !R) grid = [1, 1] {
  ttl.kernel {
    ttl.datamovement_thread {
      %a = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      %b = ttl.tensor_accessor %s {layout = #ttl.layout<tiled, height_sharded, grid = [2, 5], shard = [1, 1], orientation = col_major>, memspace = L1}
      %c = ttl.tensor_accessor %r {layout = #ttl.layout<row_major, interleaved>, memspace = DRAM}
    }
  }
}
