// RUN: ttl-opt %s | filecheck %s
// RUN: ttl-opt %s --generic | ttl-opt | filecheck %s

ttl.kernel grid = [1, 1] {
  %cb = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  ttl.compute_thread {
    %a = ttl.cb_wait %cb, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
    %o = ttl.cb_reserve %cb, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
    %m = ttl.block_matmul %a, %a
    %mt = ttl.block_matmul %a, %m transpose_rhs : tensor<2x2x!ttcore.tile<32x32, bf16>>
    %r = ttl.block_reduce %m kind = sum dims = [1] : tensor<2x1x!ttcore.tile<32x32, bf16>>
    %rs = ttl.block_reduce %m, %r kind = max dims = [0, 1] {note} : tensor<1x1x!ttcore.tile<32x32, bf16>>
    %b = ttl.block_broadcast %r dims = [1] : tensor<2x2x!ttcore.tile<32x32, bf16>>
    %row = ttl.block_add %b, %r
    %t = ttl.block_transpose %r
    %f = ttl.block_fill value = 2.5 : tensor<2x2x!ttcore.tile<32x32, bf16>>
    %low = ttl.block_fill value = 0xFF800000 : tensor<2x2x!ttcore.tile<32x32, bf16>>
    %third = ttl.block_fill value = 0.333333343 : tensor<2x2x!ttcore.tile<32x32, f32>>
    %wide = ttl.block_typecast %f : tensor<2x2x!ttcore.tile<32x32, f32>>
    %mixed = ttl.block_add %wide, %a
    %clamped = ttl.block_clamp %f parameters = [0xFF800000, 6.0]
    %chosen = ttl.block_where %f, %low, %clamped
    ttl.require_dst %chosen
    ttl.block_store %o, %chosen
    ttl.block_store %o, %m acc
  }
}
func.func @bufferized(%a: memref<2x1x!ttcore.tile<32x32, bf16>>, %o: memref<2x1x!ttcore.tile<32x32, bf16>>) {
  ttl.block_compute ins(%a, %a) outs(%o) accumulate {
  ^bb0(%x: !ttcore.tile<32x32, bf16>, %y: !ttcore.tile<32x32, bf16>):
    %s = ttl.block_add %x, %y
    %t = ttl.block_transpose %s
    ttl.yield %t
  }
  ttl.block_compute {
    ttl.yield
  }
  func.return
}

// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.kernel grid = [1, 1] {
// CHECK-NEXT:     %cb = ttl.create_cb shape=[2, 2], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[2,2], !ttcore.tile<32x32, bf16>, 2, L1>
// CHECK-NEXT:     ttl.compute_thread {
// CHECK-NEXT:       %a = ttl.cb_wait %cb, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
// CHECK-NEXT:       %o = ttl.cb_reserve %cb, 4 : !ttl.block<tensor<2x2x!ttcore.tile<32x32, bf16>>>
// CHECK-NEXT:       %m = ttl.block_matmul %a, %a : tensor<2x2x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %mt = ttl.block_matmul %a, %m transpose_rhs : tensor<2x2x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %r = ttl.block_reduce %m kind = sum dims = [1] : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %rs = ttl.block_reduce %m, %r kind = max dims = [0, 1] {note} : tensor<1x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %b = ttl.block_broadcast %r dims = [1] : tensor<2x2x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %row = ttl.block_add %b, %r : tensor<2x2x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %t = ttl.block_transpose %r : tensor<1x2x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %f = ttl.block_fill value = 2.500000e+00 : tensor<2x2x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %low = ttl.block_fill value = 0xff800000 : tensor<2x2x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %third = ttl.block_fill value = 0.333333343 : tensor<2x2x!ttcore.tile<32x32, f32>>
// CHECK-NEXT:       %wide = ttl.block_typecast %f : tensor<2x2x!ttcore.tile<32x32, f32>>
// CHECK-NEXT:       %mixed = ttl.block_add %wide, %a : tensor<2x2x!ttcore.tile<32x32, f32>>
// CHECK-NEXT:       %clamped = ttl.block_clamp %f parameters = [0xff800000, 6.000000e+00] : tensor<2x2x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       %chosen = ttl.block_where %f, %low, %clamped : tensor<2x2x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:       ttl.require_dst %chosen
// CHECK-NEXT:       ttl.block_store %o, %chosen
// CHECK-NEXT:       ttl.block_store %o, %m acc
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT:   func.func @bufferized(%a_1: memref<2x1x!ttcore.tile<32x32, bf16>>, %o_1: memref<2x1x!ttcore.tile<32x32, bf16>>) {
// CHECK-NEXT:     ttl.block_compute ins(%a_1, %a_1) outs(%o_1) accumulate {
// CHECK-NEXT:     ^bb0(%x: !ttcore.tile<32x32, bf16>, %y: !ttcore.tile<32x32, bf16>):
// CHECK-NEXT:       %s = ttl.block_add %x, %y : !ttcore.tile<32x32, bf16>
// CHECK-NEXT:       %t_1 = ttl.block_transpose %s : !ttcore.tile<32x32, bf16>
// CHECK-NEXT:       ttl.yield %t_1
// CHECK-NEXT:     }
// CHECK-NEXT:     ttl.block_compute {
// CHECK-NEXT:       ttl.yield
// CHECK-NEXT:     }
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
