// Paths that do not belong together.
// RUN: ttl-opt %s -p ttl-validate --split-input-file --verify-diagnostics

ttl.program @other_condition() grid = [2, 2] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @math {
      %zero = arith.constant 0 : index
      %x, %y = ttl.core_index(dims = 2)
      %left = arith.cmpi eq, %x, %zero : index
      // expected-note @below {{the 'if' stands}}
      scf.if %left {
        // expected-error @below {{this block is held on one side of the 'if' only}}
        ttl.cb_wait %a, 1
      }
      %top = arith.cmpi eq, %y, %zero : index
      scf.if %top {
        ttl.cb_pop %a, 1
      }
    }
    ttl.datamovement_thread @mover {
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
    }
  }
}

// -----

ttl.program @stale() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %o = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @math {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c3 = arith.constant 3 : index
      // expected-note @below {{it was acquired}}
      %x = ttl.cb_wait %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      scf.for %i = %c0 to %c3 step %c1 {
        %r = ttl.cb_reserve %o, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        // expected-error @below {{a block is used after its release}}
        ttl.block_store %r, %x
        ttl.cb_push %o, 1
        ttl.cb_pop %a, 1
        %y = ttl.cb_wait %a, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
      }
      ttl.cb_pop %a, 1
    }
    ttl.datamovement_thread @mover {
      ttl.cb_reserve %a, 1
      ttl.cb_push %a, 1
    }
    ttl.datamovement_thread @drop {
      ttl.cb_wait %o, 1
      ttl.cb_pop %o, 1
    }
  }
}
