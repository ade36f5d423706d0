// The step reorder_for_locality: with the loops interchanged in all threads, the row is fetched once for each column.
// RUN: ttl-opt %s -p ttl-apply-schedule | filecheck %s

// CHECK: ttl.compute_thread @compute
// CHECK: scf.for
// CHECK-NEXT: %b = ttl.cb_wait %y_cb, 1
// CHECK-NEXT: scf.for
// CHECK: ttl.cb_pop %x_cb, 1
// CHECK-NEXT: }
// CHECK-NEXT: ttl.cb_pop %y_cb, 1
// CHECK: ttl.datamovement_thread @read
// CHECK: scf.for %j =
// CHECK-NEXT: %b_1 = ttl.cb_reserve %y_cb, 1
// CHECK-NEXT: %[[ROW:.*]] = ttl.index_accessor %y_1, %{{.*}}, %j
// CHECK-NEXT: ttl.copy %[[ROW]], %b_1
// CHECK-NEXT: ttl.cb_push %y_cb, 1
// CHECK-NEXT: scf.for %i =
// CHECK-NEXT: %a_1 = ttl.cb_reserve %x_cb, 1
// CHECK-NEXT: ttl.index_accessor %x_1, %i, %j
// CHECK: ttl.datamovement_thread @write
// CHECK: scf.for %j_1 =
// CHECK-NEXT: scf.for %i_1 =
// CHECK: ttl.index_accessor %out_1, %i_1, %j_1
module {
  ttl.program @outer_sum(%x: tensor<8x8x!ttcore.tile<32x32, f32>, #ttl.layout<tiled, interleaved>>, %y: tensor<1x8x!ttcore.tile<32x32, f32>, #ttl.layout<tiled, interleaved>>, %out: tensor<8x8x!ttcore.tile<32x32, f32>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true attributes {arch = "wormhole_b0", math_fidelity = "HiFi4"} {
    ttl.kernel grid = [1, 1] {
      %x_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 2, L1>
      %y_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 2, L1>
      %out_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 2, L1>
      ttl.compute_thread @compute {
        %0 = arith.constant 0 : index
        %1 = arith.constant 8 : index
        %2 = arith.constant 1 : index
        scf.for %3 = %0 to %1 step %2 {
          scf.for %4 = %0 to %1 step %2 {
            %a = ttl.cb_wait %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
            %b = ttl.cb_wait %y_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
            %total = ttl.cb_reserve %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
            %5 = ttl.block_add %a, %b : tensor<1x1x!ttcore.tile<32x32, f32>>
            ttl.block_store %total, %5
            ttl.cb_push %out_cb, 1
            ttl.cb_pop %y_cb, 1
            ttl.cb_pop %x_cb, 1
          }
        }
      }
      ttl.datamovement_thread @read {
        %6 = arith.constant 0 : index
        %7 = arith.constant 8 : index
        %8 = arith.constant 1 : index
        %x_1 = ttl.tensor_accessor %x {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        %y_1 = ttl.tensor_accessor %y {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %6 to %7 step %8 {
          scf.for %j = %6 to %7 step %8 {
            %a_1 = ttl.cb_reserve %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
            %b_1 = ttl.cb_reserve %y_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
            %9 = ttl.index_accessor %x_1, %i, %j : tensor<1x1x!ttcore.tile<32x32, f32>>
            %10 = ttl.copy %9, %a_1
            %11 = ttl.index_accessor %y_1, %6, %j : tensor<1x1x!ttcore.tile<32x32, f32>>
            %12 = ttl.copy %11, %b_1
            ttl.cb_push %y_cb, 1
            ttl.cb_push %x_cb, 1
          }
        }
      }
      ttl.datamovement_thread @write {
        %13 = arith.constant 0 : index
        %14 = arith.constant 8 : index
        %15 = arith.constant 1 : index
        %out_1 = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i_1 = %13 to %14 step %15 {
          scf.for %j_1 = %13 to %14 step %15 {
            %total_1 = ttl.cb_wait %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
            %16 = ttl.index_accessor %out_1, %i_1, %j_1 : tensor<1x1x!ttcore.tile<32x32, f32>>
            %17 = ttl.copy %total_1, %16
            ttl.cb_pop %out_cb, 1
          }
        }
      }
    }
  }

  transform.sequence failures(propagate) {
  ^bb0(%root: !transform.any_op):
    %0 = transform.structured.match ops{["ttl.kernel"]} in %root
    %1 = transform.ttl.reorder_for_locality %0
  }
}
