// What kernels of a program may not do together.
// RUN: ttl-opt %s -p ttcore-register-device,ttl-validate,ttl-expand-threads --split-input-file --verify-diagnostics

ttl.program @two_on_a_core() grid = [2, 2] {
  ttl.kernel {
    ttl.compute_thread @one {
    }
  }
  ttl.kernel core_range = [[1, 0], [1, 1]] {
    // expected-error @below {{core (1, 0) would run 2 compute threads ('one', 'two'); a core runs one}}
    ttl.compute_thread @two {
    }
  }
}

// -----

ttl.program @grids() grid = [2, 2] {
  // expected-note @below {{the other kernel}}
  ttl.kernel core_range = [[0, 0], [0, 1]] {
  }
  // expected-error @below {{a kernel on a grid of 4x1 cores beside one on 2x2: kernels of a program have the same grid}}
  ttl.kernel grid = [4, 1] {
  }
}

// -----

ttl.program @one_side() grid = [2, 1] {
  // expected-note @below {{the buffer is made}}
  %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  ttl.kernel core_range = [[0, 0], [0, 0]] {
    ttl.datamovement_thread @fill {
      // expected-error @below {{circular buffer 'a' is filled, but no thread consumes it on core (0, 0)}}
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
    }
  }
  ttl.kernel core_range = [[1, 0], [1, 0]] {
    ttl.datamovement_thread @empty {
      ttl.cb_wait %a, 1
      ttl.cb_pop %a, 1
    }
  }
}
