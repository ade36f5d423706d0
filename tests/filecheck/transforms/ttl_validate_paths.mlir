// Paths that belong together: ifs of the same condition, and blocks that a turn of a loop hands on to the next.
// RUN: ttl-opt %s -p ttl-validate --split-input-file | filecheck %s

// CHECK-LABEL: ttl.program @same_condition
ttl.program @same_condition() grid = [2, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @math {
      %zero = arith.constant 0 : index
      %x = ttl.core_index(dims = 1)
      %first = arith.cmpi eq, %x, %zero : index
      scf.if %first {
        ttl.cb_wait %a, 1
      }
      %others = arith.cmpi ne, %x, %zero : index
      scf.if %others {
      } else {
        ttl.cb_pop %a, 1
      }
    }
    ttl.datamovement_thread @mover {
      %zero = arith.constant 0 : index
      %x = ttl.core_index(dims = 1)
      %first = arith.cmpi eq, %x, %zero : index
      scf.if %first {
        ttl.cb_reserve %a, 1
        ttl.cb_push %a, 1
      }
    }
  }
}

// -----

// CHECK-LABEL: ttl.program @next_turn
ttl.program @next_turn() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread @math {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c3 = arith.constant 3 : index
      ttl.cb_wait %a, 1
      scf.for %i = %c0 to %c3 step %c1 {
        ttl.cb_pop %a, 1
        ttl.cb_wait %a, 1
      }
      ttl.cb_pop %a, 1
    }
    ttl.datamovement_thread @mover {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c4 = arith.constant 4 : index
      scf.for %i = %c0 to %c4 step %c1 {
        ttl.cb_reserve %a, 1
        ttl.cb_push %a, 1
      }
    }
  }
}
