// Sequences beside a program: what each step makes, and what is left out where failures are suppressed.
// RUN: ttl-opt %s -p ttl-apply-schedule --split-input-file | filecheck %s
// RUN: ttl-opt %s -p ttl-apply-schedule,ttl-validate,ttl-insert-synchronization --split-input-file | filecheck %s --check-prefix SYNC

// A matched buffer, then the reads of the loop; results are handles for later steps.
// CHECK-LABEL: ttl.program @copied
// CHECK: %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=3
// CHECK: ttl.datamovement_thread @read
// CHECK: %[[FIRST:.*]] = ttl.cb_reserve %cb, 1 ahead %{{.*}}
// CHECK: ttl.copy %{{.*}}, %[[FIRST]] transaction
// CHECK: scf.for %i
// CHECK: %[[NEXT:.*]] = ttl.cb_reserve %cb, 1 ahead
// CHECK: ttl.copy %{{.*}}, %[[NEXT]] transaction
// CHECK-NEXT: arith.constant
// CHECK: ttl.dma_barrier read transaction
// CHECK-NEXT: ttl.cb_push %cb, 1
// CHECK-NEXT: }
// CHECK: ttl.dma_barrier read transaction
// CHECK-NEXT: ttl.cb_push %cb, 1
// CHECK-NEXT: }
// CHECK: ttl.datamovement_thread @write
// CHECK: scf.for
// CHECK: ttl.copy
// CHECK: ttl.dma_barrier write sent
// CHECK-NEXT: ttl.cb_pop
// CHECK-NOT: transform

// No barrier of the compiler's own before a push; writes that have left arrive by the end of the thread.
// SYNC-LABEL: ttl.program @copied
// SYNC-NOT: ttl.dma_barrier read{{$}}
// SYNC: ttl.datamovement_thread @write
// SYNC-NOT: ttl.dma_barrier write{{$}}
// SYNC: ttl.dma_barrier write sent
// SYNC-NEXT: ttl.cb_pop
// SYNC-NEXT: }
// SYNC-NEXT: ttl.dma_barrier write{{$}}
ttl.program @copied(%a: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
  ttl.kernel grid = [1, 1] {
    %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.datamovement_thread @read {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %a {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_reserve %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %ref, %block
        ttl.wait %t
        ttl.cb_push %cb, 1
      }
    }
    ttl.datamovement_thread @write {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %block, %ref
        ttl.wait %t
        ttl.cb_pop %cb, 1
      }
    }
  }
}
transform.sequence failures(suppress) {
^bb0(%root: !transform.any_op):
  %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
  %none = transform.structured.match ops{["ttl.block_add"]} in %kernel
  %left_out = transform.ttl.allocate_dst_registers %none
  %too_many = transform.ttl.insert_prefetch %kernel {distance = 6}
  %cbs = transform.structured.match ops{["ttl.create_cb"]} in %too_many {names = ["cb"]}
  %larger = transform.ttl.optimize_buffer_factor %cbs {factor = 3}
  %ahead = transform.ttl.insert_prefetch %too_many
  %sent = transform.ttl.schedule_pipeline %ahead
}
