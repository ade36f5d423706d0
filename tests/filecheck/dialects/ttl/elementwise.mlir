// RUN: ttl-opt %s | filecheck %s
// RUN: ttl-opt %s --generic | ttl-opt | filecheck %s

// One line for each row of the table of elementwise functions; a test compares the two.
func.func @elementwise(%x: tensor<2x1x!ttcore.tile<32x32, bf16>>, %y: tensor<2x1x!ttcore.tile<32x32, bf16>>, %z: tensor<2x1x!ttcore.tile<32x32, bf16>>) {
  %add = ttl.block_add %x, %y
  %sub = ttl.block_sub %x, %y
  %rsub = ttl.block_rsub %x, %y
  %mul = ttl.block_mul %x, %y
  %div = ttl.block_div %x, %y
  %floordiv = ttl.block_floordiv %x, %y
  %mod = ttl.block_mod %x, %y
  %pow = ttl.block_pow %x, %y
  %max = ttl.block_max %x, %y
  %min = ttl.block_min %x, %y
  %lt = ttl.block_lt %x, %y
  %le = ttl.block_le %x, %y
  %gt = ttl.block_gt %x, %y
  %ge = ttl.block_ge %x, %y
  %eq = ttl.block_eq %x, %y
  %ne = ttl.block_ne %x, %y
  %where = ttl.block_where %x, %y, %z
  %mask = ttl.block_mask %x, %y
  %abs = ttl.block_abs %x
  %sign = ttl.block_sign %x
  %square = ttl.block_square %x
  %exp = ttl.block_exp %x
  %exp2 = ttl.block_exp2 %x
  %expm1 = ttl.block_expm1 %x
  %log = ttl.block_log %x
  %log2 = ttl.block_log2 %x
  %log10 = ttl.block_log10 %x
  %log1p = ttl.block_log1p %x
  %sqrt = ttl.block_sqrt %x
  %rsqrt = ttl.block_rsqrt %x
  %cbrt = ttl.block_cbrt %x
  %recip = ttl.block_recip %x
  %floor = ttl.block_floor %x
  %ceil = ttl.block_ceil %x
  %round = ttl.block_round %x
  %trunc = ttl.block_trunc %x
  %frac = ttl.block_frac %x
  %sin = ttl.block_sin %x
  %cos = ttl.block_cos %x
  %tan = ttl.block_tan %x
  %asin = ttl.block_asin %x
  %acos = ttl.block_acos %x
  %atan = ttl.block_atan %x
  %sinh = ttl.block_sinh %x
  %cosh = ttl.block_cosh %x
  %tanh = ttl.block_tanh %x
  %asinh = ttl.block_asinh %x
  %acosh = ttl.block_acosh %x
  %atanh = ttl.block_atanh %x
  %erf = ttl.block_erf %x
  %erfc = ttl.block_erfc %x
  %erfinv = ttl.block_erfinv %x
  %relu = ttl.block_relu %x
  %gelu = ttl.block_gelu %x
  %silu = ttl.block_silu %x
  %sigmoid = ttl.block_sigmoid %x
  %hardsigmoid = ttl.block_hardsigmoid %x
  %softsign = ttl.block_softsign %x
  %tanhshrink = ttl.block_tanhshrink %x
  %selu = ttl.block_selu %x
  %neg = ttl.block_neg %x
  %signbit = ttl.block_signbit %x
  %logical_not = ttl.block_logical_not %x
  %isnan = ttl.block_isnan %x
  %isinf = ttl.block_isinf %x
  %isfinite = ttl.block_isfinite %x
  %relu_max = ttl.block_relu_max %x parameters = [0.5]
  %relu_min = ttl.block_relu_min %x parameters = [0.5]
  %leaky_relu = ttl.block_leaky_relu %x parameters = [0.5]
  %prelu = ttl.block_prelu %x parameters = [0.5]
  %elu = ttl.block_elu %x parameters = [0.5]
  %celu = ttl.block_celu %x parameters = [0.5]
  %hardtanh = ttl.block_hardtanh %x parameters = [0.5, 1.0]
  %clamp = ttl.block_clamp %x parameters = [0.5, 1.0]
  %softplus = ttl.block_softplus %x parameters = [0.5, 1.0]
  %threshold = ttl.block_threshold %x parameters = [0.5, 1.0]
  func.return
}

// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @elementwise(%x: tensor<2x1x!ttcore.tile<32x32, bf16>>, %y: tensor<2x1x!ttcore.tile<32x32, bf16>>, %z: tensor<2x1x!ttcore.tile<32x32, bf16>>) {
// CHECK-NEXT:     %add = ttl.block_add %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %sub = ttl.block_sub %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %rsub = ttl.block_rsub %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %mul = ttl.block_mul %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %div = ttl.block_div %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %floordiv = ttl.block_floordiv %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %mod = ttl.block_mod %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %pow = ttl.block_pow %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %max = ttl.block_max %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %min = ttl.block_min %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %lt = ttl.block_lt %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %le = ttl.block_le %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %gt = ttl.block_gt %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %ge = ttl.block_ge %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %eq = ttl.block_eq %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %ne = ttl.block_ne %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %where = ttl.block_where %x, %y, %z : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %mask = ttl.block_mask %x, %y : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %abs = ttl.block_abs %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %sign = ttl.block_sign %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %square = ttl.block_square %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %exp = ttl.block_exp %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %exp2 = ttl.block_exp2 %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %expm1 = ttl.block_expm1 %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %log = ttl.block_log %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %log2 = ttl.block_log2 %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %log10 = ttl.block_log10 %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %log1p = ttl.block_log1p %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %sqrt = ttl.block_sqrt %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %rsqrt = ttl.block_rsqrt %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %cbrt = ttl.block_cbrt %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %recip = ttl.block_recip %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %floor = ttl.block_floor %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %ceil = ttl.block_ceil %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %round = ttl.block_round %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %trunc = ttl.block_trunc %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %frac = ttl.block_frac %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %sin = ttl.block_sin %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %cos = ttl.block_cos %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %tan = ttl.block_tan %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %asin = ttl.block_asin %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %acos = ttl.block_acos %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %atan = ttl.block_atan %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %sinh = ttl.block_sinh %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %cosh = ttl.block_cosh %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %tanh = ttl.block_tanh %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %asinh = ttl.block_asinh %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %acosh = ttl.block_acosh %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %atanh = ttl.block_atanh %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %erf = ttl.block_erf %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %erfc = ttl.block_erfc %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %erfinv = ttl.block_erfinv %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %relu = ttl.block_relu %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %gelu = ttl.block_gelu %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %silu = ttl.block_silu %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %sigmoid = ttl.block_sigmoid %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %hardsigmoid = ttl.block_hardsigmoid %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %softsign = ttl.block_softsign %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %tanhshrink = ttl.block_tanhshrink %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %selu = ttl.block_selu %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %neg = ttl.block_neg %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %signbit = ttl.block_signbit %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %logical_not = ttl.block_logical_not %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %isnan = ttl.block_isnan %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %isinf = ttl.block_isinf %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %isfinite = ttl.block_isfinite %x : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %relu_max = ttl.block_relu_max %x parameters = [5.000000e-01] : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %relu_min = ttl.block_relu_min %x parameters = [5.000000e-01] : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %leaky_relu = ttl.block_leaky_relu %x parameters = [5.000000e-01] : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %prelu = ttl.block_prelu %x parameters = [5.000000e-01] : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %elu = ttl.block_elu %x parameters = [5.000000e-01] : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %celu = ttl.block_celu %x parameters = [5.000000e-01] : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %hardtanh = ttl.block_hardtanh %x parameters = [5.000000e-01, 1.000000e+00] : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %clamp = ttl.block_clamp %x parameters = [5.000000e-01, 1.000000e+00] : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %softplus = ttl.block_softplus %x parameters = [5.000000e-01, 1.000000e+00] : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     %threshold = ttl.block_threshold %x parameters = [5.000000e-01, 1.000000e+00] : tensor<2x1x!ttcore.tile<32x32, bf16>>
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
