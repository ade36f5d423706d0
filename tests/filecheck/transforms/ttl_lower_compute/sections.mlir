// Sections of DST: acquire, compute, commit, wait, pack, release.
// RUN: ttl-opt %s -p ttl-infer-dst-requirements,ttl-bufferize,ttl-allocate-circular-buffers,ttl-expand-threads,ttl-assign-dst-registers,ttl-lower-compute --split-input-file | filecheck %s

// CHECK-LABEL: func.func @compute
// CHECK:      ttkernel.binary_op_init_common
// CHECK:      ttkernel.tile_regs_acquire
// CHECK-NEXT: ttkernel.mul_tiles_init
// CHECK-NEXT: scf.for
// CHECK-NEXT:   ttkernel.mul_tiles(
// CHECK:      ttkernel.binary_dest_reuse_tiles_init
// CHECK:        ttkernel.binary_dest_reuse_tiles(
// CHECK:      ttkernel.tile_regs_commit
// CHECK-NEXT: ttkernel.tile_regs_wait
// CHECK-NEXT: ttkernel.pack_tile_block
// CHECK-NEXT: ttkernel.tile_regs_release
// CHECK-NOT:  ttl.block_compute
// CHECK-NOT:  ttkernel.copy_tile
ttl.program @fused() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %x = ttl.cb_wait %a, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %z = ttl.cb_reserve %o, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
      %p = ttl.block_mul %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
      %s = ttl.block_add %p, %x : tensor<2x2x!ttcore.tile<32x32, bf16>>
      ttl.block_store %z, %s
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}

// -----

// The section of a resident product is open around the loop over K.
// CHECK-LABEL: func.func @compute
// CHECK:      ttkernel.mm_block_init
// CHECK:      ttl.cb_reserve
// CHECK-NEXT: ttkernel.tile_regs_acquire
// CHECK:      scf.for
// CHECK:        ttkernel.matmul_block
// CHECK-NOT:    ttkernel.tile_regs_commit
// CHECK:      }
// CHECK:      ttkernel.tile_regs_commit
// CHECK:      ttkernel.pack_tile_block
ttl.program @resident() grid = [1, 1] {
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
        %p = ttl.block_matmul %x, %y : tensor<2x2x!ttcore.tile<32x32, bf16>>
        ttl.block_store %z, %p acc
      }
      ttl.cb_push %o, 4
      ttl.cb_pop %b, 4
      ttl.cb_pop %a, 4
    }
  }
}
