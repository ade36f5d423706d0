// RUN: ttl-opt %s --locations | filecheck %s
// RUN: ttl-opt %s --locations --generic | ttl-opt --locations | filecheck %s

#k = loc("kernel.py":3:5)
builtin.module {
ttl.program @p(%a: tensor<8x8x!ttcore.tile<32x32, bf16>> loc("kernel.py":1:12)) grid = [1, 1] {
  %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 loc(#k)
  ttl.kernel {
    ttl.compute_thread {
      ttl.cb_wait %cb, 1 loc("wait"("kernel.py":5:9))
      ttl.cb_pop %cb, 1 loc(fused["kernel.py":6:9, "kernel.py":7:9])
      ttl.cb_wait %cb, 1 loc(fused<"unroll">["kernel.py":6:9, "name"])
      ttl.cb_pop %cb, 1 loc(callsite("helper.py":2:3 at "kernel.py":8:9))
    } loc("kernel.py":4:5)
  } loc("generated")
} loc("kernel.py":1:1)
} loc("module")

// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.program @p(%a: tensor<8x8x!ttcore.tile<32x32, bf16>> loc("kernel.py":1:12)) grid = [1, 1] memory_space = "L1" tiled = true {
// CHECK-NEXT:     %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1> loc("kernel.py":3:5)
// CHECK-NEXT:     ttl.kernel {
// CHECK-NEXT:       ttl.compute_thread {
// CHECK-NEXT:         ttl.cb_wait %cb, 1 loc("wait"("kernel.py":5:9))
// CHECK-NEXT:         ttl.cb_pop %cb, 1 loc(fused["kernel.py":6:9, "kernel.py":7:9])
// CHECK-NEXT:         ttl.cb_wait %cb, 1 loc(fused<"unroll">["kernel.py":6:9, "name"])
// CHECK-NEXT:         ttl.cb_pop %cb, 1 loc(callsite("helper.py":2:3 at "kernel.py":8:9))
// CHECK-NEXT:       } loc("kernel.py":4:5)
// CHECK-NEXT:     } loc("generated")
// CHECK-NEXT:   } loc("kernel.py":1:1)
// CHECK-NEXT: } loc("module")
