// The step fuse: the value takes the place of the block, what it is computed from is held until its last use.
// RUN: ttl-opt %s -p ttl-apply-schedule | filecheck %s

// CHECK-NOT: %t_cb
// CHECK: ttl.compute_thread @compute
// CHECK: %a = ttl.cb_wait %x_cb, 1
// CHECK: %t = ttl.block_add
// CHECK-NEXT: %b = ttl.cb_wait %y_cb, 1
// CHECK-NEXT: %result = ttl.cb_reserve %out_cb, 1
// CHECK: ttl.block_mul %t,
// CHECK: ttl.block_store %result
// CHECK-NEXT: ttl.cb_pop %x_cb, 1
// CHECK-NEXT: ttl.cb_push %out_cb, 1
// CHECK-NOT: %t_cb
module {
  ttl.program @chained(%x: tensor<4x4x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %y: tensor<4x4x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<4x4x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true attributes {arch = "wormhole_b0", math_fidelity = "HiFi4"} {
    ttl.kernel grid = [1, 1] {
      %x_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1>
      %y_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1>
      %out_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1>
      %t_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1>
      ttl.compute_thread @compute {
        %0 = arith.constant 0 : index
        %1 = arith.constant 16 : index
        %2 = arith.constant 1 : index
        scf.for %3 = %0 to %1 step %2 {
          %a = ttl.cb_wait %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %t = ttl.cb_reserve %t_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %4 = ttl.block_mul %a, %a : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %5 = ttl.block_fill value = 1.000000e+00 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %6 = ttl.block_add %4, %5 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          ttl.block_store %t, %6
          ttl.cb_push %t_cb, 1
          ttl.cb_pop %x_cb, 1
          %t_1 = ttl.cb_wait %t_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %b = ttl.cb_wait %y_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %result = ttl.cb_reserve %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %7 = ttl.block_fill value = 1.000000e-01 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %8 = ttl.block_mul %t_1, %7 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %9 = ttl.block_exp %8 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %10 = ttl.block_add %9, %b : tensor<1x1x!ttcore.tile<32x32, bf16>>
          ttl.block_store %result, %10
          ttl.cb_push %out_cb, 1
          ttl.cb_pop %y_cb, 1
          ttl.cb_pop %t_cb, 1
        }
      }
      ttl.datamovement_thread @read {
        %11 = arith.constant 0 : index
        %12 = arith.constant 4 : index
        %13 = arith.constant 1 : index
        %x_1 = ttl.tensor_accessor %x {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        %y_1 = ttl.tensor_accessor %y {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %11 to %12 step %13 {
          scf.for %j = %11 to %12 step %13 {
            %a_1 = ttl.cb_reserve %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
            %b_1 = ttl.cb_reserve %y_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
            %14 = ttl.index_accessor %x_1, %i, %j : tensor<1x1x!ttcore.tile<32x32, bf16>>
            %15 = ttl.copy %14, %a_1
            %16 = ttl.index_accessor %y_1, %i, %j : tensor<1x1x!ttcore.tile<32x32, bf16>>
            %17 = ttl.copy %16, %b_1
            ttl.cb_push %y_cb, 1
            ttl.cb_push %x_cb, 1
          }
        }
      }
      ttl.datamovement_thread @write {
        %18 = arith.constant 0 : index
        %19 = arith.constant 4 : index
        %20 = arith.constant 1 : index
        %out_1 = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i_1 = %18 to %19 step %20 {
          scf.for %j_1 = %18 to %19 step %20 {
            %result_1 = ttl.cb_wait %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
            %21 = ttl.index_accessor %out_1, %i_1, %j_1 : tensor<1x1x!ttcore.tile<32x32, bf16>>
            %22 = ttl.copy %result_1, %21
            ttl.cb_pop %out_cb, 1
          }
        }
      }
    }
  }

  transform.sequence failures(propagate) {
  ^bb0(%root: !transform.any_op):
    %0 = transform.structured.match ops{["ttl.kernel"]} in %root
    %1 = transform.ttl.fuse %0
  }
}
