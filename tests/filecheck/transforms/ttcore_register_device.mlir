// The chip of a program: the one it names, else that of the option; a grid must fit it.
// RUN: ttl-opt %s -p ttcore-register-device | filecheck %s
// RUN: ttl-opt %s -p ttcore-register-device{arch=blackhole} | filecheck %s --check-prefix OPTION
// RUN: not ttl-opt %s -p ttcore-register-device{arch=grayskull} 2>&1 | filecheck %s --check-prefix UNKNOWN

// CHECK: ttl.program @unnamed() grid = [2, 2] memory_space = "L1" tiled = true attributes {arch = "wormhole_b0"}
// OPTION: ttl.program @unnamed() grid = [2, 2] memory_space = "L1" tiled = true attributes {arch = "blackhole"}
// UNKNOWN: error: unknown chip 'grayskull'; known: wormhole_b0, blackhole
ttl.program @unnamed() grid = [2, 2] {
  ttl.kernel {
    // CHECK: ttl.datamovement_thread {
    // CHECK-NEXT: ttl.dma_barrier
    ttl.datamovement_thread {
      ttl.dma_barrier
    }
  }
}

// CHECK: ttl.program @named() grid = [2, 2] memory_space = "L1" tiled = true attributes {arch = "blackhole"}
// OPTION: ttl.program @named() grid = [2, 2] memory_space = "L1" tiled = true attributes {arch = "blackhole"}
ttl.program @named() grid = [2, 2] attributes {arch = "blackhole"} {
}
