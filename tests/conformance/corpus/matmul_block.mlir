// Block matrix product with a K loop that accumulates in L1.
func.func @compute() attributes {ttkernel.thread = #ttkernel.thread<compute>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %z = arith.constant 0 : i32
  %n2 = arith.constant 2 : i32
  %n4 = arith.constant 4 : i32
  %a = ttkernel.get_compile_time_arg_val(0) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %b = ttkernel.get_compile_time_arg_val(1) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %o = ttkernel.get_compile_time_arg_val(2) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %k_tiles = ttkernel.get_arg_val(%c0) : (index) -> index
  "ttkernel.mm_block_init"(%a, %b, %o, %z, %n2, %n2, %n2) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32, i32, i32, i32) -> ()
  ttkernel.cb_reserve_back(%o, %n4) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  scf.for %k = %c0 to %k_tiles step %c1 {
    ttkernel.cb_wait_front(%a, %n4) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    ttkernel.cb_wait_front(%b, %n4) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    ttkernel.tile_regs_acquire() : () -> ()
    "ttkernel.mm_block_init_short"(%a, %b, %z, %n2, %n2, %n2) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32, i32, i32, i32) -> ()
    scf.for %j = %c0 to %c4 step %c1 {
      %x = arith.muli %j, %c4 : index
      ttkernel.matmul_block(%a, %b, %j, %x, %c0, %z, %n2, %n2, %n2) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, index, index, index, i32, i32, i32, i32) -> ()
    }
    ttkernel.tile_regs_commit() : () -> ()
    ttkernel.tile_regs_wait() : () -> ()
    %first = arith.cmpi ne, %k, %c0 : index
    %acc = arith.extui %first : i1 to i32
    ttkernel.pack_reconfig_l1_acc(%acc) : (i32) -> ()
    ttkernel.pack_tile_block(%c0, %o, %c4) : (index, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, index) -> ()
    ttkernel.tile_regs_release() : () -> ()
    ttkernel.cb_pop_front(%a, %n4) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    ttkernel.cb_pop_front(%b, %n4) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  }
  ttkernel.pack_reconfig_l1_acc(%z) : (i32) -> ()
  ttkernel.cb_push_back(%o, %n4) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  return
}
