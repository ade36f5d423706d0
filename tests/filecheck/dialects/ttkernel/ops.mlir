// The text of ops whose form is their own.

// CHECK: func.func @forms
func.func @forms(%cb : !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, %i : index, %n : i32, %noc : !ttkernel.noc_addr) {
  %zero = arith.constant 0 : i32
  // CHECK: %args = ttkernel.TensorAccessorArgs(%zero, %zero)
  %args = ttkernel.TensorAccessorArgs(%zero, %zero)
  // CHECK-NEXT: %next = ttkernel.TensorAccessorArgs(prev = %args)
  %next = ttkernel.TensorAccessorArgs(prev = %args)
  // CHECK-NEXT: %expr = ttkernel.TensorAccessorArgs(%n, %zero) cta_expr = "4"
  %expr = ttkernel.TensorAccessorArgs(%n, %zero) cta_expr = "4"
  // CHECK-NEXT: %x = ttkernel.my_logical_x_ : () -> index
  %x = ttkernel.my_logical_x_ : () -> index
  // CHECK-NEXT: ttkernel.pack_tile(%i, %cb, %i, false) : (index, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, index) -> ()
  ttkernel.pack_tile(%i, %cb, %i, false) : (index, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, index) -> ()
  // CHECK-NEXT: ttkernel.typecast_tile(%i, <bf16>, <f32>) : (index) -> ()
  ttkernel.typecast_tile(%i, <bf16>, <f32>) : (index) -> ()
  // CHECK-NEXT: ttkernel.logical_not_tile(%i) {dtype = #ttcore.supportedDataTypes<f32>} : (index) -> ()
  ttkernel.logical_not_tile(%i) {dtype = #ttcore.supportedDataTypes<f32>} : (index) -> ()
  // CHECK-NEXT: ttkernel.noc_semaphore_inc(%noc, %i) posted true : (!ttkernel.noc_addr, index) -> ()
  ttkernel.noc_semaphore_inc(%noc, %i) posted true : (!ttkernel.noc_addr, index) -> ()
  // CHECK-NEXT: ttkernel.dprint("x = {}", %n) : (i32) -> ()
  ttkernel.dprint("x = {}", %n) : (i32) -> ()
  // CHECK-NEXT: "ttkernel.mm_block_init_short"(%cb, %cb, %n, %n, %n, %n)
  "ttkernel.mm_block_init_short"(%cb, %cb, %n, %n, %n, %n) : (!ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, !ttkernel.cb<4, !ttcore.tile<32x32, bf16>>, i32, i32, i32, i32) -> ()
  func.return
}
