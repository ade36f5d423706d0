// Kernels on parts of the grid: buffers that no core uses at the same time share memory, each data-movement processor of a core has one
// thread, the host's function says where each kernel runs.
// RUN: ttl-opt %s -p ttl-validate,ttl-insert-synchronization,ttl-bufferize,ttl-allocate-circular-buffers,ttl-expand-threads,ttl-assign-dst-registers,ttl-to-ttmetal | filecheck %s

!T = tensor<4x1x!ttcore.tile<32x32, bf16>, #ttl.layout<tiled, interleaved>>
!B = !ttl.block<tensor<1x1x!ttcore.tile<32x32, bf16>>>

// CHECK:      ttmetal.create_local_semaphore
// CHECK:      %all = "ttmetal.create_buffer"() <{address = [[FIRST:[0-9]+]] : i64}>
// CHECK:      %left = "ttmetal.create_buffer"() <{address = [[SECOND:[0-9]+]] : i64}>
// CHECK:      %right = "ttmetal.create_buffer"() <{address = [[FIRST]] : i64}>
// CHECK:      #ttmetal.noc_config<@read, #ttmetal.core_range<0x0, 1x4>
// CHECK-SAME: noc0>
// CHECK-SAME: #ttmetal.noc_config<@send, #ttmetal.core_range<0x0, 1x2>
// CHECK-SAME: noc1>
// CHECK-SAME: #ttmetal.noc_config<@receive, #ttmetal.core_range<0x2, 1x2>
// CHECK-SAME: noc1>
// CHECK:      ttl.kernel core_range = {{\[\[}}0, 0], [1, 0]] attributes {threads = [@send]}
ttl.program @parts(%t: !T) grid = [4, 1] attributes {arch = "wormhole_b0"} {
  %all = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  %left = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  %right = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
  %p = ttl.create_pipe src_core=[0, 0] dst_core=[2, 0]
  ttl.kernel {
    ttl.datamovement_thread @read {
      %i = arith.constant 0 : index
      %acc = ttl.tensor_accessor %t {layout = #ttl.layout<tiled, interleaved>, memspace = DRAM}
      %x = ttl.cb_reserve %all, 1 : !B
      %ref = ttl.index_accessor %acc, %i, %i
      %tx = ttl.copy %ref, %x
      ttl.cb_push %all, 1
    }
  }
  ttl.kernel core_range = [[0, 0], [1, 0]] {
    ttl.datamovement_thread @send {
      %x = ttl.cb_wait %all, 1 : !B
      %y = ttl.cb_reserve %left, 1 : !B
      %tc = ttl.copy %x, %y
      ttl.cb_push %left, 1
      ttl.cb_pop %all, 1
      %z = ttl.cb_wait %left, 1 : !B
      ttl.if_src %p {
        %tx = ttl.copy %z, %p
      }
      ttl.cb_pop %left, 1
    }
  }
  ttl.kernel core_range = [[2, 0], [3, 0]] {
    ttl.datamovement_thread @receive {
      %x = ttl.cb_wait %all, 1 : !B
      ttl.cb_pop %all, 1
      %y = ttl.cb_reserve %right, 1 : !B
      ttl.if_dst %p {
        %tx = ttl.copy %p, %y
        ttl.wait %tx
      }
      ttl.cb_push %right, 1
      ttl.cb_wait %right, 1
      ttl.cb_pop %right, 1
    }
  }
}
