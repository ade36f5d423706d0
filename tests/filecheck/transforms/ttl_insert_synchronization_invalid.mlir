// Waits that nothing ends: every place of the circle is shown.
// RUN: ttl-opt %s -p ttl-insert-synchronization --split-input-file --verify-diagnostics

// Two threads that wait for each other's buffers.
ttl.program @circle() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @math {
      // expected-error @below {{deadlock: thread 'math' on core (0, 0) waits for a block of 'a', in a circle of waits}}
      ttl.cb_wait %a, 1
      ttl.cb_reserve %b, 1
      ttl.cb_push %b, 1
      ttl.cb_pop %a, 1
    }
    ttl.datamovement_thread @mover {
      // expected-note @below {{thread 'mover' on core (0, 0) waits for a block of 'b'}}
      ttl.cb_wait %b, 1
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
      ttl.cb_pop %b, 1
    }
  }
}

// -----

// A buffer too small for the protocol: two blocks of it are needed before the first is taken.
ttl.program @small() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=1
    %b = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=1
    ttl.compute_thread @math {
      // expected-error @below {{deadlock: thread 'math' on core (0, 0) waits for a block of 'b', in a circle of waits}}
      ttl.cb_wait %b, 1
      ttl.cb_wait %a, 1
      ttl.cb_pop %a, 1
      ttl.cb_wait %a, 1
      ttl.cb_pop %a, 1
      ttl.cb_pop %b, 1
    }
    ttl.datamovement_thread @mover {
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
      // expected-note @below {{thread 'mover' on core (0, 0) waits for room in 'a'}}
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
      ttl.cb_reserve %b, 1
      ttl.cb_push %b, 1
    }
  }
}

// -----

// One block more is waited for than is made.
ttl.program @count() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @math {
      %lb = arith.constant 0 : index
      %ub = arith.constant 5 : index
      %step = arith.constant 1 : index
      scf.for %i = %lb to %ub step %step {
        // expected-error @below {{deadlock: thread 'math' on core (0, 0) waits for a block of 'a', which nothing will end}}
        ttl.cb_wait %a, 1
        ttl.cb_pop %a, 1
      }
    }
    // expected-note @below {{thread 'mover' has ended by then after 4 blocks}}
    ttl.datamovement_thread @mover {
      %lb = arith.constant 0 : index
      %ub = arith.constant 4 : index
      %step = arith.constant 1 : index
      scf.for %i = %lb to %ub step %step {
        ttl.cb_reserve %a, 1
        ttl.cb_push %a, 1
      }
    }
  }
}

// -----

// On one core only, and through semaphores.
ttl.program @cores() grid = [2, 1] {
  ttl.kernel {
    %s = ttl.create_semaphore initial_value=0
    ttl.datamovement_thread @mover {
      %x, %y = ttl.core_index(dims = 2)
      %zero = arith.constant 0 : index
      %first = arith.cmpi eq, %x, %zero : index
      scf.if %first {
        ttl.semaphore_inc %s, 1 core = [1, 0]
      }
      // expected-error @below {{deadlock: thread 'mover' on core (0, 0) waits for semaphore 's', which nothing will end}}
      ttl.semaphore_wait %s, 1 comparison = min
    }
  }
}

// -----

// More semaphores than a core has.
ttl.program @many() grid = [4, 1] {
  ttl.kernel {
    %s0 = ttl.create_semaphore initial_value=0
    %s1 = ttl.create_semaphore initial_value=0
    %s2 = ttl.create_semaphore initial_value=0
    %s3 = ttl.create_semaphore initial_value=0
    %s4 = ttl.create_semaphore initial_value=0
    %s5 = ttl.create_semaphore initial_value=0
    %s6 = ttl.create_semaphore initial_value=0
    %s7 = ttl.create_semaphore initial_value=0
    %s8 = ttl.create_semaphore initial_value=0
    %s9 = ttl.create_semaphore initial_value=0
    %s10 = ttl.create_semaphore initial_value=0
    %s11 = ttl.create_semaphore initial_value=0
    %s12 = ttl.create_semaphore initial_value=0
    %s13 = ttl.create_semaphore initial_value=0
    %s14 = ttl.create_semaphore initial_value=0
    %s15 = ttl.create_semaphore initial_value=0
    // expected-error @below {{this kernel needs 17 semaphores, those that pipes need included; wormhole_b0 has 16 a core}}
    %s16 = ttl.create_semaphore initial_value=0
    ttl.datamovement_thread {
    }
  }
}
