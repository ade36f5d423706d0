// Coordinates and sizes of a known grid fold; a coordinate is known where the kernel has one core along its dimension.
// RUN: ttl-opt %s -p ttl-canonicalize --split-input-file --allow-unregistered-dialect | filecheck %s


ttl.program @p() grid = [1, 8] {
  ttl.kernel {
    ttl.datamovement_thread {
      %x, %y = ttl.core_index(dims = 2)
      %w, %h = ttl.grid_size(dims = 2)
      %all = ttl.grid_size(dims = 1)
      %a, %b, %c = ttl.grid_size(dims = 3)
      "use"(%x, %y, %w, %h, %all, %c) : (index, index, index, index, index, index) -> ()
    }
  }
}

// -----

// The kernel's grid hides that of the program; the last of fewer dims takes in the rest.
ttl.program @p() grid = [8, 8] {
  ttl.kernel grid = [2, 3, 4] {
    ttl.datamovement_thread {
      %w, %h = ttl.grid_size(dims = 2)
      "use"(%w, %h) : (index, index) -> ()
    }
  }
}

// -----

// A kernel on one column of the program's grid, and one on a single core.
ttl.program @p() grid = [8, 8] {
  ttl.kernel core_range = [[3, 0], [3, 7]] {
    ttl.datamovement_thread {
      %x, %y = ttl.core_index(dims = 2)
      "use"(%x, %y) : (index, index) -> ()
    }
  }
  ttl.kernel core_range = [[5, 2], [5, 2]] {
    ttl.datamovement_thread {
      %flat = ttl.core_index(dims = 1)
      %x, %y, %z = ttl.core_index(dims = 3)
      "use"(%flat, %x, %y, %z) : (index, index, index, index) -> ()
    }
  }
}

// -----

// Without a grid nothing is known.
%x, %y = ttl.core_index(dims = 2)
%w = ttl.grid_size(dims = 1)
"use"(%x, %y, %w) : (index, index, index) -> ()

// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.program @p() grid = [1, 8] memory_space = "L1" tiled = true {
// CHECK-NEXT:     ttl.kernel {
// CHECK-NEXT:       ttl.datamovement_thread {
// CHECK-NEXT:         %x = arith.constant 0 : index
// CHECK-NEXT:         %x_1, %y = ttl.core_index(dims = 2)
// CHECK-NEXT:         %w = arith.constant 1 : index
// CHECK-NEXT:         %h = arith.constant 8 : index
// CHECK-NEXT:         "use"(%x, %y, %w, %h, %h, %w) : (index, index, index, index, index, index) -> ()
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.program @p() grid = [8, 8] memory_space = "L1" tiled = true {
// CHECK-NEXT:     ttl.kernel grid = [2, 3, 4] {
// CHECK-NEXT:       ttl.datamovement_thread {
// CHECK-NEXT:         %w = arith.constant 2 : index
// CHECK-NEXT:         %h = arith.constant 12 : index
// CHECK-NEXT:         "use"(%w, %h) : (index, index) -> ()
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.program @p() grid = [8, 8] memory_space = "L1" tiled = true {
// CHECK-NEXT:     ttl.kernel core_range = {{\[\[}}3, 0], [3, 7]] {
// CHECK-NEXT:       ttl.datamovement_thread {
// CHECK-NEXT:         %x = arith.constant 3 : index
// CHECK-NEXT:         %x_1, %y = ttl.core_index(dims = 2)
// CHECK-NEXT:         "use"(%x, %y) : (index, index) -> ()
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:     ttl.kernel core_range = {{\[\[}}5, 2], [5, 2]] {
// CHECK-NEXT:       ttl.datamovement_thread {
// CHECK-NEXT:         %flat = arith.constant 21 : index
// CHECK-NEXT:         %x_2 = arith.constant 5 : index
// CHECK-NEXT:         %y_1 = arith.constant 2 : index
// CHECK-NEXT:         %z = arith.constant 0 : index
// CHECK-NEXT:         "use"(%flat, %x_2, %y_1, %z) : (index, index, index, index) -> ()
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
// CHECK:      builtin.module {
// CHECK-NEXT:   %x, %y = ttl.core_index(dims = 2)
// CHECK-NEXT:   %w = ttl.grid_size(dims = 1)
// CHECK-NEXT:   "use"(%x, %y, %w) : (index, index, index) -> ()
// CHECK-NEXT: }
