// Elementwise functions that change nothing; merging, which stores and releases limit.
// RUN: ttl-opt %s -p ttl-canonicalize --split-input-file --allow-unregistered-dialect | filecheck %s

func.func @neutral(%x: tensor<2x1x!ttcore.tile<32x32, bf16>>) {
  %zero = ttl.block_fill value = 0.0 : tensor<2x1x!ttcore.tile<32x32, bf16>>
  %one = ttl.block_fill value = 1.0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
  %low = ttl.block_fill value = 0xFF800000 : tensor<1x1x!ttcore.tile<32x32, bf16>>
  %high = ttl.block_fill value = 0x7F800000 : tensor<1x1x!ttcore.tile<32x32, bf16>>
  %a = ttl.block_add %x, %zero
  %b = ttl.block_add %zero, %a
  %c = ttl.block_sub %b, %zero
  %d = ttl.block_mul %c, %one
  %e = ttl.block_mul %one, %d
  %f = ttl.block_div %e, %one
  %g = ttl.block_pow %f, %one
  %h = ttl.block_max %g, %low
  %i = ttl.block_min %high, %h
  %j = ttl.block_rsub %zero, %i
  "use"(%j) : (tensor<2x1x!ttcore.tile<32x32, bf16>>) -> ()
  func.return
}

// -----

func.func @not_neutral(%x: tensor<1x1x!ttcore.tile<32x32, bf16>>) {
  // 0 - x, 1 / x, and sums that broadcast or convert.
  %zero = ttl.block_fill value = 0.0 : tensor<2x1x!ttcore.tile<32x32, bf16>>
  %wide = ttl.block_fill value = 0.0 : tensor<1x1x!ttcore.tile<32x32, f32>>
  %one = ttl.block_fill value = 1.0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
  %a = ttl.block_sub %zero, %x
  %b = ttl.block_div %one, %x
  %c = ttl.block_add %x, %zero
  %d = ttl.block_add %x, %wide
  "use"(%a, %b, %c, %d) : (tensor<2x1x!ttcore.tile<32x32, bf16>>, tensor<1x1x!ttcore.tile<32x32, bf16>>, tensor<2x1x!ttcore.tile<32x32, bf16>>, tensor<1x1x!ttcore.tile<32x32, f32>>) -> ()
  func.return
}

// -----

func.func @twice(%x: tensor<2x1x!ttcore.tile<32x32, bf16>>) {
  %t = ttl.block_transpose %x
  %tt = ttl.block_transpose %t
  %n = ttl.block_neg %tt
  %nn = ttl.block_neg %n
  %a = ttl.block_abs %nn
  %aa = ttl.block_abs %a
  %r = ttl.block_relu %aa
  %rr = ttl.block_relu %r
  %f = ttl.block_floor %rr
  %ff = ttl.block_floor %f
  %c = ttl.block_typecast %ff : tensor<2x1x!ttcore.tile<32x32, bf16>>
  %w = ttl.block_typecast %c : tensor<2x1x!ttcore.tile<32x32, f32>>
  "use"(%w) : (tensor<2x1x!ttcore.tile<32x32, f32>>) -> ()
  func.return
}

// -----

ttl.kernel grid = [1, 1] {
  %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  %out = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  ttl.compute_thread {
    %x = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
    %o = ttl.cb_reserve %out, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
    // A block may stand for the result while it keeps its contents ...
    %zero = ttl.block_fill value = 0.0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
    %a = ttl.block_add %x, %zero
    %t = ttl.block_transpose %a
    %tt = ttl.block_transpose %t
    %e = ttl.block_exp %tt
    %same = ttl.block_exp %x
    %product = ttl.block_mul %e, %same
    ttl.block_store %o, %product
    // ... but not after a store to it, nor beyond its release.
    %before = ttl.block_add %o, %zero
    %read = ttl.block_exp %o
    ttl.block_store %o, %x
    %after = ttl.block_exp %o
    %sum = ttl.block_add %before, %read
    %sum2 = ttl.block_add %sum, %after
    %late = ttl.block_add %x, %zero
    ttl.cb_pop %cb, 1
    %sum3 = ttl.block_add %sum2, %late
    ttl.block_store %o, %sum3
    ttl.cb_push %out, 1
  }
}

// -----

// Arithmetic stays in its loop: hoisted, it would need a buffer of its own.
func.func @loop(%x: tensor<1x1x!ttcore.tile<32x32, bf16>>, %o: !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %one = ttl.block_fill value = 1.0 : tensor<1x1x!ttcore.tile<32x32, bf16>>
    %s = ttl.block_add %x, %one
    ttl.block_store %o, %s
  }
  func.return
}

// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @neutral(%x: tensor<2x1x!ttcore.tile<32x32, bf16>>) {
// CHECK-NEXT:     "use"(%x) : (tensor<2x1x!ttcore.tile<32x32, bf16>>) -> ()
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @not_neutral(%x: tensor<1x1x!ttcore.tile<32x32, bf16>>) {
// CHECK-NEXT:     %zero = ttl.block_fill value = 0.000000e+00 : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %wide = ttl.block_fill value = 0.000000e+00 : tensor<1x1x!ttcore.tile<32x32, f32>>
// CHECK-NEXT:     %one = ttl.block_fill value = 1.000000e+00 : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %a = ttl.block_sub %zero, %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %b = ttl.block_div %one, %x : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %c = ttl.block_add %x, %zero : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %d = ttl.block_add %x, %wide : tensor<1x1x!ttcore.tile<32x32, f32>>
// CHECK-NEXT:     "use"(%a, %b, %c, %d) : (tensor<2x1x!ttcore.tile<32x32, bf16>>, tensor<1x1x!ttcore.tile<32x32, bf16>>, tensor<2x1x!ttcore.tile<32x32, bf16>>, tensor<1x1x!ttcore.tile<32x32, f32>>) -> ()
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @twice(%x: tensor<2x1x!ttcore.tile<32x32, bf16>>) {
// CHECK-NEXT:     %a = ttl.block_abs %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %r = ttl.block_relu %a : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %f = ttl.block_floor %r : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %w = ttl.block_typecast %f : tensor<2x1x!ttcore.tile<32x32, f32>>
// CHECK-NEXT:     "use"(%w) : (tensor<2x1x!ttcore.tile<32x32, f32>>) -> ()
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.kernel grid = [1, 1] {
// CHECK-NEXT:     %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1>
// CHECK-NEXT:     %out = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1>
// CHECK-NEXT:     ttl.compute_thread {
// CHECK-NEXT:       %x = ttl.cb_wait %cb, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
// CHECK-NEXT:       %o = ttl.cb_reserve %out, 1 : !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>
// CHECK-NEXT:       %zero = ttl.block_fill value = 0.000000e+00 : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %e = ttl.block_exp %x : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %product = ttl.block_mul %e, %e : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       ttl.block_store %o, %product
// CHECK-NEXT:       %before = ttl.block_add %o, %zero : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %read = ttl.block_exp %o : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       ttl.block_store %o, %x
// CHECK-NEXT:       %after = ttl.block_exp %o : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %sum = ttl.block_add %before, %read : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %sum2 = ttl.block_add %sum, %after : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %late = ttl.block_add %x, %zero : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       ttl.cb_pop %cb, 1
// CHECK-NEXT:       %sum3 = ttl.block_add %sum2, %late : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       ttl.block_store %o, %sum3
// CHECK-NEXT:       ttl.cb_push %out, 1
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @loop(%x: tensor<1x1x!ttcore.tile<32x32, bf16>>, %o: !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>, %n: index) {
// CHECK-NEXT:     %c0 = arith.constant 0 : index
// CHECK-NEXT:     %c1 = arith.constant 1 : index
// CHECK-NEXT:     scf.for %i = %c0 to %n step %c1 {
// CHECK-NEXT:       %one = ttl.block_fill value = 1.000000e+00 : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %s = ttl.block_add %x, %one : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       ttl.block_store %o, %s
// CHECK-NEXT:     }
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
