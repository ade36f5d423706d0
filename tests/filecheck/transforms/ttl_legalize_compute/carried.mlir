// Blocks that loops carry and branches choose go through circular buffers; those that nobody reads do not.
// RUN: ttl-opt %s -p ttl-legalize-compute --split-input-file | filecheck %s

ttl.program @carried() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      %zero = ttl.block_fill value = 0.0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
      %sum = scf.for %i = %c0 to %c4 step %c1 iter_args(%acc = %zero) -> (tensor<1x1x!ttcore.tile<32x32, bf16>>) {
        %x = ttl.cb_wait %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %next = ttl.block_add %acc, %x : tensor<1x1x!ttcore.tile<32x32, bf16>>
        ttl.cb_pop %a, 1
        scf.yield %next : tensor<1x1x!ttcore.tile<32x32, bf16>>
      }
      %z = ttl.cb_reserve %o, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      ttl.block_store %z, %sum
      ttl.cb_push %o, 1
    }
  }
}
// CHECK-LABEL: ttl.program @carried
// CHECK:       %sum = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 {intermediate = "a loop carries it from turn to turn"}
// CHECK:       %[[first:\w+]] = ttl.cb_reserve %sum, 1
// CHECK-NEXT:  ttl.block_store %[[first]], %zero
// CHECK-NEXT:  ttl.cb_push %sum, 1
// CHECK-NEXT:  scf.for %i = %c0 to %c4 step %c1 {
// CHECK-NEXT:    %[[old:\w+]] = ttl.cb_wait %sum, 1
// CHECK:         %next = ttl.block_add %[[old]], %x
// CHECK-NEXT:    %[[new:\w+]] = ttl.cb_reserve %sum, 1
// CHECK-NEXT:    ttl.block_store %[[new]], %next
// CHECK-NEXT:    ttl.cb_push %sum, 1
// CHECK-NEXT:    ttl.cb_pop %a, 1
// CHECK-NEXT:    ttl.cb_pop %sum, 1
// CHECK-NEXT:  }
// CHECK-NEXT:  %[[sum:\w+]] = ttl.cb_wait %sum, 1
// CHECK-NEXT:  %z = ttl.cb_reserve %o, 1
// CHECK-NEXT:  ttl.block_store %z, %[[sum]]
// CHECK-NEXT:  ttl.cb_pop %sum, 1

// -----

ttl.program @chosen() grid = [2, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @compute {
      %c0 = arith.constant 0 : index
      %column, %row = ttl.core_index(dims = 2)
      %first = arith.cmpi eq, %column, %c0 : index
      %x = ttl.cb_wait %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %y, %unread = scf.if %first -> (tensor<1x1x!ttcore.tile<32x32, bf16>>, tensor<1x1x!ttcore.tile<32x32, bf16>>) {
        %e = ttl.block_exp %x : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %s = ttl.block_sqrt %x : tensor<1x1x!ttcore.tile<32x32, bf16>>
        scf.yield %e, %s : tensor<1x1x!ttcore.tile<32x32, bf16>>, tensor<1x1x!ttcore.tile<32x32, bf16>>
      } else {
        %n = ttl.block_neg %x : tensor<1x1x!ttcore.tile<32x32, bf16>>
        scf.yield %n, %n : tensor<1x1x!ttcore.tile<32x32, bf16>>, tensor<1x1x!ttcore.tile<32x32, bf16>>
      }
      %z = ttl.cb_reserve %o, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      ttl.block_store %z, %y
      ttl.cb_push %o, 1
      ttl.cb_pop %a, 1
    }
  }
}
// CHECK-LABEL: ttl.program @chosen
// CHECK:       %y = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=1 {intermediate = "a branch chooses it"}
// CHECK-NOT:   ttl.create_cb
// CHECK:       scf.if %first {
// CHECK:         %e = ttl.block_exp %x
// CHECK-NEXT:    %[[then:\w+]] = ttl.cb_reserve %y, 1
// CHECK-NEXT:    ttl.block_store %[[then]], %e
// CHECK:       } else {
// CHECK:         ttl.block_store %{{.*}}, %n
// CHECK:       }
// CHECK-NEXT:  %[[y:\w+]] = ttl.cb_wait %y, 1
// CHECK:       ttl.block_store %z, %[[y]]
// CHECK-NEXT:  ttl.cb_pop %y, 1
