// Contracts of buffers, pipes and semaphores: every violation with the place of the other party.
// RUN: ttl-opt %s -p ttl-validate --split-input-file --verify-diagnostics

ttl.program @pop_without_wait() grid = [1, 1] {
  ttl.kernel {
    // expected-note @below {{the buffer is made}}
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread {
      // expected-error @below {{circular buffer protocol violation: pop() without matching wait() of 'a'}}
      ttl.cb_pop %a, 1
    }
  }
}

// -----

ttl.program @push_without_reserve() grid = [1, 1] {
  ttl.kernel {
    // expected-note @below {{the buffer is made}}
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread {
      // expected-error @below {{circular buffer protocol violation: push() without matching reserve() of 'a'}}
      ttl.cb_push %a, 1
    }
  }
}

// -----

ttl.program @kept_at_the_end_of_a_loop() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread {
      %lb = arith.constant 0 : index
      %ub = arith.constant 5 : index
      %step = arith.constant 1 : index
      scf.for %i = %lb to %ub step %step {
        // expected-error @below {{the block acquired by wait() is not released at the end of the loop body}}
        ttl.cb_wait %a, 1
      }
    }
  }
}

// -----

ttl.program @released_by_a_loop() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread {
      %lb = arith.constant 0 : index
      %ub = arith.constant 5 : index
      %step = arith.constant 1 : index
      // expected-note @below {{the block was acquired}}
      ttl.cb_wait %a, 1
      // expected-error @below {{the loop releases a block that was acquired before it}}
      scf.for %i = %lb to %ub step %step {
        ttl.cb_pop %a, 1
      }
    }
  }
}

// -----

ttl.program @one_side_of_an_if() grid = [2, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread {
      %x, %y = ttl.core_index(dims = 2)
      %first = arith.cmpi eq, %x, %y : index
      // expected-error @below {{this block is held on one side of the 'if' only}}
      ttl.cb_wait %a, 1
      // expected-note @below {{the 'if' stands}}
      scf.if %first {
        ttl.cb_pop %a, 1
      }
    }
  }
}

// -----

ttl.program @at_one_end_of_a_pipe() grid = [2, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %p = ttl.create_pipe src_core=[0, 0] dst_core=[1, 0]
    ttl.datamovement_thread {
      // expected-error @below {{this block is acquired or released at one end of a pipe only}}
      ttl.cb_wait %a, 1
      // expected-note @below {{the end of the pipe}}
      ttl.if_src %p {
        ttl.cb_pop %a, 1
      }
    }
  }
}

// -----

ttl.program @acquired_twice() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread {
      // expected-note @below {{that block was acquired}}
      ttl.cb_wait %a, 1
      // expected-error @below {{wait() of 'a' while the block that this thread acquired before is still held}}
      ttl.cb_wait %a, 1
    }
  }
}

// -----

!T = tensor<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>
ttl.program @used_after_release(%t: !T) grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.datamovement_thread {
      %i = arith.constant 0 : index
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      %ref = ttl.index_accessor %acc, %i, %i
      // expected-note @below {{it was acquired}}
      %x = ttl.cb_wait %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      // expected-note @below {{it was released}}
      ttl.cb_pop %a, 1
      // expected-error @below {{a block is used after its release}}
      %tx = ttl.copy %x, %ref
    }
  }
}

// -----

ttl.program @two_producers() grid = [1, 1] {
  ttl.kernel {
    // expected-note @below {{the buffer is made}}
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.datamovement_thread {
      // expected-note @below {{the other thread does}}
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
    }
    ttl.datamovement_thread {
      // expected-error @below {{circular buffer 'a' has two producers: two threads call reserve() on it}}
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
    }
  }
}

// -----

ttl.program @never_produced() grid = [1, 1] {
  ttl.kernel {
    // expected-note @below {{the buffer is made}}
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread {
      // expected-error @below {{circular buffer 'a' is waited for, but no thread produces it}}
      ttl.cb_wait %a, 1
      ttl.cb_pop %a, 1
    }
  }
}

// -----

ttl.program @sent_and_never_received() grid = [2, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    // expected-note @below {{the pipe is made}}
    %p = ttl.create_pipe src_core=[0, 0] dst_core=[1, 0]
    ttl.compute_thread {
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
    }
    ttl.datamovement_thread {
      %x = ttl.cb_wait %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      ttl.if_src %p {
        // expected-error @below {{a block is sent into this pipe, but no thread receives from it}}
        %t = ttl.copy %x, %p
      }
      ttl.cb_pop %a, 1
    }
  }
}

// -----

ttl.program @received_and_never_sent() grid = [2, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    // expected-note @below {{the pipe is made}}
    %p = ttl.create_pipe src_core=[0, 0] dst_core=[1, 0]
    ttl.compute_thread {
      ttl.cb_wait %a, 1
      ttl.cb_pop %a, 1
    }
    ttl.datamovement_thread {
      %x = ttl.cb_reserve %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      ttl.if_dst %p {
        // expected-error @below {{a block is received from this pipe, but no thread sends into it}}
        %t = ttl.copy %p, %x
      }
      ttl.cb_push %a, 1
    }
  }
}

// -----

ttl.program @ends_of_different_sizes() grid = [2, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    // expected-note @below {{the pipe is made}}
    %p = ttl.create_pipe src_core=[0, 0] dst_core=[1, 0]
    ttl.compute_thread {
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
      ttl.cb_wait %b, 2
      ttl.cb_pop %b, 2
    }
    ttl.datamovement_thread {
      %x = ttl.cb_wait %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      %y = ttl.cb_reserve %b, 2 : !ttl.block<tensor<2x1x!ttcore.tile<32x32, bf16>>>
      ttl.if_src %p {
        // expected-note @below {{it is sent}}
        %t = ttl.copy %x, %p
      }
      ttl.if_dst %p {
        // expected-error @below {{this end of the pipe takes a block of 2x1 !ttcore.tile<32x32, bf16>, the other end sends one of 1x1}}
        %u = ttl.copy %p, %y
      }
      ttl.cb_push %b, 2
      ttl.cb_pop %a, 1
    }
  }
}

// -----

ttl.program @a_semaphore_that_nobody_raises() grid = [2, 1] {
  ttl.kernel {
    // expected-note @below {{the semaphore is made}}
    %s = ttl.create_semaphore initial_value=0
    ttl.datamovement_thread {
      // expected-note @below {{it is set}}
      ttl.semaphore_set %s, 1 core = [1, 0]
      // expected-error @below {{this waits until semaphore 's' is 2, which nothing ever makes it}}
      ttl.semaphore_wait %s, 2
    }
  }
}

// -----

!T = tensor<8x8x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>
ttl.program @loop_bounds(%t: !T) grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[3, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread {
      ttl.cb_wait %a, 3
      ttl.cb_pop %a, 3
    }
    ttl.datamovement_thread {
      %zero = arith.constant 0 : index
      %three = arith.constant 3 : index
      %step = arith.constant 1 : index
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %zero to %three step %step {
        %row = arith.muli %i, %three : index
        %x = ttl.cb_reserve %a, 3 : !ttl.block<tensor<3x1x!ttcore.tile<32x32, bf16>>>
        // expected-error @below {{the loops lead to elements 0 to 8 along dimension 0 of a tensor of 8}}
        %ref = ttl.index_accessor %acc, %row, %zero : tensor<3x1x!ttcore.tile<32x32, bf16>>
        %tx = ttl.copy %ref, %x
        ttl.cb_push %a, 3
      }
    }
  }
}

// -----

ttl.program @distributed(%t: tensor<4x2x!ttcore.tile<32x32, bf16>>) grid = [2] {
  ttl.kernel {
    // expected-error @below {{ttl-validate finds a ttl.distribute that is not lowered yet}}
    %a = ttl.distribute %t : !ttl.dist_tensor<grid=[2,1], shard=[2,2], !ttcore.tile<32x32, bf16>, sharded, L1>
  }
}
