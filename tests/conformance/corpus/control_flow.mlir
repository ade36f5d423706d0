// Branches with results, loops that carry values, loops that test, and arithmetic of both signs.
func.func @reader() attributes {ttkernel.thread = #ttkernel.thread<noc>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %n0 = arith.constant 0 : i32
  %n1 = arith.constant 1 : i32
  %n3 = arith.constant 3 : i32
  %minus = arith.constant -1 : i32
  %size = arith.constant 64 : i32
  %a = ttkernel.get_compile_time_arg_val(0) : () -> !ttkernel.cb<2, !ttcore.tile<32x32, bf16>>
  %n = ttkernel.get_arg_val(%c0) : (index) -> i32
  %limit = ttkernel.get_arg_val(%c1) : (index) -> i32
  %x = ttkernel.my_x() : () -> index
  %y = ttkernel.my_y() : () -> index
  %ptr = ttkernel.get_write_ptr(%a) : (!ttkernel.cb<2, !ttcore.tile<32x32, bf16>>) -> i32
  %words = "ttkernel.reinterpret_cast<volatile tt_l1_ptr uint32_t*>"(%ptr) : (i32) -> !ttkernel.l1_addr_ptr
  %negative = arith.cmpi slt, %n, %n0 : i32
  %start = scf.if %negative -> (i32) {
    %0 = arith.subi %n0, %n : i32
    scf.yield %0 : i32
  } else {
    scf.yield %n : i32
  }
  %sum:2 = scf.for %i = %c0 to %c2 step %c1 iter_args(%low = %n0, %high = %start) -> (i32, i32) {
    %i32 = arith.index_cast %i : index to i32
    %next = arith.addi %low, %high : i32
    %odd = arith.remsi %high, %n3 : i32
    %is_odd = arith.cmpi eq, %odd, %n1 : i32
    scf.if %is_odd {
      ttkernel.store_to_l1(%next, %words, %i32) : (i32, !ttkernel.l1_addr_ptr, i32) -> ()
    }
    scf.yield %high, %next : i32, i32
  }
  %count = scf.while (%k = %sum#1) : (i32) -> i32 {
    %more = arith.cmpi slt, %k, %limit : i32
    scf.condition(%more) %k : i32
  } do {
  ^bb0(%k: i32):
    %address = arith.addi %ptr, %k : i32
    %from = ttkernel.get_noc_addr(%x, %y, %address) : (index, index, i32) -> !ttkernel.noc_addr
    ttkernel.noc_async_read(%from, %ptr, %size) : (!ttkernel.noc_addr, i32, i32) -> ()
    ttkernel.noc_async_read_barrier() : () -> ()
    %word = ttkernel.load_from_l1(%words, %n0) : (!ttkernel.l1_addr_ptr, i32) -> i32
    %half = arith.shrsi %word, %n1 : i32
    %grows = arith.cmpi sgt, %half, %n1 : i32
    %step = arith.select %grows, %half, %n1 : i32
    %2 = arith.addi %k, %step : i32
    scf.yield %2 : i32
  }
  %last = arith.addi %count, %minus : i32
  %big = arith.cmpi sgt, %last, %n3 : i32
  %small = arith.cmpi slt, %sum#0, %n3 : i32
  %both = arith.andi %big, %small : i1
  scf.if %both {
    ttkernel.cb_push_back(%a, %n1) : (!ttkernel.cb<2, !ttcore.tile<32x32, bf16>>, i32) -> ()
  } else {
    %neither = arith.cmpi eq, %last, %n0 : i32
    scf.if %neither {
      ttkernel.noc_async_write_barrier() : () -> ()
    }
  }
  return
}
