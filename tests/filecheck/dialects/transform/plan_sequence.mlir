// The transform sequence of the design plan, section 9.5.
// RUN: ttl-opt %s | filecheck %s
// RUN: ttl-opt %s | ttl-opt | filecheck %s

module {
  func.func @matmul() {
    ttl.kernel {
      ttl.compute_thread {
      }
      ttl.datamovement_thread {
      }
    }
    func.return
  }

  // CHECK: transform.sequence failures(propagate) {
  // CHECK-NEXT: ^{{.*}}(%[[ROOT:.*]]: !transform.any_op):
  transform.sequence failures(propagate) {
  ^bb0(%root: !transform.any_op):
    // CHECK: transform.structured.match ops
    %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
    %cbs = transform.structured.match ops{["ttl.create_cb"]} in %kernel
    // CHECK: transform.ttl.optimize_buffer_factor %cbs
    %opt_cbs = transform.ttl.optimize_buffer_factor %cbs
    // CHECK: transform.ttl.schedule_pipeline %kernel {strategy = "aggressive"}
    %sched_kernel = transform.ttl.schedule_pipeline %kernel {strategy = "aggressive"}
    %compute_ops = transform.structured.match ops{["ttl.block_add", "ttl.block_matmul"]}
                   in %sched_kernel
    // CHECK: transform.ttl.allocate_dst_registers %compute_ops
    %with_dst = transform.ttl.allocate_dst_registers %compute_ops
    %dma_ops = transform.structured.match ops{["ttl.copy"]} in %sched_kernel
    // CHECK: transform.ttl.coalesce_dma %dma_ops
    %coalesced = transform.ttl.coalesce_dma %dma_ops
    %local = transform.ttl.reorder_for_locality %sched_kernel
    %ahead = transform.ttl.insert_prefetch %local
    // CHECK: transform.apply_registered_pass "ttl-lower-to-ttkernel" to %sched_kernel
    transform.apply_registered_pass "ttl-lower-to-ttkernel" to %sched_kernel
  }
}
