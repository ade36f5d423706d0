// Indices count the buffers; addresses are first fit; buffers whose lifetimes do not overlap share memory.
// RUN: ttl-opt %s -p ttl-allocate-circular-buffers --split-input-file | filecheck %s

// a is over when the compute thread begins with b, and b before c: all three lie at one place. d is filled by another
// thread, which may begin with it at once.
// CHECK-LABEL: ttl.program @phases
// CHECK: %a = ttl.create_cb {{.*}} {cb_index = 0 : i32, address = [[BASE:[0-9]+]] : i64, size = 8192 : i64}
// CHECK: %b = ttl.create_cb {{.*}} {cb_index = 1 : i32, address = [[BASE]] : i64, size = 8192 : i64}
// CHECK: %c = ttl.create_cb {{.*}} {cb_index = 2 : i32, address = [[BASE]] : i64, size = 4096 : i64}
// CHECK-NOT: address = [[BASE]]
ttl.program @phases() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %c = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %d = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread {
      %lb = arith.constant 0 : index
      %ub = arith.constant 4 : index
      %step = arith.constant 1 : index
      scf.for %i = %lb to %ub step %step {
        ttl.cb_wait %a, 2
        ttl.cb_pop %a, 2
      }
      scf.for %i = %lb to %ub step %step {
        ttl.cb_reserve %b, 2
        ttl.cb_push %b, 2
      }
      ttl.cb_wait %d, 1
      ttl.cb_pop %d, 1
    }
    ttl.datamovement_thread @in {
      %lb = arith.constant 0 : index
      %ub = arith.constant 4 : index
      %step = arith.constant 1 : index
      scf.for %i = %lb to %ub step %step {
        ttl.cb_reserve %a, 2
        ttl.cb_push %a, 2
      }
      ttl.cb_reserve %d, 1
      ttl.cb_push %d, 1
      ttl.cb_wait %c, 1
      ttl.cb_pop %c, 1
    }
    ttl.datamovement_thread @out {
      %lb = arith.constant 0 : index
      %ub = arith.constant 4 : index
      %step = arith.constant 1 : index
      scf.for %i = %lb to %ub step %step {
        ttl.cb_wait %b, 2
        ttl.cb_pop %b, 2
      }
      ttl.cb_reserve %c, 1
      ttl.cb_push %c, 1
    }
  }
}

// -----

// Not balanced: the reader makes one block more than is taken, so a is never certainly over.
// CHECK-LABEL: ttl.program @unbalanced
// CHECK: %a = ttl.create_cb {{.*}} address = [[BASE:[0-9]+]] : i64
// CHECK-NOT: address = [[BASE]]
ttl.program @unbalanced() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    %b = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.compute_thread {
      ttl.cb_wait %a, 2
      ttl.cb_pop %a, 2
      ttl.cb_reserve %b, 2
      ttl.cb_push %b, 2
    }
    ttl.datamovement_thread @in {
      ttl.cb_reserve %a, 2
      ttl.cb_push %a, 2
      ttl.cb_reserve %a, 2
      ttl.cb_push %a, 2
    }
    ttl.datamovement_thread @out {
      ttl.cb_wait %b, 2
      ttl.cb_pop %b, 2
    }
  }
}

// -----

// Addresses are aligned for transfers from DRAM; block formats have odd sizes.
// CHECK-LABEL: ttl.program @aligned
// CHECK: address = 105824 : i64, size = 1088 : i64
// CHECK: address = 106912 : i64, size = 4096 : i64
// CHECK: address = 111008 : i64, size = 128 : i64
ttl.program @aligned() grid = [1, 1] {
  ttl.kernel {
    %a = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bfp_bf8>, buffer_factor=1
    %b = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=1
    %rows = ttl.create_cb shape=[2, 16], tile_type=i16, buffer_factor=2
    ttl.compute_thread {
    }
  }
}
