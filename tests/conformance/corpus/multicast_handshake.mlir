// A sender that waits for its receivers, multicasts a block and raises their flags; and a receiver.
func.func @sender() attributes {ttkernel.thread = #ttkernel.thread<noc>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n1 = arith.constant 1 : i32
  %receivers = arith.constant 3 : i32
  %all = arith.constant 3 : index
  %size = arith.constant 2048 : i32
  %a = ttkernel.get_compile_time_arg_val(0) : () -> !ttkernel.cb<2, !ttcore.tile<32x32, bf16>>
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %x0 = ttkernel.get_arg_val(%c0) : (index) -> index
  %y0 = ttkernel.get_arg_val(%c1) : (index) -> index
  %x1 = ttkernel.get_arg_val(%c2) : (index) -> index
  %y1 = ttkernel.get_arg_val(%c3) : (index) -> index
  %ready = ttkernel.get_semaphore(%c0) : (index) -> !ttkernel.local_semaphore
  %valid = ttkernel.get_semaphore(%c1) : (index) -> !ttkernel.local_semaphore
  %ready_ptr = "ttkernel.reinterpret_cast<volatile tt_l1_ptr uint32_t*>"(%ready) : (!ttkernel.local_semaphore) -> !ttkernel.l1_addr_ptr
  %valid_ptr = "ttkernel.reinterpret_cast<volatile tt_l1_ptr uint32_t*>"(%valid) : (!ttkernel.local_semaphore) -> !ttkernel.l1_addr_ptr
  ttkernel.cb_wait_front(%a, %n1) : (!ttkernel.cb<2, !ttcore.tile<32x32, bf16>>, i32) -> ()
  "ttkernel.experimental::semaphore_wait"(%ready_ptr, %all) : (!ttkernel.l1_addr_ptr, index) -> ()
  ttkernel.noc_semaphore_set(%ready_ptr, %c0) : (!ttkernel.l1_addr_ptr, index) -> ()
  %src = ttkernel.get_read_ptr(%a) : (!ttkernel.cb<2, !ttcore.tile<32x32, bf16>>) -> i32
  %dst = ttkernel.get_noc_multicast_addr(%x0, %y0, %x1, %y1, %src) : (index, index, index, index, i32) -> !ttkernel.noc_addr
  ttkernel.noc_async_write_multicast(%src, %dst, %size, %receivers) : (i32, !ttkernel.noc_addr, i32, i32) -> ()
  ttkernel.noc_async_write_barrier() : () -> ()
  ttkernel.noc_semaphore_set(%valid_ptr, %c1) : (!ttkernel.l1_addr_ptr, index) -> ()
  %flags = ttkernel.get_noc_multicast_addr(%x0, %y0, %x1, %y1, %valid) : (index, index, index, index, !ttkernel.local_semaphore) -> !ttkernel.noc_addr
  ttkernel.noc_semaphore_set_multicast(%valid, %flags, %receivers) : (!ttkernel.local_semaphore, !ttkernel.noc_addr, i32) -> ()
  ttkernel.noc_async_write_barrier() : () -> ()
  ttkernel.cb_pop_front(%a, %n1) : (!ttkernel.cb<2, !ttcore.tile<32x32, bf16>>, i32) -> ()
  return
}
func.func @receiver() attributes {ttkernel.thread = #ttkernel.thread<noc>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n1 = arith.constant 1 : i32
  %a = ttkernel.get_compile_time_arg_val(0) : () -> !ttkernel.cb<2, !ttcore.tile<32x32, bf16>>
  %x = ttkernel.get_arg_val(%c0) : (index) -> index
  %y = ttkernel.get_arg_val(%c1) : (index) -> index
  %ready = ttkernel.get_semaphore(%c0) : (index) -> !ttkernel.local_semaphore
  %valid = ttkernel.get_semaphore(%c1) : (index) -> !ttkernel.local_semaphore
  %valid_ptr = "ttkernel.reinterpret_cast<volatile tt_l1_ptr uint32_t*>"(%valid) : (!ttkernel.local_semaphore) -> !ttkernel.l1_addr_ptr
  ttkernel.cb_reserve_back(%a, %n1) : (!ttkernel.cb<2, !ttcore.tile<32x32, bf16>>, i32) -> ()
  ttkernel.noc_semaphore_set(%valid_ptr, %c0) : (!ttkernel.l1_addr_ptr, index) -> ()
  %sender = ttkernel.get_noc_addr(%x, %y, %ready) : (index, index, !ttkernel.local_semaphore) -> !ttkernel.noc_addr
  ttkernel.noc_semaphore_inc(%sender, %c1) : (!ttkernel.noc_addr, index) -> ()
  ttkernel.noc_async_atomic_barrier() : () -> ()
  "ttkernel.experimental::semaphore_wait"(%valid_ptr, %c1) : (!ttkernel.l1_addr_ptr, index) -> ()
  ttkernel.cb_push_back(%a, %n1) : (!ttkernel.cb<2, !ttcore.tile<32x32, bf16>>, i32) -> ()
  return
}
