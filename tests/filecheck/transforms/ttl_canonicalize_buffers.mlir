// Redundant acquisitions and resources that nothing uses.
// RUN: ttl-opt %s -p ttl-canonicalize --split-input-file --allow-unregistered-dialect | filecheck %s

ttl.kernel grid = [4, 4] {
  %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  %unused = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  %unused_pipe = ttl.create_pipe src_core=[0, 0] dst_core=[1, 1]
  %unused_semaphore = ttl.create_semaphore initial_value=0
  ttl.compute_thread {
    // The second wait is for the same block, until the pop; so is the reserve.
    %x = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
    %again = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
    ttl.cb_wait %cb, 1
    %o = ttl.cb_reserve %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
    %o2 = ttl.cb_reserve %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
    ttl.block_store %o2, %again
    ttl.cb_pop %cb, 1
    ttl.cb_push %cb, 1
    %next = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
    ttl.block_store %o, %next
    // A block stored to itself stays as it is; accumulating it does not.
    ttl.block_store %o, %o
    ttl.block_store %o, %o acc
  }
}

// -----

// The same tile is read once, as long as the block stays.
ttl.kernel grid = [1, 1] {
  %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  ttl.compute_thread {
    %c0 = arith.constant 0 : index
    ttl.cb_wait %cb, 1
    %a = ttl.get_tile %cb, %c0
    %b = ttl.get_tile %cb, %c0
    ttl.cb_pop %cb, 1
    ttl.cb_wait %cb, 1
    %c = ttl.get_tile %cb, %c0
    "use"(%a, %b, %c) : (!ttcore.tile<32x32, bf16>, !ttcore.tile<32x32, bf16>, !ttcore.tile<32x32, bf16>) -> ()
  }
}

// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.kernel grid = [4, 4] {
// CHECK-NEXT:     %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1>
// CHECK-NEXT:     ttl.compute_thread {
// CHECK-NEXT:       %x = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
// CHECK-NEXT:       %o = ttl.cb_reserve %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
// CHECK-NEXT:       ttl.block_store %o, %x
// CHECK-NEXT:       ttl.cb_pop %cb, 1
// CHECK-NEXT:       ttl.cb_push %cb, 1
// CHECK-NEXT:       %next = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
// CHECK-NEXT:       ttl.block_store %o, %next
// CHECK-NEXT:       ttl.block_store %o, %o acc
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.kernel grid = [1, 1] {
// CHECK-NEXT:     %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1>
// CHECK-NEXT:     ttl.compute_thread {
// CHECK-NEXT:       %c0 = arith.constant 0 : index
// CHECK-NEXT:       ttl.cb_wait %cb, 1
// CHECK-NEXT:       %a = ttl.get_tile %cb, %c0 : !ttcore.tile<32x32, bf16>
// CHECK-NEXT:       ttl.cb_pop %cb, 1
// CHECK-NEXT:       ttl.cb_wait %cb, 1
// CHECK-NEXT:       %c = ttl.get_tile %cb, %c0 : !ttcore.tile<32x32, bf16>
// CHECK-NEXT:       "use"(%a, %a, %c) : (!ttcore.tile<32x32, bf16>, !ttcore.tile<32x32, bf16>, !ttcore.tile<32x32, bf16>) -> ()
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
