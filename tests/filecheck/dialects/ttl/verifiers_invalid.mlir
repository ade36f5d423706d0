// RUN: ttl-opt %s --split-input-file --verify-diagnostics
// The exact messages of all verifiers are in tests/dialects/ttl/test_verifiers.py.

%cb = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
// expected-error @below {{'ttl.cb_wait' op 3 tiles, but a block of !ttl.cb<[2,1], !ttcore.tile<32x32, bf16>, 2, L1> has 2}}
ttl.cb_wait %cb, 3

// -----

ttl.kernel grid = [4, 4] {
  // expected-error @below {{'ttl.create_pipe' op destination core [4, 3] is outside of the grid [4, 4]}}
  %p = ttl.create_pipe src_core=[0, 0] dst_core_range=[[0, 0], [4, 3]]
}

// -----

ttl.compute_thread @math {
  // expected-error @below {{'ttl.dma_barrier' op belongs in a data-movement thread, but stands in the compute thread @math}}
  ttl.dma_barrier
}

// -----

func.func @f(%a: tensor<2x3x!ttcore.tile<32x32, bf16>>, %b: tensor<2x2x!ttcore.tile<32x32, bf16>>) {
  %r = ttl.block_add %a, %b // expected-error {{block shapes [2, 3] and [2, 2] do not broadcast}}
  func.return
}

// -----

// expected-error @below {{a circular buffer cannot live in DST: the hardware has none there, use L1}}
%cb = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2, memory_space=DST

// -----

// expected-error @below {{tile shape 31x32 does not exist}}
func.func private @f(!ttcore.tile<31x32, bf16>) -> ()

// -----

// expected-error @+1 {{there is no op ttl.cb_wiat; did you mean ttl.cb_wait?}}
ttl.cb_wiat
