// Constants of unsigned ops, extremes of extremes, truth values that are compared again, what stays.
// RUN: ttl-opt %s -p ttl-canonicalize --split-input-file --allow-unregistered-dialect | filecheck %s

func.func @constants() {
  %c7 = arith.constant 7 : i32
  %c3 = arith.constant 3 : i32
  %q = arith.divui %c7, %c3 : i32
  %r = arith.remui %c7, %c3 : i32
  %qs = arith.divsi %c7, %c3 : i32
  %rs = arith.remsi %c7, %c3 : i32
  %lo = arith.minui %c7, %c3 : i32
  %hi = arith.maxui %c7, %c3 : i32
  %sr = arith.shrui %c7, %c3 : i32
  %up = arith.ceildivui %c7, %c3 : i32
  %below = arith.cmpi ult, %c3, %c7 : i32
  %wide = arith.extui %below : i1 to i32
  "use"(%q, %r, %qs, %rs, %lo, %hi, %sr, %up, %wide) : (i32, i32, i32, i32, i32, i32, i32, i32, i32) -> ()
  func.return
}
// CHECK-LABEL: func.func @constants
// CHECK-NEXT:  %c7 = arith.constant 7 : i32
// CHECK-NEXT:  %c3 = arith.constant 3 : i32
// CHECK-NEXT:  %q = arith.constant 2 : i32
// CHECK-NEXT:  %r = arith.constant 1 : i32
// CHECK-NEXT:  %sr = arith.constant 0 : i32
// CHECK-NEXT:  "use"(%q, %r, %q, %r, %c3, %c7, %sr, %c3, %r)

// -----

func.func @neutral(%x: i32, %i: index) {
  %c1 = arith.constant 1 : i32
  %c0 = arith.constant 0 : i32
  %c4 = arith.constant 4 : index
  %a = arith.divui %x, %c1 : i32
  %b = arith.maxui %a, %c0 : i32
  %c = arith.shrui %b, %c0 : i32
  %product = arith.muli %i, %c4 : index
  %same = arith.divui %product, %c4 : index
  %none = arith.remui %product, %c4 : index
  "use"(%c, %same, %none) : (i32, index, index) -> ()
  func.return
}
// CHECK-LABEL: func.func @neutral(%x: i32, %i: index)
// CHECK:       %none = arith.constant 0 : index
// CHECK-NEXT:  "use"(%x, %i, %none)

// -----

func.func @extremes(%x: index) {
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %a = arith.minsi %x, %c3 : index
  %b = arith.minsi %a, %c5 : index
  %c = arith.maxsi %x, %c5 : index
  %d = arith.maxsi %c, %c3 : index
  %e = arith.minsi %x, %c5 : index
  %tighter = arith.minsi %e, %c3 : index
  "use"(%b, %d, %tighter) : (index, index, index) -> ()
  func.return
}
// CHECK-LABEL: func.func @extremes
// CHECK:       %a = arith.minsi %x, %c3
// CHECK-NEXT:  %c = arith.maxsi %x, %c5
// CHECK-NEXT:  %e = arith.minsi %x, %c5
// CHECK-NEXT:  %tighter = arith.minsi %e, %c3
// CHECK-NEXT:  "use"(%a, %c, %tighter)

// -----

func.func @truth(%x: index, %y: index) {
  %zero = arith.constant 0 : i32
  %true = arith.constant true
  %false = arith.constant false
  %less = arith.cmpi slt, %x, %y : index
  %number = arith.extui %less : i1 to i32
  %again = arith.cmpi ne, %number, %zero : i32
  %opposite = arith.cmpi eq, %number, %zero : i32
  %is = arith.cmpi eq, %less, %true : i1
  %chosen = arith.select %less, %true, %false : i1
  "use"(%again, %opposite, %is, %chosen) : (i1, i1, i1, i1) -> ()
  func.return
}
// CHECK-LABEL: func.func @truth
// CHECK:       %less = arith.cmpi slt, %x, %y : index
// CHECK-NEXT:  %opposite = arith.cmpi sge, %x, %y : index
// CHECK-NEXT:  "use"(%less, %opposite, %less, %less)

// -----

func.func @unknown(%x: i32) {
  // Division by 0, and operands whose sign bit means something else to an unsigned op.
  %zero = arith.constant 0 : i32
  %minus = arith.constant -1 : i32
  %c2 = arith.constant 2 : i32
  %a = arith.divui %c2, %zero : i32
  %b = arith.remui %minus, %c2 : i32
  %c = arith.cmpi ult, %minus, %c2 : i32
  "use"(%a, %b, %c) : (i32, i32, i1) -> ()
  func.return
}
// CHECK-LABEL: func.func @unknown
// CHECK:       arith.divui
// CHECK-NEXT:  arith.remui
// CHECK-NEXT:  arith.cmpi ult

// -----

// A branch on the coordinate of a grid of one column is known, also through its remainder; code that a loop repeats moves out.
ttl.kernel grid = [1, 4] {
  ttl.datamovement_thread {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c8 = arith.constant 8 : index
    %x, %y = ttl.core_index(dims = 2)
    %odd = arith.remui %x, %c2 : index
    %first = arith.cmpi eq, %odd, %c0 : index
    scf.if %first {
      ttl.signpost "taken"
    } else {
      ttl.signpost "not_taken"
    }
    scf.for %i = %c0 to %c8 step %c1 {
      %row = arith.muli %y, %c8 : index
      %at = arith.addi %row, %i : index
      ttl.print "at ", %at
    }
  }
}
// CHECK-LABEL: ttl.kernel
// CHECK-NOT:   not_taken
// CHECK:       ttl.signpost "taken"
// CHECK-NOT:   scf.if
// CHECK:       %row = arith.muli %y, %c8
// CHECK-NEXT:  scf.for
// CHECK-NEXT:  %at = arith.addi %row, %i
