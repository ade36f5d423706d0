// RUN: ttl-opt %s | filecheck %s
// RUN: ttl-opt %s --generic | ttl-opt | filecheck %s

ttl.program @two_kernels(%a: tensor<8x8x!ttcore.tile<32x32, bf16>>, %o: tensor<8x8x!ttcore.tile<32x32, bf16>>) grid = [8, 8] memory_space = "DRAM" tiled = true attributes {arch = "wormhole_b0"} {
  %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2, memory_space=L1
  ttl.kernel @left (%a, %o) grid = [8, 8] core_range = [[0, 0], [3, 7]] memory_space = "DRAM" tiled = true attributes {python_source_file = "kernel.py", python_source_line = 12} {
    ttl.compute_thread @math (%cb) microcore "MATH" attributes {note} {
    }
    ttl.datamovement_thread @reader microcore "NOC0" {
      %x, %y = ttl.core_index(dims = 2)
      %n = ttl.grid_size(dims = 1)
    }
    ttl.datamovement_thread {
    }
  }
  ttl.kernel core_range = [[4, 0], [7, 7]] {
  } -> (index)
}
ttl.program @empty() grid = [4] {
}

// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.program @two_kernels(%a: tensor<8x8x!ttcore.tile<32x32, bf16>>, %o: tensor<8x8x!ttcore.tile<32x32, bf16>>) grid = [8, 8] memory_space = "DRAM" tiled = true attributes {arch = "wormhole_b0"} {
// CHECK-NEXT:     %cb = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2 : !ttl.cb<[1,1], !ttcore.tile<32x32, bf16>, 2, L1>
// CHECK-NEXT:     ttl.kernel @left (%a, %o) grid = [8, 8] core_range = {{\[\[}}0, 0], [3, 7]] memory_space = "DRAM" tiled = true attributes {python_source_file = "kernel.py", python_source_line = 12 : i64} {
// CHECK-NEXT:       ttl.compute_thread @math (%cb) microcore "MATH" attributes {note} {
// CHECK-NEXT:       }
// CHECK-NEXT:       ttl.datamovement_thread @reader microcore "NOC0" {
// CHECK-NEXT:         %x, %y = ttl.core_index(dims = 2)
// CHECK-NEXT:         %n = ttl.grid_size(dims = 1)
// CHECK-NEXT:       }
// CHECK-NEXT:       ttl.datamovement_thread {
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:     %0 = ttl.kernel core_range = {{\[\[}}4, 0], [7, 7]] {
// CHECK-NEXT:     } -> (index)
// CHECK-NEXT:   }
// CHECK-NEXT:   ttl.program @empty() grid = [4] memory_space = "L1" tiled = true {
// CHECK-NEXT:   }
// CHECK-NEXT: }
