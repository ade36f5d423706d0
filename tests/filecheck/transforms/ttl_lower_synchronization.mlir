// Buffers, barriers, coordinates and semaphores in TTKernel.
// RUN: ttl-opt %s -p ttl-lower-synchronization | filecheck %s

!C = !ttl.cb<[2,1], !ttcore.tile<32x32, bf16>, 2, L1>

// CHECK-LABEL: func.func @f() attributes {ttkernel.arg_spec = #ttkernel.arg_spec<{{.*}}ct_args = [<arg_type = cb_port, operand_index = 3>]>, ttkernel.thread = #ttkernel.thread<noc>}
// CHECK:      [[CB:%.*]] = ttkernel.get_compile_time_arg_val(3)
// CHECK:      ttkernel.cb_reserve_back([[CB]], %{{.*}})
// CHECK:      ttkernel.noc_async_read_barrier()
// CHECK:      ttkernel.cb_push_back
// CHECK:      ttkernel.noc_async_read_barrier()
// CHECK-NEXT: ttkernel.noc_async_write_barrier()
// CHECK:      "ttkernel.experimental::semaphore_wait"
// CHECK-NEXT: ttkernel.noc_semaphore_set
// CHECK:      "ttkernel.experimental::semaphore_wait_min"
// CHECK:      ttkernel.noc_semaphore_inc(
// CHECK:      ttkernel.noc_semaphore_set
// CHECK:      ttkernel.noc_semaphore_set_multicast
// CHECK:      ttkernel.noc_async_write_barrier()
// CHECK:      ttkernel.noc_async_atomic_barrier()
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
