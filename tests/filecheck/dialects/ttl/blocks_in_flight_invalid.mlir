// Blocks in flight that do not exist.
// RUN: ttl-opt %s --split-input-file --verify-diagnostics

func.func @behind_the_end(%cb: !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 2, L1>) {
  ttl.datamovement_thread {
    %two = arith.constant 2 : index
    // expected-error @below {{there is no block behind 2 others in a buffer of 2}}
    %b = ttl.cb_reserve %cb, 1 ahead %two : !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>
  }
  func.return
}

// -----

func.func @odd(%cb: !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 3, L1>) {
  ttl.datamovement_thread {
    // expected-error @below {{2 blocks at a time do not divide the 3 of the buffer: some would not lie in a row}}
    ttl.cb_push %cb, 2
  }
  func.return
}

// -----

func.func @compute(%cb: !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 4, L1>) {
  ttl.compute_thread {
    // expected-error @below {{'ttl.cb_wait' op}}
    ttl.cb_wait %cb, 2
  }
  func.return
}

// -----

func.func @other_shape(%cb: !ttl.cb<[2,2], !ttcore.tile<32x32, f32>, 4, L1>) {
  ttl.datamovement_thread {
    // expected-error @below {{is no block of}}
    %b = ttl.cb_wait %cb, 8 : !ttl.block<tensor<2x4x!ttcore.tile<32x32, f32>>>
  }
  func.return
}

// -----

func.func @too_large_an_id(%acc: !ttl.accessor<tensor<1x1x!ttcore.tile<32x32, f32>>, #ttl.layout<tiled, interleaved>, DRAM>, %cb: !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 3, L1>) {
  ttl.datamovement_thread {
    %id = arith.constant 16 : index
    // expected-error @below {{a transaction is 1 to 15, got 16}}
    ttl.dma_barrier read transaction %id
  }
  func.return
}

// -----

func.func @writes(%id: index) {
  ttl.datamovement_thread {
    // expected-error @below {{only reads have transactions: write ttl.dma_barrier read transaction %id}}
    ttl.dma_barrier write transaction %id
  }
  func.return
}

// -----

func.func @reads() {
  ttl.datamovement_thread {
    // expected-error @below {{only writes are sent: write ttl.dma_barrier write sent}}
    ttl.dma_barrier read sent
  }
  func.return
}

// -----

func.func @from_a_block(%one: !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>, %other: !ttl.block<tensor<1x1x!ttcore.tile<32x32, f32>>>, %id: index) {
  ttl.datamovement_thread {
    // expected-error @below {{only reads of tensors into blocks have a transaction}}
    %t = ttl.copy %one, %other transaction %id
  }
  func.return
}
