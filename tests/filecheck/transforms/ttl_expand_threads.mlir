// Threads become functions: what they capture are arguments, pipes and semaphores are made anew.
// RUN: ttl-opt %s -p ttl-insert-synchronization,ttl-bufferize,ttl-allocate-circular-buffers,ttl-expand-threads | filecheck %s

!T = tensor<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>

// CHECK:      ttl.program @p
// CHECK:        ttl.kernel attributes {threads = [@math, @datamovement]}
// CHECK:          ttl.create_cb
// CHECK-NOT:      ttl.compute_thread
// CHECK:      func.func @math(%a: !ttl.cb<{{.*}}> {ttl.cb = 0 : i32}) attributes {ttl.program = "p", ttl.thread = "compute", ttl.grid = #ttl.grid<[2, 1]>
// CHECK-SAME:   ttl.arch = "blackhole", ttl.fp32_dest_acc = false, ttl.dst_full_sync = true, ttl.math_fidelity = "HiFi2"
// CHECK:      func.func @datamovement(%t: memref<{{.*}}> {ttl.tensor = 0 : i32}, %a{{.*}} {ttl.cb = 0 : i32})
// CHECK-SAME:   ttl.scratch_semaphore = 3 : i32, ttl.noc = 0 : i32
// CHECK-DAG:    ttl.create_semaphore initial_value=2 {semaphore_id = 0 : i32}
// CHECK-DAG:    ttl.create_pipe {{.*}} handshake = "direct"
// CHECK:        ttl.if_dst
// CHECK:        func.return
ttl.program @p(%t: !T) grid = [2, 1] attributes {arch = "blackhole", dst_full_sync = true, math_fidelity = "HiFi2"} {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %s = ttl.create_semaphore initial_value=2
    %p = ttl.create_pipe src_core=[0, 0] dst_core=[1, 0]
    ttl.compute_thread @math {
      ttl.cb_wait %a, 1
      ttl.cb_pop %a, 1
    }
    ttl.datamovement_thread {
      %i = arith.constant 0 : index
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      %x = ttl.cb_reserve %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      ttl.if_src %p {
        %ref = ttl.index_accessor %acc, %i, %i
        %tx = ttl.copy %ref, %x
        %ts = ttl.copy %x, %p
      }
      ttl.if_dst %p {
        %tr = ttl.copy %p, %x
      }
      ttl.semaphore_set %s, 1 core = [1, 0]
      ttl.cb_push %a, 1
    }
  }
}
