// Copies between a buffer and the core's own shard are no transfers: the shard is the buffer.
// RUN: ttl-opt %s -p ttl-insert-synchronization --split-input-file | filecheck %s

!T = tensor<8x4x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 2], orientation = row_major>>
!B = !ttl.block<tensor<1x2x!ttcore.tile<32x32, bf16>>>

// CHECK-LABEL: ttl.program @own
// CHECK:       ttl.create_cb shape=[1, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 {shards_of = 0 : i32, shards_are = "read"}
// CHECK:       ttl.create_cb shape=[1, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 {shards_of = 1 : i32, shards_are = "written"}
// CHECK-NOT:   ttl.copy
// CHECK-NOT:   ttl.dma_barrier
ttl.program @own(%t: !T, %u: !T) grid = [2, 2] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[1, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %i = %c0 to %c4 step %c1 {
        %x = ttl.cb_wait %a, 2 : !B
        %y = ttl.cb_reserve %o, 2 : !B
        ttl.block_store %y, %x
        ttl.cb_push %o, 2
        ttl.cb_pop %a, 2
      }
    }
    ttl.datamovement_thread @read {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %c4 = arith.constant 4 : index
      %x, %y = ttl.core_index(dims = 2)
      %in = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 2], orientation = row_major>, memspace = L1}
      scf.for %i = %c0 to %c4 step %c1 {
        %b = ttl.cb_reserve %a, 2 : !B
        %first = arith.muli %y, %c4 : index
        %row = arith.addi %first, %i : index
        %column = arith.muli %x, %c2 : index
        %r = ttl.index_accessor %in, %row, %column : tensor<1x2x!ttcore.tile<32x32, bf16>>
        %tx = ttl.copy %r, %b
        ttl.wait %tx
        ttl.cb_push %a, 2
      }
    }
    ttl.datamovement_thread @write {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %c4 = arith.constant 4 : index
      %x, %y = ttl.core_index(dims = 2)
      %out = ttl.tensor_accessor %u {layout = #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 2], orientation = row_major>, memspace = L1}
      scf.for %i = %c0 to %c4 step %c1 {
        %b = ttl.cb_wait %o, 2 : !B
        %first = arith.muli %y, %c4 : index
        %row = arith.addi %first, %i : index
        %column = arith.muli %x, %c2 : index
        %r = ttl.index_accessor %out, %row, %column : tensor<1x2x!ttcore.tile<32x32, bf16>>
        %tx = ttl.copy %b, %r
        ttl.cb_pop %o, 2
      }
    }
  }
}

// -----

!T = tensor<8x4x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 2], orientation = col_major>>
!B = !ttl.block<tensor<4x2x!ttcore.tile<32x32, bf16>>>

// The shards of this orientation lie on other cores: a transfer stays, with its barrier.
// CHECK-LABEL: ttl.program @others
// CHECK-NOT:   shards_of
// CHECK:       ttl.copy
// CHECK-NEXT:  ttl.dma_barrier read
ttl.program @others(%t: !T) grid = [2, 2] {
  ttl.kernel {
    %a = ttl.create_cb shape=[4, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.datamovement_thread @read {
      %c2 = arith.constant 2 : index
      %c4 = arith.constant 4 : index
      %x, %y = ttl.core_index(dims = 2)
      %in = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [4, 2], orientation = col_major>, memspace = L1}
      %row = arith.muli %y, %c4 : index
      %column = arith.muli %x, %c2 : index
      %b = ttl.cb_reserve %a, 8 : !B
      %r = ttl.index_accessor %in, %row, %column : tensor<4x2x!ttcore.tile<32x32, bf16>>
      %tx = ttl.copy %r, %b
      ttl.cb_push %a, 8
    }
    ttl.datamovement_thread @drop {
      %b = ttl.cb_wait %a, 8 : !B
      ttl.cb_pop %a, 8
    }
  }
}
