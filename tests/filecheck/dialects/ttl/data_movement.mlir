// RUN: ttl-opt %s | filecheck %s
// RUN: ttl-opt %s --generic | ttl-opt | filecheck %s

ttl.program @transfers(%a: tensor<8x8x!ttcore.tile<32x32, bf16>>, %b: tensor<8x8x!ttcore.tile<32x32, bf16>>, %rows: tensor<64x96xf32>) grid = [2, 2] {
  %cb = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  ttl.kernel {
    ttl.datamovement_thread @d {
      %i, %j = ttl.core_index(dims = 2)
      %tiled = ttl.tensor_accessor %a {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      %height = ttl.tensor_accessor %b {layout = #ttl.layout<tiled, height_sharded, grid = [2, 2], shard = [2, 8]>, memspace = L1} {note}
      %width = ttl.tensor_accessor %b {layout = #ttl.layout<tiled, width_sharded, grid = [4], shard = [8, 2], orientation = col_major>, memspace = L1}
      %block = ttl.tensor_accessor %b {layout = #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 4]>, memspace = L1}
      %scalars = ttl.tensor_accessor %rows {layout = #ttl.layout<row_major, interleaved>, memspace = DRAM}
      %one = ttl.index_accessor %tiled, %i, %j
      %slice = ttl.index_accessor %tiled, %i, %j : tensor<2x1x!ttcore.tile<32x32, bf16>>
      %strided = ttl.index_accessor %tiled, %i, %j slice #ttl.slice<[2, 1], [3, 1]> : tensor<2x1x!ttcore.tile<32x32, bf16>>
      %x = ttl.cb_reserve %cb, 2 : !ttl.block<tensor<2x1x!ttcore.tile<32x32, bf16>>>
      %tx = ttl.copy %slice, %x
      ttl.wait %tx
      %back = ttl.copy %x, %strided
      %direct = ttl.copy %tiled, %cb src_coords = [0, 1]
      %out = ttl.copy %cb, %tiled dst_coords = [1, 0]
      ttl.dma_barrier read
      ttl.dma_barrier write
      ttl.dma_barrier
      %value = ttl.read_element %x[%i, %j]
      ttl.write_element %value, %x[%j, %i]
      ttl.cb_push %cb, 2
    }
  }
}

// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.program @transfers(%a: tensor<8x8x!ttcore.tile<32x32, bf16>>, %b: tensor<8x8x!ttcore.tile<32x32, bf16>>, %rows: tensor<64x96xf32>) grid = [2, 2] memory_space = "L1" tiled = true {
// CHECK-NEXT:     %cb = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[2,1], !ttcore.tile<32x32, bf16>, 2, L1>
// CHECK-NEXT:     ttl.kernel {
// CHECK-NEXT:       ttl.datamovement_thread @d {
// CHECK-NEXT:         %i, %j = ttl.core_index(dims = 2)
// CHECK-NEXT:         %tiled = ttl.tensor_accessor %a {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
// CHECK-NEXT:         %height = ttl.tensor_accessor %b {layout = #ttl.layout<tiled, height_sharded, grid = [2, 2], shard = [2, 8], orientation = row_major>, memspace = L1} {note}
// CHECK-NEXT:         %width = ttl.tensor_accessor %b {layout = #ttl.layout<tiled, width_sharded, grid = [4], shard = [8, 2], orientation = col_major>, memspace = L1}
// CHECK-NEXT:         %block = ttl.tensor_accessor %b {layout = #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 4], orientation = row_major>, memspace = L1}
// CHECK-NEXT:         %scalars = ttl.tensor_accessor %rows {layout = #ttl.layout<row_major, interleaved>, memspace = DRAM}
// CHECK-NEXT:         %one = ttl.index_accessor %tiled, %i, %j : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:         %slice = ttl.index_accessor %tiled, %i, %j : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:         %strided = ttl.index_accessor %tiled, %i, %j slice #ttl.slice<[2, 1], [3, 1]> : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:         %x = ttl.cb_reserve %cb, 2 : !ttl.block<tensor<2x1x!ttcore.tile<32x32, bf16>>>
// CHECK-NEXT:         %tx = ttl.copy %slice, %x
// CHECK-NEXT:         ttl.wait %tx
// CHECK-NEXT:         %back = ttl.copy %x, %strided
// CHECK-NEXT:         %direct = ttl.copy %tiled, %cb src_coords = [0, 1]
// CHECK-NEXT:         %out = ttl.copy %cb, %tiled dst_coords = [1, 0]
// CHECK-NEXT:         ttl.dma_barrier read
// CHECK-NEXT:         ttl.dma_barrier write
// CHECK-NEXT:         ttl.dma_barrier
// CHECK-NEXT:         %value = ttl.read_element %x[%i, %j]
// CHECK-NEXT:         ttl.write_element %value, %x[%j, %i]
// CHECK-NEXT:         ttl.cb_push %cb, 2
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
