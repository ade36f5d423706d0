// Steps that are refused: the error is at the op that stands against them, or at the step.
// RUN: ttl-opt %s -p ttl-apply-schedule --split-input-file --verify-diagnostics

ttl.program @copied(%a: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
  ttl.kernel grid = [1, 1] {
    // expected-error @below {{schedule step insert_prefetch(distance=3): 4 blocks in flight do not fit 'cb', which holds 2}}
    %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.datamovement_thread @read {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %a {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_reserve %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %ref, %block
        ttl.wait %t
        ttl.cb_push %cb, 1
      }
    }
    ttl.datamovement_thread @write {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %block, %ref
        ttl.wait %t
        ttl.cb_pop %cb, 1
      }
    }
  }
}
transform.sequence failures(propagate) {
^bb0(%root: !transform.any_op):
  %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
  // expected-note @below {{the step is asked for}}
  %0 = transform.ttl.insert_prefetch %kernel {distance = 3}
}

// -----

// A handle to a loop that is gone.
ttl.program @copied(%a: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
  ttl.kernel grid = [1, 1] {
    %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.datamovement_thread @read {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %a {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_reserve %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %ref, %block
        ttl.wait %t
        ttl.cb_push %cb, 1
      }
    }
    ttl.datamovement_thread @write {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %block, %ref
        ttl.wait %t
        ttl.cb_pop %cb, 1
      }
    }
  }
}
transform.sequence failures(propagate) {
^bb0(%root: !transform.any_op):
  %loops = transform.structured.match ops{["scf.for"]} in %root
  %ahead = transform.ttl.insert_prefetch %loops
  // expected-error @below {{schedule step insert_prefetch(): its handle is to a scf.for that an earlier step has replaced; take the result of that step, or match anew}}
  %again = transform.ttl.insert_prefetch %loops
}

// -----

// Nothing is scheduled after a pass.
ttl.program @copied(%a: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
  ttl.kernel grid = [1, 1] {
    %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.datamovement_thread @read {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %a {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_reserve %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %ref, %block
        ttl.wait %t
        ttl.cb_push %cb, 1
      }
    }
    ttl.datamovement_thread @write {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %block, %ref
        ttl.wait %t
        ttl.cb_pop %cb, 1
      }
    }
  }
}
transform.sequence failures(propagate) {
^bb0(%root: !transform.any_op):
  %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
  %lowered = transform.apply_registered_pass "ttl-validate" to %kernel
  // expected-error @below {{schedule step insert_prefetch(): a pass has run before it: steps of a schedule come first}}
  %0 = transform.ttl.insert_prefetch %kernel
}

// -----

// A pass that does not exist.
ttl.program @copied(%a: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
  ttl.kernel grid = [1, 1] {
    %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.datamovement_thread @read {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %a {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_reserve %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %ref, %block
        ttl.wait %t
        ttl.cb_push %cb, 1
      }
    }
    ttl.datamovement_thread @write {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %block, %ref
        ttl.wait %t
        ttl.cb_pop %cb, 1
      }
    }
  }
}
transform.sequence failures(propagate) {
^bb0(%root: !transform.any_op):
  %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
  // expected-error @below {{schedule step apply_registered_pass(pass_name='ttl-faster'): there is no pass 'ttl-faster'; ttl-opt --list-passes shows those there are}}
  %lowered = transform.apply_registered_pass "ttl-faster" to %kernel
}

// -----

// Matches.
ttl.program @copied(%a: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<8x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
  ttl.kernel grid = [1, 1] {
    %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    ttl.datamovement_thread @read {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %a {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_reserve %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %ref, %block
        ttl.wait %t
        ttl.cb_push %cb, 1
      }
    }
    ttl.datamovement_thread @write {
      %0 = arith.constant 0 : index
      %8 = arith.constant 8 : index
      %1 = arith.constant 1 : index
      %acc = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      scf.for %i = %0 to %8 step %1 {
        %block = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
        %ref = ttl.index_accessor %acc, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
        %t = ttl.copy %block, %ref
        ttl.wait %t
        ttl.cb_pop %cb, 1
      }
    }
  }
}
transform.sequence failures(propagate) {
^bb0(%root: !transform.any_op):
  // expected-error @below {{schedule step match(ops=('ttl.create_cb', 'ttl.create_pipe'), names=('b_cb',)): there is no ttl.create_cb or ttl.create_pipe named 'b_cb'; there is cb}}
  %0 = transform.structured.match ops{["ttl.create_cb", "ttl.create_pipe"]} in %root {names = ["b_cb"]}
}

// -----

// A kernel that nothing says the chip of.
func.func @alone(%a: tensor<8x1x!ttcore.tile<32x32, bf16>>) {
  // expected-error @below {{schedule step schedule_pipeline(): this kernel is in no ttl.program, which says the chip}}
  ttl.kernel {
  }
  func.return
}
transform.sequence failures(propagate) {
^bb0(%root: !transform.any_op):
  %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
  // expected-note @below {{the step is asked for}}
  %0 = transform.ttl.schedule_pipeline %kernel
}
