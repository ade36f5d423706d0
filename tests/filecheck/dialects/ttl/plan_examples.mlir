// Every textual example of TTL in the design plan, `...` filled in; the text of the plan stands above each.
// RUN: ttl-opt %s --split-input-file | filecheck %s

// Section 5.3: granularity is the shape of a circular buffer.
%cb = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32,f32>, buffer_factor=2
      : !ttl.cb<[2,1], !ttcore.tile<32x32,f32>, 2, L1>

// -----

// Section 5.5: control flow is that of the scf dialect, with attributes.
func.func @control_flow(%cb: !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 2, L1>, %c0: index, %c1: index, %N: index) {
  scf.for %i = %c0 to %N step %c1 {
    ttl.cb_wait %cb, 1
  } {ttl.grid = #ttl.grid<[2, 2]>}

  %core = ttl.core_index(dims = 1)
  %cond = arith.cmpi eq, %core, %c0 : index
  scf.if %cond {
    ttl.cb_pop %cb, 1
  } {ttl.core_mask = #ttl.core_mask<[0]>}
  func.return
}

// -----

// Section 6.1: the types. The plan writes `!ttl.block<tensor<2x1x!ttcore.tile>>` and `!ttl.accessor<layout, memspace>`.
func.func private @types(
  !ttl.cb<[2,1], !ttcore.tile<32x32,f32>, 2, L1>,
  !ttl.block<tensor<2x1x!ttcore.tile<32x32, f32>>>,
  !ttl.mem_tx,
  !ttl.semaphore,
  !ttl.pipe<[0, 0] -> [1, 3]>,
  !ttl.accessor<tensor<64x64x!ttcore.tile<32x32, bf16>>, #ttl.layout<tiled, interleaved>, DRAM>
) -> ()

// -----

// Section 6.2: circular buffers, tiles and blocks.
func.func @compute(%a_cb: !ttl.cb<[2,1], !ttcore.tile<32x32, f32>, 2, L1>,
                   %b_cb: !ttl.cb<[2,1], !ttcore.tile<32x32, f32>, 2, L1>,
                   %a_blk: tensor<2x1x!ttcore.tile<32x32, f32>>, %b_blk: tensor<2x1x!ttcore.tile<32x32, f32>>,
                   %c0: index, %c1: index) {
  ttl.cb_wait %a_cb, 2
  ttl.cb_wait %b_cb, 2
  %tile0 = ttl.get_tile %a_cb, %c0
  %tile1 = ttl.get_tile %a_cb, %c1
  %result = ttl.block_add %a_blk, %b_blk
  func.return
}

// -----

// Section 6.2: transfers.
func.func @transfer(%input: tensor<64x64x!ttcore.tile<32x32, f32>>,
                    %cb: !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 2, L1>, %row: index, %col: index) {
  %accessor = ttl.tensor_accessor %input {layout = #ttl.layout<tiled, interleaved>, memspace = L1}
  %idx = ttl.index_accessor %accessor, %row, %col
  %tx = ttl.copy %idx, %cb
  ttl.wait %tx
  func.return
}

// -----

// Section 6.2: multicast.
func.func @multicast(%block: !ttl.block<tensor<2x1x!ttcore.tile<32x32, f32>>>) {
  %pipe = ttl.create_pipe src_core=[0,0] dst_core_range=[[0,0],[1,3]]
  %tx = ttl.copy %block, %pipe
  ttl.wait %tx
  func.return
}

// -----

// Section 9.1: the microcore model.
ttl.kernel grid=[8, 8] {
  ttl.compute_thread microcore "MATH" { }
}
ttl.kernel grid=[8, 8] {
  ttl.tile_proc microcores = <noc0 = datamovement, noc1 = datamovement, math = compute> {
    ttl.thread @noc0 {
      ttl.dma_barrier
    }
    ttl.thread @math { }
  }
}

// -----

// Section 9.4: distributed tensors.
func.func @distributed_matmul(
    %A: !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>,
    %B: !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>
) -> !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1> {
  ttl.kernel grid=[8,8] {
    %a_local = ttl.extract_shard %A
    %b_local = ttl.extract_shard %B
    ttl.compute_thread {
    }
    %B_redistributed = ttl.redistribute %B strategy=interleaved
  }
  func.return %A : !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>
}

// -----

// Section 9.5: the program that a schedule is applied to.
builtin.module {
  func.func @matmul() {
    ttl.kernel {
      ttl.compute_thread { }
      ttl.datamovement_thread { }
    }
    func.return
  }
}

// CHECK:      builtin.module {
// CHECK-NEXT:   %cb = ttl.create_cb shape=[2, 1], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2 : !ttl.cb<[2,1], !ttcore.tile<32x32, f32>, 2, L1>
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @control_flow(%cb: !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 2, L1>, %c0: index, %c1: index, %N: index) {
// CHECK-NEXT:     scf.for %i = %c0 to %N step %c1 {
// CHECK-NEXT:       ttl.cb_wait %cb, 1
// CHECK-NEXT:     } {ttl.grid = #ttl.grid<[2, 2]>}
// CHECK-NEXT:     %core = ttl.core_index(dims = 1)
// CHECK-NEXT:     %cond = arith.cmpi eq, %core, %c0 : index
// CHECK-NEXT:     scf.if %cond {
// CHECK-NEXT:       ttl.cb_pop %cb, 1
// CHECK-NEXT:     }{ttl.core_mask = #ttl.core_mask<[0]>}
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func private @types(!ttl.cb<[2,1], !ttcore.tile<32x32, f32>, 2, L1>, !ttl.block<tensor<2x1x!ttcore.tile<32x32, f32>>>, !ttl.mem_tx, !ttl.semaphore, !ttl.pipe<[0, 0] -> [1, 3]>, !ttl.accessor<tensor<64x64x!ttcore.tile<32x32, bf16>>, #ttl.layout<tiled, interleaved>, DRAM>) -> ()
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @compute(%a_cb: !ttl.cb<[2,1], !ttcore.tile<32x32, f32>, 2, L1>, %b_cb: !ttl.cb<[2,1], !ttcore.tile<32x32, f32>, 2, L1>, %a_blk: tensor<2x1x!ttcore.tile<32x32, f32>>, %b_blk: tensor<2x1x!ttcore.tile<32x32, f32>>, %c0: index, %c1: index) {
// CHECK-NEXT:     ttl.cb_wait %a_cb, 2
// CHECK-NEXT:     ttl.cb_wait %b_cb, 2
// CHECK-NEXT:     %tile0 = ttl.get_tile %a_cb, %c0 : !ttcore.tile<32x32, f32>
// CHECK-NEXT:     %tile1 = ttl.get_tile %a_cb, %c1 : !ttcore.tile<32x32, f32>
// CHECK-NEXT:     %result = ttl.block_add %a_blk, %b_blk : tensor<2x1x!ttcore.tile<32x32, f32>>
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @transfer(%input: tensor<64x64x!ttcore.tile<32x32, f32>>, %cb: !ttl.cb<[1,1], !ttcore.tile<32x32, f32>, 2, L1>, %row: index, %col: index) {
// CHECK-NEXT:     %accessor = ttl.tensor_accessor %input {layout = #ttl.layout<tiled, interleaved>, memspace = L1}
// CHECK-NEXT:     %idx = ttl.index_accessor %accessor, %row, %col : tensor<1x1x!ttcore.tile<32x32, f32>>
// CHECK-NEXT:     %tx = ttl.copy %idx, %cb
// CHECK-NEXT:     ttl.wait %tx
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @multicast(%block: !ttl.block<tensor<2x1x!ttcore.tile<32x32, f32>>>) {
// CHECK-NEXT:     %pipe = ttl.create_pipe src_core=[0, 0] dst_core_range={{\[\[}}0, 0], [1, 3]] : !ttl.pipe<[0, 0] -> {{\[\[}}0, 0], [1, 3]]>
// CHECK-NEXT:     %tx = ttl.copy %block, %pipe
// CHECK-NEXT:     ttl.wait %tx
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.kernel grid = [8, 8] {
// CHECK-NEXT:     ttl.compute_thread microcore "MATH" {
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT:   ttl.kernel grid = [8, 8] {
// CHECK-NEXT:     ttl.tile_proc microcores = <noc0 = datamovement, noc1 = datamovement, math = compute> {
// CHECK-NEXT:       ttl.thread @noc0 {
// CHECK-NEXT:         ttl.dma_barrier
// CHECK-NEXT:       }
// CHECK-NEXT:       ttl.thread @math {
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @distributed_matmul(%A: !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>, %B: !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>) -> !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1> {
// CHECK-NEXT:     ttl.kernel grid = [8, 8] {
// CHECK-NEXT:       %a_local = ttl.extract_shard %A : tensor<32x32xf32>
// CHECK-NEXT:       %b_local = ttl.extract_shard %B : tensor<32x32xf32>
// CHECK-NEXT:       ttl.compute_thread {
// CHECK-NEXT:       }
// CHECK-NEXT:       %B_redistributed = ttl.redistribute %B strategy=interleaved : !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, interleaved, L1>
// CHECK-NEXT:     }
// CHECK-NEXT:     func.return %A : !ttl.dist_tensor<grid=[8,8], shard=[32,32], f32, sharded, L1>
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @matmul() {
// CHECK-NEXT:     ttl.kernel {
// CHECK-NEXT:       ttl.compute_thread {
// CHECK-NEXT:       }
// CHECK-NEXT:       ttl.datamovement_thread {
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
