// Shards become slices in data-movement threads, and buffers of one block in compute threads.
// RUN: ttl-opt %s -p ttl-lower-distribution --split-input-file | filecheck %s

!S = tensor<4x4x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, block_sharded, grid = [2, 2], shard = [2, 2], orientation = row_major>>
!D = !ttl.dist_tensor<grid=[2,2], shard=[2,2], !ttcore.tile<32x32, bf16>, sharded, L1>

// A kernel without a data-movement thread gets one.
// CHECK-LABEL: ttl.program @no_movers
// CHECK:         [[IN:%.*]] = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=1
// CHECK:         [[OUT:%.*]] = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=1
// CHECK-NOT:     ttl.distribute
// CHECK-NOT:     ttl.extract_shard
// CHECK:         ttl.compute_thread @compute
// CHECK-NEXT:      [[Y:%.*]] = ttl.cb_reserve [[OUT]], 4
// CHECK-NEXT:      [[X:%.*]] = ttl.cb_wait [[IN]], 4
// CHECK:           ttl.block_neg [[X]]
// CHECK:           ttl.block_store [[Y]]
// CHECK-NEXT:      ttl.cb_pop [[IN]], 4
// CHECK-NEXT:      ttl.cb_push [[OUT]], 4
// CHECK:         ttl.datamovement_thread @move_shards
// CHECK:           [[A:%.*]] = ttl.tensor_accessor %t {{.*}}, memspace = L1
// CHECK:           [[CX:%.*]], [[CY:%.*]] = ttl.core_index(dims = 2)
// CHECK:           [[ROW:%.*]] = arith.muli [[CY]]
// CHECK:           [[COLUMN:%.*]] = arith.muli [[CX]]
// CHECK:           [[REF:%.*]] = ttl.index_accessor [[A]], [[ROW]], [[COLUMN]] : tensor<2x2x
// CHECK-NEXT:      [[B:%.*]] = ttl.cb_reserve [[IN]], 4
// CHECK-NEXT:      ttl.copy [[REF]], [[B]]
// CHECK-NEXT:      ttl.cb_push [[IN]], 4
// CHECK-NEXT:      [[E:%.*]] = ttl.cb_wait [[OUT]], 4
// CHECK:           ttl.copy [[E]]
// CHECK-NEXT:      ttl.cb_pop [[OUT]], 4
ttl.program @no_movers(%t: !S, %u: !S) grid = [2, 2] {
  ttl.kernel {
    %a = ttl.distribute %t : !D
    %o = ttl.distribute %u : !D
    %x = ttl.extract_shard %a
    %y = ttl.extract_shard %o
    ttl.compute_thread @compute {
      %n = ttl.block_neg %x : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %y, %n
    }
  }
}

// -----

!H = tensor<4x2x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, height_sharded, grid = [4, 1], shard = [1, 2], orientation = row_major>>
!D = !ttl.dist_tensor<grid=[4,1], shard=[1,2], !ttcore.tile<32x32, bf16>, height_sharded, L1>
!W = !ttl.dist_tensor<grid=[1,2], shard=[4,1], !ttcore.tile<32x32, bf16>, width_sharded, L1>
!B = !ttl.block<tensor<4x1x!ttcore.tile<32x32, bf16>>>

// Numbered cores; a redistributed tensor is read where it lies, by the core whose new part it is.
// CHECK-LABEL: ttl.program @dealt_anew
// CHECK:         ttl.datamovement_thread @read
// CHECK:           [[A:%.*]] = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, height_sharded
// CHECK:           [[N:%.*]] = ttl.core_index(dims = 1)
// CHECK:           [[ZERO:%.*]] = arith.constant 0 : index
// CHECK:           [[REF:%.*]] = ttl.index_accessor [[A]], [[ZERO]], [[N]] : tensor<4x1x
// CHECK:           ttl.copy [[REF]], %b
// CHECK-NOT:     ttl.redistribute
ttl.program @dealt_anew(%t: !H) grid = [2] {
  ttl.kernel {
    %cb = ttl.create_cb shape=[4, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %a = ttl.distribute %t : !D
    %w = ttl.redistribute %a strategy=width_sharded : !W
    %x = ttl.extract_shard %w
    ttl.datamovement_thread @read {
      %b = ttl.cb_reserve %cb, 4 : !B
      %tx = ttl.copy %x, %b
      ttl.cb_push %cb, 4
    }
  }
}

// -----

!S = tensor<2x4x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, block_sharded, grid = [2, 1], shard = [2, 2], orientation = row_major>>
!D = !ttl.dist_tensor<grid=[1,2], shard=[2,2], !ttcore.tile<32x32, bf16>, sharded, L1>

// Loops carry tensors: the block is converted to one.
// CHECK-LABEL: ttl.program @carried
// CHECK:         [[X:%.*]] = ttl.cb_wait
// CHECK:         [[T:%.*]] = ttl.block_typecast [[X]] : tensor<2x2x
// CHECK-NEXT:    scf.for {{.*}} iter_args({{%.*}} = [[T]])
ttl.program @carried(%t: !S, %u: !S) grid = [4, 2] {
  %a = ttl.distribute %t : !D
  %x = ttl.extract_shard %a
  ttl.kernel core_range = [[0, 0], [1, 0]] {
    %o = ttl.distribute %u : !D
    %y = ttl.extract_shard %o
    ttl.compute_thread @compute {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c3 = arith.constant 3 : index
      %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%v = %x) -> (tensor<2x2x!ttcore.tile<32x32, bf16>>) {
        %n = ttl.block_add %v, %x : tensor<2x2x!ttcore.tile<32x32, bf16>>
        scf.yield %n : tensor<2x2x!ttcore.tile<32x32, bf16>>
      }
      ttl.block_store %y, %r
    }
  }
}
