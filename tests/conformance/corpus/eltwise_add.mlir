// Element-wise addition of two tensors in DRAM: a reader, a compute and a writer thread, blocks of two tiles.
func.func @reader() attributes {ttkernel.thread = #ttkernel.thread<noc>, ttkernel.arg_spec = #ttkernel.arg_spec<rt_args = [<arg_type = buffer_address, operand_index = 0>, <arg_type = buffer_address, operand_index = 1>] ct_args = [<arg_type = cb_port, operand_index = 0>, <arg_type = cb_port, operand_index = 1>]>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %block = arith.constant 2 : i32
  %page = arith.constant 2048 : i32
  %cta_a = arith.constant 3 : i32
  %crta = arith.constant 0 : i32
  %a = ttkernel.get_compile_time_arg_val(0) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %b = ttkernel.get_compile_time_arg_val(1) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %a_addr = ttkernel.get_common_arg_val(%c0) : (index) -> i32
  %b_addr = ttkernel.get_common_arg_val(%c1) : (index) -> i32
  %start = ttkernel.get_arg_val(%c0) : (index) -> index
  %blocks = ttkernel.get_arg_val(%c1) : (index) -> index
  %a_args = ttkernel.TensorAccessorArgs(%cta_a, %crta)
  %b_args = ttkernel.TensorAccessorArgs(prev = %a_args)
  %a_acc = ttkernel.TensorAccessor(%a_args, %a_addr, %page) : (!ttkernel.TensorAccessorArgs, i32, i32) -> !ttkernel.TensorAccessor
  %b_acc = ttkernel.TensorAccessor(%b_args, %b_addr, %page) : (!ttkernel.TensorAccessorArgs, i32, i32) -> !ttkernel.TensorAccessor
  scf.for %i = %c0 to %blocks step %c1 {
    %offset = arith.muli %i, %c2 : index
    %first = arith.addi %start, %offset : index
    ttkernel.cb_reserve_back(%a, %block) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    ttkernel.cb_reserve_back(%b, %block) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    %a_ptr = ttkernel.get_write_ptr(%a) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>) -> i32
    %b_ptr = ttkernel.get_write_ptr(%b) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>) -> i32
    scf.for %t = %c0 to %c2 step %c1 {
      %tile = arith.addi %first, %t : index
      %id = arith.index_cast %tile : index to i32
      %t32 = arith.index_cast %t : index to i32
      %step = arith.muli %t32, %page : i32
      %0 = arith.addi %a_ptr, %step : i32
      %1 = arith.addi %b_ptr, %step : i32
      ttkernel.noc_async_read_tile(%id, %a_acc, %0) : (i32, !ttkernel.TensorAccessor, i32) -> ()
      ttkernel.noc_async_read_tile(%id, %b_acc, %1) : (i32, !ttkernel.TensorAccessor, i32) -> ()
    }
    ttkernel.noc_async_read_barrier() : () -> ()
    ttkernel.cb_push_back(%a, %block) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    ttkernel.cb_push_back(%b, %block) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  }
  return
}
func.func @compute() attributes {ttkernel.thread = #ttkernel.thread<compute>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %block = arith.constant 2 : i32
  %a = ttkernel.get_compile_time_arg_val(0) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %b = ttkernel.get_compile_time_arg_val(1) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %out = ttkernel.get_compile_time_arg_val(2) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %blocks = ttkernel.get_arg_val(%c1) : (index) -> index
  ttkernel.binary_op_init_common(%a, %b, %out) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>) -> ()
  ttkernel.add_tiles_init(%a, %b) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>) -> ()
  scf.for %i = %c0 to %blocks step %c1 {
    ttkernel.cb_wait_front(%a, %block) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    ttkernel.cb_wait_front(%b, %block) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    ttkernel.cb_reserve_back(%out, %block) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    ttkernel.tile_regs_acquire() : () -> ()
    scf.for %t = %c0 to %c2 step %c1 {
      ttkernel.add_tiles(%a, %b, %t, %t, %t) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, index, index, index) -> ()
    }
    ttkernel.tile_regs_commit() : () -> ()
    ttkernel.tile_regs_wait() : () -> ()
    ttkernel.pack_tile_block(%c0, %out, %c2) : (index, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, index) -> ()
    ttkernel.tile_regs_release() : () -> ()
    ttkernel.cb_push_back(%out, %block) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    ttkernel.cb_pop_front(%b, %block) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    ttkernel.cb_pop_front(%a, %block) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  }
  return
}
func.func @writer() attributes {ttkernel.thread = #ttkernel.thread<noc>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %one = arith.constant 1 : i32
  %page = arith.constant 2048 : i32
  %cta = arith.constant 3 : i32
  %crta = arith.constant 0 : i32
  %out = ttkernel.get_compile_time_arg_val(2) : () -> !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>
  %out_addr = ttkernel.get_common_arg_val(%c0) : (index) -> i32
  %start = ttkernel.get_arg_val(%c0) : (index) -> index
  %tiles = ttkernel.get_arg_val(%c1) : (index) -> index
  %out_args = ttkernel.TensorAccessorArgs(%cta, %crta) cta_expr = "tensor_accessor::detail::get_tensor_accessor_args_cta_offset<2, 3>()"
  %out_acc = ttkernel.TensorAccessor(%out_args, %out_addr, %page) : (!ttkernel.TensorAccessorArgs, i32, i32) -> !ttkernel.TensorAccessor
  scf.for %i = %c0 to %tiles step %c1 {
    ttkernel.cb_wait_front(%out, %one) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
    %ptr = ttkernel.get_read_ptr(%out) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>) -> i32
    %tile = arith.addi %start, %i : index
    ttkernel.noc_async_write_tile(%tile, %out_acc, %ptr) : (index, !ttkernel.TensorAccessor, i32) -> ()
    ttkernel.noc_async_write_barrier() : () -> ()
    ttkernel.cb_pop_front(%out, %one) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32) -> ()
  }
  return
}
