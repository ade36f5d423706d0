// Barriers: where transfers must have ended, and nowhere else.
// RUN: ttl-opt %s -p ttl-insert-synchronization --split-input-file | filecheck %s

!T = tensor<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>

// Two reads share one barrier, before the first block that needs it is pushed; waits vanish.
// CHECK-LABEL: ttl.program @shared
// CHECK:      ttl.copy
// CHECK-NEXT: ttl.copy
// CHECK-NEXT: ttl.dma_barrier read
// CHECK-NEXT: ttl.cb_push
// CHECK-NEXT: ttl.cb_push
// CHECK-NOT:  ttl.wait
// CHECK-LABEL: ttl.datamovement_thread @writer
// CHECK:      ttl.copy
// CHECK-NEXT: ttl.copy
// CHECK-NEXT: ttl.dma_barrier write
// CHECK-NEXT: ttl.cb_pop
// CHECK-NEXT: ttl.cb_pop
// CHECK-NOT:  ttl.dma_barrier
ttl.program @shared(%t: !T) grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.datamovement_thread @reader {
      %i = arith.constant 0 : index
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      %x = ttl.cb_reserve %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_reserve %b, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %ref = ttl.index_accessor %acc, %i, %i
      %tx = ttl.copy %ref, %x
      %ty = ttl.copy %ref, %y
      ttl.wait %tx
      ttl.wait %ty
      ttl.cb_push %a, 1
      ttl.cb_push %b, 1
    }
    ttl.datamovement_thread @writer {
      %i = arith.constant 0 : index
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      %x = ttl.cb_wait %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_wait %b, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %ref = ttl.index_accessor %acc, %i, %i
      %tx = ttl.copy %x, %ref
      %ty = ttl.copy %y, %ref
      ttl.cb_pop %a, 1
      ttl.cb_pop %b, 1
    }
  }
}

// -----

!T = tensor<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>

// A loop: one barrier a turn, at the push. What is written before the loop is over when the same tensor is read in it.
// CHECK-LABEL: ttl.program @loops
// CHECK:      ttl.copy
// CHECK-NEXT: ttl.dma_barrier write
// CHECK-NEXT: ttl.cb_pop
// CHECK:      scf.for
// CHECK:        ttl.copy
// CHECK-NEXT:   ttl.dma_barrier read
// CHECK-NEXT:   ttl.cb_push
// CHECK-NOT:    ttl.dma_barrier
ttl.program @loops(%t: !T) grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread {
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
      %lb = arith.constant 0 : index
      %ub = arith.constant 4 : index
      %step = arith.constant 1 : index
      scf.for %k = %lb to %ub step %step {
        ttl.cb_wait %b, 1
        ttl.cb_pop %b, 1
      }
    }
    ttl.datamovement_thread {
      %lb = arith.constant 0 : index
      %ub = arith.constant 4 : index
      %step = arith.constant 1 : index
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      %x = ttl.cb_wait %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %to = ttl.index_accessor %acc, %lb, %lb
      %tx = ttl.copy %x, %to
      ttl.cb_pop %a, 1
      scf.for %k = %lb to %ub step %step {
        %y = ttl.cb_reserve %b, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %k, %lb
        %ty = ttl.copy %ref, %y
        ttl.wait %ty
        ttl.cb_push %b, 1
      }
    }
  }
}

// -----

!T = tensor<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>

// What was waited for has ended before another core is told; a block is read before it is sent on.
// CHECK-LABEL: ttl.program @signals
// CHECK:      ttl.create_semaphore initial_value=0 {semaphore_id = 0 : i32}
// CHECK:      ttl.create_pipe {{.*}} {ready = 1 : i32, valid = 2 : i32, handshake = "direct"}
// CHECK-LABEL: ttl.datamovement_thread @sender
// CHECK:      ttl.copy
// CHECK-NEXT: ttl.dma_barrier read
// CHECK-NEXT: ttl.if_src
// CHECK-NEXT:   ttl.copy
// CHECK-NEXT: }
// CHECK-NEXT: ttl.cb_push
// CHECK-LABEL: ttl.datamovement_thread @receiver
// CHECK:      ttl.if_dst
// CHECK:        [[TX:%.*]] = ttl.copy
// CHECK-NEXT:   ttl.wait [[TX]]
// CHECK-NEXT:   ttl.cb_push
// CHECK:      ttl.copy
// CHECK-NEXT: ttl.dma_barrier write
// CHECK-NEXT: ttl.semaphore_inc
ttl.program @signals(%t: !T) grid = [2, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %done = ttl.create_semaphore initial_value=0
    %pipe = ttl.create_pipe src_core=[0, 0] dst_core=[1, 0]
    ttl.compute_thread {
      ttl.cb_wait %a, 1
      ttl.cb_pop %a, 1
    }
    ttl.datamovement_thread @sender {
      %i = arith.constant 0 : index
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      %x = ttl.cb_reserve %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %ref = ttl.index_accessor %acc, %i, %i
      %tx = ttl.copy %ref, %x
      ttl.if_src %pipe {
        %ts = ttl.copy %x, %pipe
      }
      ttl.cb_push %a, 1
    }
    ttl.datamovement_thread @receiver {
      %i = arith.constant 0 : index
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      ttl.if_dst %pipe {
        %y = ttl.cb_reserve %b, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %tr = ttl.copy %pipe, %y
        ttl.cb_push %b, 1
        %z = ttl.cb_wait %b, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %to = ttl.index_accessor %acc, %i, %i
        %tz = ttl.copy %z, %to
        ttl.wait %tz
        ttl.semaphore_inc %done, 1 core = [0, 0]
        ttl.cb_pop %b, 1
      }
    }
  }
}

// -----

// A ring in which every core sends before it receives: blocks wait in landing places, whose room is granted at the start.
// Both cores grant and send by the same code; whom they send to is computed.
// CHECK-LABEL: ttl.program @ring
// CHECK:      [[READY:%.*]] = ttl.create_semaphore initial_value=0 {semaphore_id = 0 : i32}
// CHECK:      [[LANDING:%.*]] = ttl.create_cb shape=[1, 1], {{.*}} buffer_factor=1 {landing = 0 : i32}
// CHECK:      ttl.create_pipe {{.*}} {ready = 0 : i32, valid = 1 : i32, handshake = "buffered", landing = 0 : i32}
// CHECK:      ttl.datamovement_thread
// CHECK:        ttl.semaphore_set [[READY]], 1
// CHECK-NOT:    ttl.semaphore_set
// CHECK:        ttl.create_pipe src_core=[%{{.*}}, 0] dst_core=[%{{.*}}, 0] net=0 {ready = 0 : i32, valid = 1 : i32, handshake = "buffered", landing = 0 : i32, receivers = 1 : i64, loops_back = 0 : i64}
// CHECK-NEXT:   ttl.copy
// CHECK:        ttl.create_pipe src_core=[%{{.*}}, 0] dst_core=[%{{.*}}, 0]
// CHECK-NEXT:   [[TX:%.*]] = ttl.copy
// CHECK-NEXT:   ttl.wait [[TX]]
// CHECK-NEXT:   ttl.copy [[LANDING]],
// CHECK-NEXT:   ttl.dma_barrier read
// CHECK-NEXT:   ttl.semaphore_inc [[READY]], 1 core = [%{{.*}}, 0]
ttl.program @ring() grid = [2, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %p = ttl.create_pipe src_core=[0, 0] dst_core=[1, 0] net=0
    %q = ttl.create_pipe src_core=[1, 0] dst_core=[0, 0] net=0
    ttl.compute_thread {
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
      ttl.cb_wait %b, 1
      ttl.cb_pop %b, 1
    }
    ttl.datamovement_thread {
      %x = ttl.cb_wait %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_reserve %b, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      ttl.if_src %p {
        %t0 = ttl.copy %x, %p
      }
      ttl.if_src %q {
        %t1 = ttl.copy %x, %q
      }
      ttl.if_dst %p {
        %t2 = ttl.copy %p, %y
      }
      ttl.if_dst %q {
        %t3 = ttl.copy %q, %y
      }
      ttl.cb_push %b, 1
      ttl.cb_pop %a, 1
    }
  }
}
