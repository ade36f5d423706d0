// Programs that keep the contracts: nothing changes.
// RUN: ttl-opt %s -p ttl-validate --split-input-file | filecheck %s

// Loops, branches that agree, a block held around a loop, and both ends of a pipe.
// CHECK-LABEL: ttl.program @kept
// CHECK-COUNT-2: ttl.cb_wait
// CHECK: ttl.if_src
// CHECK: ttl.if_dst
ttl.program @kept() grid = [2, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %s = ttl.create_semaphore initial_value=1
    %p = ttl.create_pipe src_core=[0, 0] dst_core=[1, 0]
    ttl.compute_thread {
      %lb = arith.constant 0 : index
      %ub = arith.constant 4 : index
      %step = arith.constant 1 : index
      ttl.cb_wait %a, 1
      scf.for %i = %lb to %ub step %step {
        %even = arith.cmpi eq, %i, %lb : index
        scf.if %even {
          ttl.cb_wait %b, 1
          ttl.cb_pop %b, 1
        }
      }
      ttl.cb_pop %a, 1
    }
    ttl.datamovement_thread {
      %x = ttl.cb_reserve %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_reserve %b, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      ttl.semaphore_wait %s, 1
      ttl.if_src %p {
        %t = ttl.copy %x, %p
      }
      ttl.if_dst %p {
        %u = ttl.copy %p, %x
        %v = ttl.copy %p, %y
      }
      ttl.cb_push %b, 1
      ttl.cb_push %a, 1
    }
  }
}
