// Inits stand where the operation changes, and nowhere else: the rules of ttkernel-hoist-inits on calls.
// RUN: ttl-opt %s -p ttl-infer-dst-requirements,ttl-bufferize,ttl-allocate-circular-buffers,ttl-expand-threads,ttl-assign-dst-registers,ttl-compute-to-emitc,emitc-hoist-inits --split-input-file | filecheck %s
// RUN: ttl-opt %s -p ttl-infer-dst-requirements,ttl-bufferize,ttl-allocate-circular-buffers,ttl-expand-threads,ttl-assign-dst-registers,ttl-compute-to-emitc{metal-version=0.69},emitc-hoist-inits --split-input-file | filecheck %s --check-prefix OLD

// The matrix unit and the vector unit keep their own set-up: both inits leave the loop.
// CHECK-LABEL: func.func @compute
// CHECK:      {{.*}}ttl.row = "add_tiles_init"
// CHECK-NEXT: {{.*}}ttl.row = "exp_tile_init"
// CHECK-NEXT: scf.for
// CHECK-NOT:  _init
// CHECK:      return
ttl.program @hoisted() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %i = %c0 to %c4 step %c1 {
        %s = ttl.block_add %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
        %e = ttl.block_exp %s : tensor<2x2x!ttcore.tile<32x32, bf16>>
        ttl.block_store %z, %e
      }
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// Two operations of one unit undo each other's set-up: their inits stay. The start-up contains the product's.
// CHECK-LABEL: func.func @compute
// OLD:        emitc.call_opaque "mm_block_init"
// OLD-NOT:    mm_block_init_short
// OLD:        emitc.call_opaque "add_tiles_init"
// CHECK:      {{.*}}ttl.row = "mm_block_init"
// CHECK-NOT:  {{.*}}ttl.row = "mm_block_init_short"
// CHECK:      emitc.call_opaque "matmul_block"
// CHECK:      scf.for
// CHECK:        {{.*}}ttl.row = "add_tiles_init"
// CHECK:        {{.*}}ttl.row = "sub_tiles_init"
// CHECK-NOT:  ttl.init
ttl.program @kept() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %p = ttl.block_matmul %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %p
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %i = %c0 to %c4 step %c1 {
        %s = ttl.block_add %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
        ttl.block_store %z, %s
        %d = ttl.block_sub %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
        ttl.block_store %z, %d
      }
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}
