// Branches and loops that are known, ends of pipes that are nobody or everybody, assertions, semaphores.
// RUN: ttl-opt %s -p ttl-canonicalize --split-input-file | filecheck %s

ttl.kernel grid = [2, 1] {
  ttl.datamovement_thread {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %x, %y = ttl.core_index(dims = 2)
    %on_row = arith.cmpi eq, %y, %c0 : index
    ttl.assert %on_row, "one row"
    %both = arith.andi %on_row, %on_row : i1
    scf.if %both {
      ttl.signpost "taken"
    } else {
      ttl.signpost "not_taken"
    }
    %elsewhere = arith.cmpi sgt, %y, %c0 : index
    scf.if %elsewhere {
      ttl.signpost "not_taken"
    }
    %h, %w = ttl.grid_size(dims = 2)
    scf.for %i = %c0 to %w step %c1 {
      ttl.print "once ", %i
    }
    scf.for %i = %w to %c1 step %c1 {
      ttl.print "never ", %i
    }
    %chosen = arith.select %on_row, %x, %c0 : index
    %first = arith.cmpi eq, %chosen, %c0 : index
    ttl.assert %first, "runs on one core only"
    scf.if %first {
      ttl.signpost "maybe"
    }
  }
}

// -----

ttl.program @p() grid = [4, 4] {
  %zero = arith.constant 0 : index
  %p = ttl.create_pipe src_core=[0, %zero] dst_core_range=[[1, 0], [3, %zero]] net=2 {note}
  ttl.kernel @sender core_range = [[0, 0], [0, 0]] {
    ttl.datamovement_thread {
      ttl.if_src %p {
        ttl.signpost "always"
      }
      ttl.if_dst %p {
        ttl.signpost "never"
      }
    }
  }
  ttl.kernel @receivers core_range = [[1, 0], [3, 0]] {
    ttl.datamovement_thread {
      ttl.if_src %p {
        ttl.signpost "never"
      }
      ttl.if_dst %p {
        ttl.signpost "always"
      }
    }
  }
  ttl.kernel @some {
    ttl.datamovement_thread {
      ttl.if_src %p {
        ttl.signpost "sometimes"
      }
      ttl.if_dst %p {
      }
    }
  }
}

// -----

ttl.kernel grid = [4, 4] {
  %s = ttl.create_semaphore initial_value=0
  %c2 = arith.constant 2 : index
  %x = ttl.core_index(dims = 1)
  ttl.datamovement_thread {
    %other = ttl.remote_semaphore %s core = [%x, %c2]
    ttl.semaphore_inc %other, %c2
    %all = ttl.remote_semaphore %s mcast = [[0, 0], [3, %c2]]
    ttl.semaphore_set %all, %x
    ttl.semaphore_set %s, %c2 core = [%x, 1]
    ttl.semaphore_wait %s, %x comparison = min
  }
}

// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.kernel grid = [2, 1] {
// CHECK-NEXT:     ttl.datamovement_thread {
// CHECK-NEXT:       %c0 = arith.constant 0 : index
// CHECK-NEXT:       %x, %y = ttl.core_index(dims = 2)
// CHECK-NEXT:       ttl.signpost "taken"
// CHECK-NEXT:       ttl.print "once ", %c0
// CHECK-NEXT:       %first = arith.cmpi eq, %x, %c0 : index
// CHECK-NEXT:       ttl.assert %first, "runs on one core only"
// CHECK-NEXT:       scf.if %first {
// CHECK-NEXT:         ttl.signpost "maybe"
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.program @p() grid = [4, 4] memory_space = "L1" tiled = true {
// CHECK-NEXT:     %p = ttl.create_pipe src_core=[0, 0] dst_core_range={{\[\[}}1, 0], [3, 0]] net=2 {note} : !ttl.pipe<[0, 0] -> {{\[\[}}1, 0], [3, 0]]>
// CHECK-NEXT:     ttl.kernel @sender core_range = {{\[\[}}0, 0], [0, 0]] {
// CHECK-NEXT:       ttl.datamovement_thread {
// CHECK-NEXT:         ttl.signpost "always"
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:     ttl.kernel @receivers core_range = {{\[\[}}1, 0], [3, 0]] {
// CHECK-NEXT:       ttl.datamovement_thread {
// CHECK-NEXT:         ttl.signpost "always"
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:     ttl.kernel @some {
// CHECK-NEXT:       ttl.datamovement_thread {
// CHECK-NEXT:         ttl.if_src %p {
// CHECK-NEXT:           ttl.signpost "sometimes"
// CHECK-NEXT:         }
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.kernel grid = [4, 4] {
// CHECK-NEXT:     %s = ttl.create_semaphore initial_value=0 : !ttl.semaphore
// CHECK-NEXT:     %x = ttl.core_index(dims = 1)
// CHECK-NEXT:     ttl.datamovement_thread {
// CHECK-NEXT:       ttl.semaphore_inc %s, 2 core = [%x, 2]
// CHECK-NEXT:       ttl.semaphore_set %s, %x mcast = {{\[\[}}0, 0], [3, 2]]
// CHECK-NEXT:       ttl.semaphore_set %s, 2 core = [%x, 1]
// CHECK-NEXT:       ttl.semaphore_wait %s, %x comparison = min
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
