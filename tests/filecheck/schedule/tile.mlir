// The step tile, on a matrix product: the sizes are of m, n and of the summed k.
// RUN: ttl-opt %s -p ttl-apply-schedule | filecheck %s

// CHECK: %a_cb = ttl.create_cb shape=[2, 2]
// CHECK: %b_cb = ttl.create_cb shape=[2, 4]
// CHECK: %c_cb = ttl.create_cb shape=[2, 4]
// The compute thread's loops have no part in what is copied: they turn with those of the reader.
// CHECK: ttl.compute_thread @multiply
// CHECK: %[[TWO:.*]] = arith.constant 2 : index
// CHECK-NEXT: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %[[TWO]] {
// CHECK-NEXT: %[[FOUR:.*]] = arith.constant 4 : index
// CHECK-NEXT: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %[[FOUR]] {
// CHECK-NEXT: %total = ttl.cb_reserve %c_cb, 8 : !ttl.block<tensor<2x4x!ttcore.tile<32x32, f32>>>
// CHECK: ttl.block_matmul %left, %right : tensor<2x4x!ttcore.tile<32x32, f32>>
// CHECK-NEXT: ttl.block_store %total, %{{.*}} acc
// CHECK: ttl.datamovement_thread @read
// CHECK: ttl.index_accessor %a_1, %i, %block : tensor<2x2x!ttcore.tile<32x32, f32>>
// CHECK: ttl.index_accessor %b_1, %block, %j : tensor<2x4x!ttcore.tile<32x32, f32>>
// CHECK: ttl.datamovement_thread @write
// CHECK: ttl.index_accessor %c_1, %{{.*}}, %{{.*}} : tensor<2x4x!ttcore.tile<32x32, f32>>
// CHECK-NOT: transform
module {
  ttl.program @product(%a: tensor<4x4x!ttcore.tile<32x32, f32>, #ttl.layout<tiled, interleaved>>, %b: tensor<4x4x!ttcore.tile<32x32, f32>, #ttl.layout<tiled, interleaved>>, %c: tensor<4x4x!ttcore.tile<32x32, f32>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true attributes {arch = "wormhole_b0", math_fidelity = "HiFi4", fp32_dest_acc = true} {
    ttl.kernel grid = [1, 1] {
      %a_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 2, L1>
      %b_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 2, L1>
      %c_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 2, L1>
      ttl.compute_thread @multiply {
        %0 = arith.constant 0 : index
        %1 = arith.constant 4 : index
        %2 = arith.constant 1 : index
        scf.for %3 = %0 to %1 step %2 {
          scf.for %4 = %0 to %1 step %2 {
            %total = ttl.cb_reserve %c_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
            scf.for %5 = %0 to %1 step %2 {
              %left = ttl.cb_wait %a_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
              %right = ttl.cb_wait %b_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
              %6 = ttl.block_matmul %left, %right : tensor<1x1x!ttcore.tile<32x32, f32>>
              ttl.block_store %total, %6 acc
              ttl.cb_pop %b_cb, 1
              ttl.cb_pop %a_cb, 1
            }
            ttl.cb_push %c_cb, 1
          }
        }
      }
      ttl.datamovement_thread @read {
        %7 = arith.constant 0 : index
        %8 = arith.constant 4 : index
        %9 = arith.constant 1 : index
        %a_1 = ttl.tensor_accessor %a {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        %b_1 = ttl.tensor_accessor %b {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %7 to %8 step %9 {
          scf.for %j = %7 to %8 step %9 {
            scf.for %block = %7 to %8 step %9 {
              %left_1 = ttl.cb_reserve %a_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
              %right_1 = ttl.cb_reserve %b_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
              %10 = arith.addi %block, %9 : index
              %11 = ttl.index_accessor %a_1, %i, %block : tensor<1x1x!ttcore.tile<32x32, f32>>
              %12 = ttl.copy %11, %left_1
              %13 = arith.addi %block, %9 : index
              %14 = ttl.index_accessor %b_1, %block, %j : tensor<1x1x!ttcore.tile<32x32, f32>>
              %15 = ttl.copy %14, %right_1
              ttl.cb_push %b_cb, 1
              ttl.cb_push %a_cb, 1
            }
          }
        }
      }
      ttl.datamovement_thread @write {
        %16 = arith.constant 0 : index
        %17 = arith.constant 4 : index
        %18 = arith.constant 1 : index
        %c_1 = ttl.tensor_accessor %c {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i_1 = %16 to %17 step %18 {
          scf.for %j_1 = %16 to %17 step %18 {
            %total_1 = ttl.cb_wait %c_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
            %19 = ttl.index_accessor %c_1, %i_1, %j_1 : tensor<1x1x!ttcore.tile<32x32, f32>>
            %20 = ttl.copy %total_1, %19
            ttl.cb_pop %c_cb, 1
          }
        }
      }
    }
  }

  transform.sequence failures(propagate) {
  ^bb0(%root: !transform.any_op):
    %0 = transform.structured.match ops{["ttl.kernel"]} in %root
    %1 = transform.ttl.tile %0 {sizes = array<i64: 2, 4, 2>}
  }
}
