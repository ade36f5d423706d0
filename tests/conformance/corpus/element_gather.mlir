// Tiles picked by the elements of a tile: loads and stores of words of L1, addresses from what was loaded.
func.func @reader() attributes {ttkernel.thread = #ttkernel.thread<noc>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c6 = arith.constant 6 : index
  %n0 = arith.constant 0 : i32
  %n1 = arith.constant 1 : i32
  %n2 = arith.constant 2 : i32
  %n4 = arith.constant 4 : i32
  %n32 = arith.constant 32 : i32
  %n7 = arith.constant 7 : i32
  %n15 = arith.constant 15 : i32
  %n16 = arith.constant 16 : i32
  %tile = arith.constant 1024 : i32
  %bytes = arith.constant 4096 : i32
  %which = ttkernel.get_compile_time_arg_val(0) : () -> !ttkernel.cb<1, !ttcore.tile<32x32, si32>>
  %tiles = ttkernel.get_compile_time_arg_val(1) : () -> !ttkernel.cb<2, !ttcore.tile<32x32, f32>>
  %indices_args = ttkernel.TensorAccessorArgs(%n4, %n0)
  %indices_address = ttkernel.get_common_arg_val(%c0) : (index) -> i32
  %indices = ttkernel.TensorAccessor(%indices_args, %indices_address, %bytes) : (!ttkernel.TensorAccessorArgs, i32, i32) -> !ttkernel.TensorAccessor
  %table_args = ttkernel.TensorAccessorArgs(%n2, %n1)
  %table_address = ttkernel.get_common_arg_val(%c1) : (index) -> i32
  %table = ttkernel.TensorAccessor(%table_args, %table_address, %bytes) : (!ttkernel.TensorAccessorArgs, i32, i32) -> !ttkernel.TensorAccessor
  ttkernel.cb_reserve_back(%which, %n1) : (!ttkernel.cb<1, !ttcore.tile<32x32, si32>>, i32) -> ()
  %block_ptr = ttkernel.get_write_ptr(%which) : (!ttkernel.cb<1, !ttcore.tile<32x32, si32>>) -> i32
  %block_words = "ttkernel.reinterpret_cast<volatile tt_l1_ptr uint32_t*>"(%block_ptr) : (i32) -> !ttkernel.l1_addr_ptr
  ttkernel.noc_async_read_tile(%n0, %indices, %block_ptr) : (i32, !ttkernel.TensorAccessor, i32) -> ()
  ttkernel.noc_async_read_barrier() : () -> ()
  ttkernel.store_to_l1(%n1, %block_words, %n7) : (i32, !ttkernel.l1_addr_ptr, i32) -> ()
  ttkernel.cb_push_back(%which, %n1) : (!ttkernel.cb<1, !ttcore.tile<32x32, si32>>, i32) -> ()
  ttkernel.cb_wait_front(%which, %n1) : (!ttkernel.cb<1, !ttcore.tile<32x32, si32>>, i32) -> ()
  %index_ptr = ttkernel.get_read_ptr(%which) : (!ttkernel.cb<1, !ttcore.tile<32x32, si32>>) -> i32
  %index_words = "ttkernel.reinterpret_cast<volatile tt_l1_ptr uint32_t*>"(%index_ptr) : (i32) -> !ttkernel.l1_addr_ptr
  scf.for %n = %c0 to %c6 step %c1 {
    ttkernel.cb_reserve_back(%tiles, %n1) : (!ttkernel.cb<2, !ttcore.tile<32x32, f32>>, i32) -> ()
    %column = arith.index_cast %n : index to i32
    %tile_column = arith.divui %column, %n32 : i32
    %in_face = arith.andi %column, %n15 : i32
    %right = arith.andi %column, %n16 : i32
    %face = arith.muli %right, %n16 : i32
    %across = arith.addi %in_face, %face : i32
    %first = arith.muli %tile_column, %tile : i32
    %datum = arith.addi %first, %across : i32
    %page = ttkernel.load_from_l1(%index_words, %datum) : (!ttkernel.l1_addr_ptr, i32) -> i32
    %tile_ptr = ttkernel.get_write_ptr(%tiles) : (!ttkernel.cb<2, !ttcore.tile<32x32, f32>>) -> i32
    ttkernel.noc_async_read_tile(%page, %table, %tile_ptr) : (i32, !ttkernel.TensorAccessor, i32) -> ()
    ttkernel.noc_async_read_barrier() : () -> ()
    ttkernel.cb_push_back(%tiles, %n1) : (!ttkernel.cb<2, !ttcore.tile<32x32, f32>>, i32) -> ()
  }
  ttkernel.cb_pop_front(%which, %n1) : (!ttkernel.cb<1, !ttcore.tile<32x32, si32>>, i32) -> ()
  func.return
}
