// RUN: ttl-opt %s | filecheck %s
// RUN: ttl-opt %s --generic | ttl-opt | filecheck %s

func.func @trace(%i: index, %x: f32, %ok: i1, %blk: !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>) {
  ttl.assert %ok, "i must be \"small\"\n"
  ttl.print "i = ", %i, ", x = ", %x format ".3f"
  ttl.print %blk
  ttl.print %i, %i, "!"
  ttl.print "plain"
  ttl.signpost "load"
  ttl.signpost "load" end {note}
  func.return
}

// CHECK:      builtin.module {
// CHECK-NEXT:   func.func @trace(%i: index, %x: f32, %ok: i1, %blk: !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>) {
// CHECK-NEXT:     ttl.assert %ok, "i must be \22small\22\0A"
// CHECK-NEXT:     ttl.print "i = ", %i, ", x = ", %x format ".3f"
// CHECK-NEXT:     ttl.print %blk
// CHECK-NEXT:     ttl.print %i, %i, "!"
// CHECK-NEXT:     ttl.print "plain"
// CHECK-NEXT:     ttl.signpost "load"
// CHECK-NEXT:     ttl.signpost "load" end {note}
// CHECK-NEXT:     func.return
// CHECK-NEXT:   }
// CHECK-NEXT: }
