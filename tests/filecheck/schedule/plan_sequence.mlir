// The transform sequence of the design plan, section 9.5, applied to a matrix product.
// RUN: ttl-opt %s -p ttl-apply-schedule | filecheck %s

// CHECK-NOT: transform.sequence
// The output buffer is filled once: one block.
// CHECK: %out_cb = ttl.create_cb shape=[1, 16], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=1 {
// All sixteen tiles are summed in DST: it is acquired once, around the loop.
// CHECK: func.func @compute()
// CHECK: ttkernel.tile_regs_acquire
// CHECK-NEXT: scf.for
// CHECK: ttkernel.matmul_block
// Four turns became one, and one barrier ends the reads of both buffers.
// CHECK: func.func @read()
// CHECK: %[[FOUR:.*]] = arith.constant 4 : i32
// CHECK: ttkernel.cb_reserve_back(%a_cb, %[[FOUR]])
// CHECK: ttkernel.cb_reserve_back(%b_cb
// CHECK: ttkernel.noc_async_read_barrier()
// CHECK-NOT: ttkernel.noc_async_read_barrier()
// CHECK: func.func @write()
// CHECK: ttkernel.noc_async_write_barrier()
// CHECK: ttkernel.cb_pop_front
module {
  ttl.program @matmul(%a: tensor<1x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %b: tensor<8x16x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<1x16x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
    ttl.kernel grid = [1, 1] {
      %a_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=8
      %b_cb = ttl.create_cb shape=[1, 16], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=8
      %out_cb = ttl.create_cb shape=[1, 16], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      ttl.compute_thread @compute {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %8 = arith.constant 8 : index
        %sum = ttl.cb_reserve %out_cb, 16 : !ttl.block<tensor<1x16x!ttcore.tile<32x32, bf16>>>
        scf.for %k = %0 to %8 step %1 {
          %x = ttl.cb_wait %a_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %y = ttl.cb_wait %b_cb, 16 : !ttl.block<tensor<1x16x!ttcore.tile<32x32, bf16>>>
          %product = ttl.block_matmul %x, %y : tensor<1x16x!ttcore.tile<32x32, bf16>>
          ttl.block_store %sum, %product acc
          ttl.cb_pop %b_cb, 16
          ttl.cb_pop %a_cb, 1
        }
        ttl.cb_push %out_cb, 16
      }
      ttl.datamovement_thread @read {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %8 = arith.constant 8 : index
        %a_in = ttl.tensor_accessor %a {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        %b_in = ttl.tensor_accessor %b {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %k = %0 to %8 step %1 {
          %x = ttl.cb_reserve %a_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %from_a = ttl.index_accessor %a_in, %0, %k : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %ta = ttl.copy %from_a, %x
          ttl.wait %ta
          ttl.cb_push %a_cb, 1
          %y = ttl.cb_reserve %b_cb, 16 : !ttl.block<tensor<1x16x!ttcore.tile<32x32, bf16>>>
          %from_b = ttl.index_accessor %b_in, %k, %0 : tensor<1x16x!ttcore.tile<32x32, bf16>>
          %tb = ttl.copy %from_b, %y
          ttl.wait %tb
          ttl.cb_push %b_cb, 16
        }
      }
      ttl.datamovement_thread @write {
        %0 = arith.constant 0 : index
        %to = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        %x = ttl.cb_wait %out_cb, 16 : !ttl.block<tensor<1x16x!ttcore.tile<32x32, bf16>>>
        %slice = ttl.index_accessor %to, %0, %0 : tensor<1x16x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %x, %slice
        ttl.wait %t
        ttl.cb_pop %out_cb, 16
      }
    }
  }

  // Transform sequence (applied by interpreter or pass)
  transform.sequence failures(propagate) {
  ^bb0(%root: !transform.any_op):
    // 1. Get handle to kernel
    %kernel = transform.structured.match ops{["ttl.kernel"]} in %root

    // 2. Optimize CB buffer factors
    %cbs = transform.structured.match ops{["ttl.create_cb"]} in %kernel
    %opt_cbs = transform.ttl.optimize_buffer_factor %cbs

    // 3. Schedule pipeline overlap
    %sched_kernel = transform.ttl.schedule_pipeline %kernel {strategy = "aggressive"}

    // 4. Allocate DST registers
    %compute_ops = transform.structured.match ops{["ttl.block_add", "ttl.block_matmul"]}
                   in %sched_kernel
    %with_dst = transform.ttl.allocate_dst_registers %compute_ops

    // 5. Coalesce DMAs
    %dma_ops = transform.structured.match ops{["ttl.copy"]} in %sched_kernel
    %coalesced = transform.ttl.coalesce_dma %dma_ops

    // 6. Apply standard lowering (traditional pass)
    transform.apply_registered_pass "ttl-lower-to-ttkernel" to %sched_kernel
  }
}
