// Integer functions of the SFPU in 32-bit DST.
func.func @compute() attributes {ttkernel.thread = #ttkernel.thread<compute>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %n0 = arith.constant 0 : i32
  %n1 = arith.constant 1 : i32
  %n2 = arith.constant 2 : i32
  %n4 = arith.constant 4 : i32
  %a = ttkernel.get_compile_time_arg_val(0) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %b = ttkernel.get_compile_time_arg_val(1) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %out = ttkernel.get_compile_time_arg_val(2) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  ttkernel.init_sfpu(%a, %out) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>) -> ()
  ttkernel.cb_wait_front(%a, %n1) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  ttkernel.cb_wait_front(%b, %n1) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  ttkernel.cb_reserve_back(%out, %n1) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  ttkernel.tile_regs_acquire() : () -> ()
  ttkernel.copy_tile_init(%a) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>) -> ()
  ttkernel.copy_tile(%a, %c0, %c0) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, index, index) -> ()
  ttkernel.copy_tile(%b, %c0, %c1) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, index, index) -> ()
  ttkernel.add_int_tile_init() : () -> ()
  ttkernel.add_int_tile(%c0, %c1, %c0, <si32>) : (index, index, index) -> ()
  ttkernel.mul_int_tile_init(<si32>) : () -> ()
  ttkernel.mul_int_tile(%c0, %c1, %c0, <si32>) : (index, index, index) -> ()
  ttkernel.binary_shift_tile_init() : () -> ()
  ttkernel.binary_left_shift_tile(%c0, %c1, %c0, <si32>) : (index, index, index) -> ()
  ttkernel.logical_not_tile_init() : () -> ()
  ttkernel.logical_not_tile(%c0) {dtype = #ttcore.supportedDataTypes<si32>} : (index) -> ()
  ttkernel.fill_tile_init() : () -> ()
  ttkernel.fill_tile_int(%c1, %n4) : (index, i32) -> ()
  ttkernel.where_tile_init() : () -> ()
  ttkernel.where_tile(%c0, %c1, %c2, %c0, <si32>) : (index, index, index, index) -> ()
  ttkernel.tile_regs_commit() : () -> ()
  ttkernel.tile_regs_wait() : () -> ()
  ttkernel.pack_tile(%c0, %out, %c0, false) : (index, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, index) -> ()
  ttkernel.tile_regs_release() : () -> ()
  ttkernel.cb_push_back(%out, %n1) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  ttkernel.cb_pop_front(%a, %n1) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  ttkernel.cb_pop_front(%b, %n1) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  return
}
