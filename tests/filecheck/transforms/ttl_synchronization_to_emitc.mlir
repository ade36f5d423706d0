// Buffers, barriers, coordinates and semaphores as calls, without TTKernel: each op names its row of the op table.
// RUN: ttl-opt %s -p ttl-synchronization-to-emitc | filecheck %s
// RUN: ttl-opt %s -p ttl-synchronization-to-emitc | filecheck %s --check-prefix ALL

!C = !ttl.cb<[2,1], !ttcore.tile<32x32, bf16>, 2, L1>

// ALL-NOT: ttkernel

// CHECK-LABEL: func.func @f() attributes {thread = "noc"}
// CHECK:      [[CB:%.*]] = "emitc.constant"() <{value = #emitc.opaque<"get_compile_time_arg_val(3)">}> {ttl.row = "get_compile_time_arg_val", ttl.row_attributes = ["3"]} : () -> ui32
// CHECK:      emitc.call_opaque "cb_reserve_back"([[CB]], %{{.*}}) {ttl.row = "cb_reserve_back"} : (ui32, i32) -> ()
// CHECK:      emitc.call_opaque "noc_async_read_barrier"()
// CHECK:      emitc.call_opaque "cb_push_back"
// CHECK:      emitc.call_opaque "noc_async_read_barrier"()
// CHECK-NEXT: emitc.call_opaque "noc_async_write_barrier"()
// CHECK:      emitc.call_opaque "noc_semaphore_wait"(%{{.*}}) {ttl.row = "experimental::semaphore_wait"}
// CHECK:      [[COLUMNS:%.*]] = "emitc.literal"() <{value = "worker_logical_col_to_virtual_col"}> {ttl.row = "experimental::convert_logical_x_to_translated"}
// CHECK-NEXT: [[PLACE:%.*]] = "emitc.subscript"([[COLUMNS]], %{{.*}})
// CHECK-NEXT: [[BYTE:%.*]] = "emitc.load"([[PLACE]])
// CHECK-NEXT: "emitc.cast"([[BYTE]]) {{.*}} : (ui8) -> index
// CHECK:      emitc.call_opaque "get_noc_addr"(%{{.*}}) {ttl.row = "get_noc_addr"} : (index, index, ui32) -> ui64
// CHECK-NEXT: emitc.call_opaque "noc_semaphore_inc"
// CHECK:      emitc.call_opaque "noc_rectangle_addr"(%{{.*}}) {ttl.row = "experimental::get_noc_multicast_addr"}
// CHECK-NEXT: emitc.call_opaque "noc_semaphore_set_multicast"
// CHECK:      emitc.call_opaque "noc_async_atomic_barrier"()
// CHECK-NEXT: func.return
func.func @f(%a: !C {ttl.cb = 3 : i32}) attributes {ttl.program = "p", ttl.thread = "datamovement", ttl.grid = #ttl.grid<[4, 2]>, ttl.arch = "wormhole_b0", ttl.scratch_semaphore = 1 : i32} {
  %s = ttl.create_semaphore initial_value=0 {semaphore_id = 0 : i32}
  %x, %y = ttl.core_index(dims = 2)
  ttl.cb_reserve %a, 2
  ttl.dma_barrier read
  ttl.cb_push %a, 2
  ttl.dma_barrier
  ttl.semaphore_wait %s, 4 comparison = equal reset = 0
  ttl.semaphore_wait %s, %x comparison = min
  ttl.semaphore_inc %s, 1 core = [0, %y]
  ttl.semaphore_set %s, 1 mcast = [[0, 0], [3, 1]]
  func.return
}
