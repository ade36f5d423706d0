// Rows to tiles with the unpacker, and tiles back to rows with the packer.
func.func @tilize() attributes {ttkernel.thread = #ttkernel.thread<compute>} {
  %n2 = arith.constant 2 : i32
  %n2048 = arith.constant 2048 : i32
  %rows = ttkernel.get_compile_time_arg_val(0) : () -> !ttkernel.cb<4096, bf16>
  %tiles = ttkernel.get_compile_time_arg_val(1) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  ttkernel.tilize_init(%rows, %n2, %tiles) : (!ttkernel.cb<4096, bf16>, i32, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>) -> ()
  ttkernel.cb_wait_front(%rows, %n2048) : (!ttkernel.cb<4096, bf16>, i32) -> ()
  ttkernel.cb_reserve_back(%tiles, %n2) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  ttkernel.tilize_block(%rows, %n2, %tiles) : (!ttkernel.cb<4096, bf16>, i32, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>) -> ()
  ttkernel.cb_push_back(%tiles, %n2) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  ttkernel.cb_pop_front(%rows, %n2048) : (!ttkernel.cb<4096, bf16>, i32) -> ()
  ttkernel.tilize_uninit(%rows, %tiles) : (!ttkernel.cb<4096, bf16>, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>) -> ()
  return
}
func.func @untilize() attributes {ttkernel.thread = #ttkernel.thread<compute>} {
  %c0 = arith.constant 0 : index
  %n1 = arith.constant 1 : i32
  %tiles = ttkernel.get_compile_time_arg_val(0) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %rows = ttkernel.get_compile_time_arg_val(1) : () -> !ttkernel.cb<4096, bf16>
  ttkernel.pack_untilize_init(%tiles, %rows) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, !ttkernel.cb<4096, bf16>) -> ()
  ttkernel.cb_wait_front(%tiles, %n1) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  ttkernel.pack_untilize_uninit(%rows) : (!ttkernel.cb<4096, bf16>) -> ()
  ttkernel.cb_pop_front(%tiles, %n1) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  return
}
