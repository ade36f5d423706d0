// Refusals of tile, fuse and reorder_for_locality that the front end gives no occasion for.
// RUN: ttl-opt %s -p ttl-apply-schedule --split-input-file --verify-diagnostics

module {
  ttl.program @handed_on_in_the_thread(%x: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
    ttl.kernel grid = [1, 1] {
      %x_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %t_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %out_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      ttl.compute_thread @work {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        scf.for %i = %0 to %4 step %1 {
          %a = ttl.cb_wait %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %r = ttl.cb_reserve %t_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          ttl.block_store %r, %a
          ttl.cb_push %t_cb, 1
          ttl.cb_pop %x_cb, 1
          // expected-error @below {{schedule step tile(sizes=(2, 1)): a block of 't_cb' is released elsewhere than in the body that acquires it}}
          %t = ttl.cb_wait %t_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %b = ttl.cb_reserve %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %neg = ttl.block_neg %t : tensor<1x1x!ttcore.tile<32x32, bf16>>
          ttl.block_store %b, %neg
          ttl.cb_push %out_cb, 1
          %yes = arith.cmpi sge, %4, %0 : index
          scf.if %yes {
            ttl.cb_pop %t_cb, 1
          } else {
            ttl.cb_pop %t_cb, 1
          }
        }
      }
      ttl.datamovement_thread @read {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %from = ttl.tensor_accessor %x {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          %a = ttl.cb_reserve %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %from, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %place, %a
          ttl.cb_push %x_cb, 1
        }
      }
      ttl.datamovement_thread @write {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %to = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          %b = ttl.cb_wait %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %to, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %b, %place
          ttl.cb_pop %out_cb, 1
        }
      }
    }
  }
  transform.sequence failures(propagate) {
  ^bb0(%root: !transform.any_op):
    %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
    // expected-note @below {{the step is asked for}}
    %step = transform.ttl.tile %kernel {sizes = array<i64: 2, 1>}
  }
}

// -----

module {
  ttl.program @not_used(%x: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
    ttl.kernel grid = [1, 1] {
      %x_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %t_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %out_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      ttl.compute_thread @work {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        scf.for %i = %0 to %4 step %1 {
          %a = ttl.cb_wait %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          // expected-error @below {{schedule step fuse(): a block of 't_cb' is acquired and not used}}
          %r = ttl.cb_reserve %t_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %sum = ttl.block_add %a, %a : tensor<1x1x!ttcore.tile<32x32, bf16>>
          ttl.block_store %r, %sum
          ttl.cb_push %t_cb, 1
          ttl.cb_pop %x_cb, 1
          ttl.cb_wait %t_cb, 1
          %b = ttl.cb_reserve %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %neg = ttl.block_neg %sum : tensor<1x1x!ttcore.tile<32x32, bf16>>
          ttl.block_store %b, %neg
          ttl.cb_push %out_cb, 1
          ttl.cb_pop %t_cb, 1
        }
      }
      ttl.datamovement_thread @read {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %from = ttl.tensor_accessor %x {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          %a = ttl.cb_reserve %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %from, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %place, %a
          ttl.cb_push %x_cb, 1
        }
      }
      ttl.datamovement_thread @write {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %to = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          %b = ttl.cb_wait %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %to, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %b, %place
          ttl.cb_pop %out_cb, 1
        }
      }
    }
  }
  transform.sequence failures(propagate) {
  ^bb0(%root: !transform.any_op):
    %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
    // expected-note @below {{the step is asked for}}
    %step = transform.ttl.fuse %kernel
  }
}

// -----

module {
  ttl.program @read_while_written(%x: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
    ttl.kernel grid = [1, 1] {
      %x_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %t_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %out_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      ttl.compute_thread @work {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        scf.for %i = %0 to %4 step %1 {
          %a = ttl.cb_wait %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %b = ttl.cb_reserve %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          ttl.block_store %b, %a
          %r = ttl.cb_reserve %t_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %sum = ttl.block_add %b, %a : tensor<1x1x!ttcore.tile<32x32, bf16>>
          // expected-error @below {{schedule step fuse(): the value of 't_cb' is computed from a block that may be stored to again}}
          ttl.block_store %r, %sum
          ttl.cb_push %t_cb, 1
          ttl.cb_pop %x_cb, 1
          %t = ttl.cb_wait %t_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %neg = ttl.block_neg %t : tensor<1x1x!ttcore.tile<32x32, bf16>>
          ttl.block_store %b, %neg
          ttl.cb_push %out_cb, 1
          ttl.cb_pop %t_cb, 1
        }
      }
      ttl.datamovement_thread @read {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %from = ttl.tensor_accessor %x {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          %a = ttl.cb_reserve %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %from, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %place, %a
          ttl.cb_push %x_cb, 1
        }
      }
      ttl.datamovement_thread @write {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %to = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          %b = ttl.cb_wait %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %to, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %b, %place
          ttl.cb_pop %out_cb, 1
        }
      }
    }
  }
  transform.sequence failures(propagate) {
  ^bb0(%root: !transform.any_op):
    %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
    // expected-note @below {{the step is asked for}}
    %step = transform.ttl.fuse %kernel
  }
}

// -----

module {
  ttl.program @popped_in_branches(%x: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
    ttl.kernel grid = [1, 1] {
      %x_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %t_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %out_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      ttl.compute_thread @work {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        scf.for %i = %0 to %4 step %1 {
          %a = ttl.cb_wait %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          // expected-error @below {{schedule step fuse(): a block of 't_cb' is released elsewhere than in the body that acquires it}}
          %r = ttl.cb_reserve %t_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %sum = ttl.block_add %a, %a : tensor<1x1x!ttcore.tile<32x32, bf16>>
          ttl.block_store %r, %sum
          ttl.cb_push %t_cb, 1
          ttl.cb_pop %x_cb, 1
          %t = ttl.cb_wait %t_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %b = ttl.cb_reserve %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %neg = ttl.block_neg %t : tensor<1x1x!ttcore.tile<32x32, bf16>>
          ttl.block_store %b, %neg
          ttl.cb_push %out_cb, 1
          %yes = arith.cmpi sge, %4, %0 : index
          scf.if %yes {
            ttl.cb_pop %t_cb, 1
          } else {
            ttl.cb_pop %t_cb, 1
          }
        }
      }
      ttl.datamovement_thread @read {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %from = ttl.tensor_accessor %x {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          %a = ttl.cb_reserve %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %from, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %place, %a
          ttl.cb_push %x_cb, 1
        }
      }
      ttl.datamovement_thread @write {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %to = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          %b = ttl.cb_wait %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %to, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %b, %place
          ttl.cb_pop %out_cb, 1
        }
      }
    }
  }
  transform.sequence failures(propagate) {
  ^bb0(%root: !transform.any_op):
    %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
    // expected-note @below {{the step is asked for}}
    %step = transform.ttl.fuse %kernel
  }
}

// -----

module {
  ttl.program @taken_in_a_branch(%x: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
    ttl.kernel grid = [1, 1] {
      %x_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %t_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %out_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      ttl.compute_thread @work {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        scf.for %i = %0 to %4 step %1 {
          %yes = arith.cmpi sge, %4, %0 : index
          scf.if %yes {
            // expected-error @below {{schedule step reorder_for_locality(): blocks of 'x_cb' are not taken in a loop as they are filled in one}}
            %a = ttl.cb_wait %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
            %b = ttl.cb_reserve %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
            ttl.block_store %b, %a
            ttl.cb_push %out_cb, 1
            ttl.cb_pop %x_cb, 1
          }
        }
      }
      ttl.datamovement_thread @read {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %from = ttl.tensor_accessor %x {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          %a = ttl.cb_reserve %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %from, %0, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %place, %a
          ttl.cb_push %x_cb, 1
        }
      }
      ttl.datamovement_thread @write {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %to = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          %b = ttl.cb_wait %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %to, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %b, %place
          ttl.cb_pop %out_cb, 1
        }
      }
    }
  }
  transform.sequence failures(propagate) {
  ^bb0(%root: !transform.any_op):
    %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
    // expected-note @below {{the step is asked for}}
    %step = transform.ttl.reorder_for_locality %kernel
  }
}

// -----

module {
  ttl.program @released_in_branches(%x: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>, %out: tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>) grid = [1, 1] memory_space = "L1" tiled = true {
    ttl.kernel grid = [1, 1] {
      %x_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %t_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      %out_cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
      ttl.compute_thread @work {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        scf.for %i = %0 to %4 step %1 {
          %a = ttl.cb_wait %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %b = ttl.cb_reserve %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          ttl.block_store %b, %a
          ttl.cb_push %out_cb, 1
          %yes = arith.cmpi sge, %4, %0 : index
          scf.if %yes {
            ttl.cb_pop %x_cb, 1
          } else {
            ttl.cb_pop %x_cb, 1
          }
        }
      }
      ttl.datamovement_thread @read {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %from = ttl.tensor_accessor %x {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          // expected-error @below {{schedule step reorder_for_locality(): a block of 'x_cb' is released elsewhere than in the body that acquires it}}
          %a = ttl.cb_reserve %x_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %from, %0, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %place, %a
          ttl.cb_push %x_cb, 1
        }
      }
      ttl.datamovement_thread @write {
        %0 = arith.constant 0 : index
        %1 = arith.constant 1 : index
        %4 = arith.constant 4 : index
        %to = ttl.tensor_accessor %out {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
        scf.for %i = %0 to %4 step %1 {
          %b = ttl.cb_wait %out_cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
          %place = ttl.index_accessor %to, %i, %0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
          %tx = ttl.copy %b, %place
          ttl.cb_pop %out_cb, 1
        }
      }
    }
  }
  transform.sequence failures(propagate) {
  ^bb0(%root: !transform.any_op):
    %kernel = transform.structured.match ops{["ttl.kernel"]} in %root
    // expected-note @below {{the step is asked for}}
    %step = transform.ttl.reorder_for_locality %kernel
  }
}
