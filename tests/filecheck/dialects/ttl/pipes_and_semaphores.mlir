// RUN: ttl-opt %s | filecheck %s
// RUN: ttl-opt %s --generic | ttl-opt | filecheck %s

ttl.kernel grid = [4, 4] {
  %x, %y = ttl.core_index(dims = 2)
  %unicast = ttl.create_pipe src_core=[0, 0] dst_core=[1, 3]
  %multicast = ttl.create_pipe src_core=[0, 0] dst_core_range=[[0, 0], [1, 3]] net=0
  %computed = ttl.create_pipe src_core=[0, %y] dst_core_range=[[%x, 0], [3, %y]] {note}
  %ready = ttl.create_semaphore initial_value=0
  %remote = ttl.create_semaphore initial_value=3 is_remote=true
  ttl.datamovement_thread {
    ttl.if_src %multicast {
      ttl.semaphore_wait %ready, 7 comparison = min
      ttl.semaphore_wait %ready, 4 comparison = equal reset = 0
      ttl.semaphore_wait %ready, %x
    }
    ttl.if_dst %multicast attributes {note} {
      ttl.semaphore_set %ready, 1
      ttl.semaphore_set %ready, %x core = [1, %y]
      ttl.semaphore_set %remote, 1 mcast = [[0, 0], [%x, 3]]
      ttl.semaphore_inc %ready, 1 core = [0, 0]
    }
    %one = ttl.remote_semaphore %ready core = [%x, 2]
    ttl.semaphore_inc %one, 1
    %all = ttl.remote_semaphore %ready mcast = [[0, 0], [3, 3]]
    ttl.semaphore_set %all, 0
  }
}

// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.kernel grid = [4, 4] {
// CHECK-NEXT:     %x, %y = ttl.core_index(dims = 2)
// CHECK-NEXT:     %unicast = ttl.create_pipe src_core=[0, 0] dst_core=[1, 3] : !ttl.pipe<[0, 0] -> [1, 3]>
// CHECK-NEXT:     %multicast = ttl.create_pipe src_core=[0, 0] dst_core_range={{\[\[}}0, 0], [1, 3]] net=0 : !ttl.pipe<[0, 0] -> {{\[\[}}0, 0], [1, 3]]>
// CHECK-NEXT:     %computed = ttl.create_pipe src_core=[0, %y] dst_core_range={{\[\[}}%x, 0], [3, %y]] {note} : !ttl.pipe<[0, ?] -> {{\[\[}}?, 0], [3, ?]]>
// CHECK-NEXT:     %ready = ttl.create_semaphore initial_value=0 : !ttl.semaphore
// CHECK-NEXT:     %remote = ttl.create_semaphore initial_value=3 is_remote=true : !ttl.semaphore<remote>
// CHECK-NEXT:     ttl.datamovement_thread {
// CHECK-NEXT:       ttl.if_src %multicast {
// CHECK-NEXT:         ttl.semaphore_wait %ready, 7 comparison = min
// CHECK-NEXT:         ttl.semaphore_wait %ready, 4 comparison = equal reset = 0
// CHECK-NEXT:         ttl.semaphore_wait %ready, %x
// CHECK-NEXT:       }
// CHECK-NEXT:       ttl.if_dst %multicast attributes {note} {
// CHECK-NEXT:         ttl.semaphore_set %ready, 1
// CHECK-NEXT:         ttl.semaphore_set %ready, %x core = [1, %y]
// CHECK-NEXT:         ttl.semaphore_set %remote, 1 mcast = {{\[\[}}0, 0], [%x, 3]]
// CHECK-NEXT:         ttl.semaphore_inc %ready, 1 core = [0, 0]
// CHECK-NEXT:       }
// CHECK-NEXT:       %one = ttl.remote_semaphore %ready core = [%x, 2]
// CHECK-NEXT:       ttl.semaphore_inc %one, 1
// CHECK-NEXT:       %all = ttl.remote_semaphore %ready mcast = {{\[\[}}0, 0], [3, 3]]
// CHECK-NEXT:       ttl.semaphore_set %all, 0
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT: }
