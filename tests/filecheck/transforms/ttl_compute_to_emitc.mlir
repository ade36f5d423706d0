// Sections of DST as calls, without TTKernel. Generation 0.81 has a start-up of its own, and other names.
// RUN: ttl-opt %s -p ttl-infer-dst-requirements,ttl-bufferize,ttl-allocate-circular-buffers,ttl-expand-threads,ttl-assign-dst-registers,ttl-compute-to-emitc | filecheck %s
// RUN: ttl-opt %s -p ttl-infer-dst-requirements,ttl-bufferize,ttl-allocate-circular-buffers,ttl-expand-threads,ttl-assign-dst-registers,ttl-compute-to-emitc{metal-version=0.69} | filecheck %s --check-prefix OLD

// CHECK-LABEL: func.func @compute
// CHECK:      emitc.call_opaque "compute_kernel_hw_startup"({{.*}}) {ttl.row = "binary_op_init_common", ttl.startup
// CHECK:      emitc.call_opaque "tile_regs_acquire"() {ttl.row = "tile_regs_acquire"}
// CHECK-NEXT: emitc.call_opaque "mul_init"({{.*}}) {ttl.row = "mul_tiles_init", ttl.init = {op = ""}}
// CHECK-NEXT: scf.for
// CHECK-NEXT:   emitc.call_opaque "mul_tiles"(
// CHECK:      emitc.call_opaque "add_reuse_dest_init"({{.*}}) {ttl.row = "binary_dest_reuse_tiles_init", ttl.row_attributes = ["add", "dest_to_srca"], ttl.init = {op = ""}, template_args = [#emitc.opaque<"EltwiseBinaryReuseDestType::DEST_TO_SRCA">]}
// CHECK:        emitc.call_opaque "add_reuse_dest_tiles"(
// CHECK:      emitc.call_opaque "tile_regs_commit"
// CHECK-NEXT: emitc.call_opaque "tile_regs_wait"
// CHECK-NEXT: emitc.call_opaque "pack_block"(
// CHECK-NEXT: emitc.call_opaque "tile_regs_release"
// CHECK-NOT:  ttl.block_compute
// OLD:        emitc.call_opaque "binary_op_init_common"({{.*}}) {ttl.row = "binary_op_init_common", ttl.startup
// OLD:        emitc.call_opaque "mul_tiles_init"
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
