// Control flow, arithmetic and types of a function whose calls are EmitC: rows leave their headers behind.
// RUN: ttl-opt %s -p convert-arith-scf-to-emitc --split-input-file --verify-diagnostics | filecheck %s

// CHECK:      "emitc.func"() <{sym_name = "read"
// CHECK:        [[CB:%.*]] = "emitc.constant"() <{value = #emitc.opaque<"get_compile_time_arg_val(0)">}> : () -> ui32
// CHECK:        [[X:%.*]] = emitc.call_opaque "get_absolute_logical_x"() : () -> ui32
// CHECK:        "emitc.for"(%{{.*}}) ({
// CHECK-NEXT:   bb0([[I:%.*]]: ui32):
// CHECK-NEXT:     [[AT:%.*]] = "emitc.mul"([[I]], [[X]]) : (ui32, ui32) -> ui32
// CHECK-NEXT:     emitc.call_opaque "cb_wait_front"([[CB]], [[AT]]) : (ui32, ui32) -> ()
// CHECK:          "emitc.if"
// CHECK:            "emitc.verbatim"(%{{.*}}) <{value = "ASSERT({} && {{.*}});"}> : (i1) -> ()
// CHECK:      }) {thread = "noc", headers = ["debug/assert.h"]}
// CHECK-NOT:  ttl.row
func.func @read() attributes {thread = "noc"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %cb = "emitc.constant"() <{value = #emitc.opaque<"get_compile_time_arg_val(0)">}> {ttl.row = "get_compile_time_arg_val", ttl.row_attributes = ["0"]} : () -> ui32
  %x = emitc.call_opaque "get_absolute_logical_x"() {ttl.row = "my_logical_x_"} : () -> index
  scf.for %i = %c0 to %c4 step %c1 {
    %at = arith.muli %i, %x : index
    emitc.call_opaque "cb_wait_front"(%cb, %at) {ttl.row = "cb_wait_front"} : (ui32, index) -> ()
    %less = arith.cmpi ult, %at, %c4 : index
    scf.if %less {
      "emitc.verbatim"(%less) <{value = "ASSERT({} && \22far\22);"}> {ttl.row = "assert", ttl.row_attributes = ["far"]} : (i1) -> ()
    }
  }
  func.return
}

// -----

func.func @other_processor() attributes {thread = "compute"} {
  // expected-error @+1 {{'noc_async_read_barrier' runs in noc threads, but this thread is a compute thread}}
  emitc.call_opaque "noc_async_read_barrier"() {ttl.row = "noc_async_read_barrier"} : () -> ()
  func.return
}

// -----

func.func @not_lowered(%a: !ttl.cb<[2,1], !ttcore.tile<32x32, bf16>, 2, L1>) attributes {ttl.thread = "compute"} {
  func.return
}

// -----

func.func @half_lowered() attributes {thread = "compute"} {
  // expected-error @+1 {{'ttl.core_index' cannot stand in a kernel that becomes C++}}
  %x, %y = ttl.core_index(dims = 2)
  func.return
}
