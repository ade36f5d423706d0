// Transfers as calls of the NoC, without TTKernel, in the names of the generation.
// RUN: ttl-opt %s -p ttl-data-movement-to-emitc,ttl-canonicalize | filecheck %s
// RUN: ttl-opt %s -p ttl-data-movement-to-emitc{metal-version=0.69},ttl-canonicalize | filecheck %s --check-prefix OLD

!T = memref<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>, #ttl.memory_space<DRAM>>
!C = !ttl.cb<[4,2], !ttcore.tile<32x32, bf16>, 2, L1>

// Pure rows are merged, reading ones stay, as the op table says: one accessor, one pointer outside the loop.
// CHECK-LABEL: func.func @advance
// CHECK:      [[ARGS:%.*]] = "emitc.constant"() <{value = #emitc.opaque<"TensorAccessorArgs<1, 0>()">}> {ttl.row = "TensorAccessorArgs"} : () -> !emitc.opaque<"auto">
// CHECK-NEXT: [[BASE:%.*]] = emitc.call_opaque "get_common_arg_val"({{.*}}) {ttl.row = "get_common_arg_val", template_args = [#emitc.opaque<"uint32_t">]} : (index) -> i32
// CHECK-NEXT: [[ACCESSOR:%.*]] = emitc.call_opaque "TensorAccessor"([[ARGS]], [[BASE]], %{{.*}})
// CHECK:      [[PTR:%.*]] = emitc.call_opaque "get_write_ptr"
// CHECK:      scf.for {{.*}} iter_args([[PAGE:%.*]] = {{.*}}, [[AT:%.*]] = [[PTR]])
// CHECK-NEXT:   emitc.call_opaque "noc_async_read_page"([[PAGE]], [[ACCESSOR]], [[AT]]) {ttl.row = "noc_async_read_tile"}
// CHECK:      scf.yield
// CHECK-NOT:  ttl.copy
// OLD:        emitc.call_opaque "noc_async_read_tile"
ttl.program @p(%t: !T) grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[4, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 {cb_index = 0 : i32}
  }
}
func.func @advance(%a: !C {ttl.cb = 0 : i32}, %t: !T {ttl.tensor = 0 : i32}) attributes {ttl.program = "p", ttl.thread = "datamovement", ttl.grid = #ttl.grid<[1, 1]>, ttl.arch = "wormhole_b0"} {
  %i = arith.constant 0 : index
  %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
  %x = ttl.cb_reserve %a, 8 : memref<4x2x!ttcore.tile<32x32, bf16>, #ttl.memory_space<L1>>
  %ref = ttl.index_accessor %acc, %i, %i : memref<4x2x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>, #ttl.memory_space<DRAM>>
  %tx = ttl.copy %ref, %x
  func.return
}
