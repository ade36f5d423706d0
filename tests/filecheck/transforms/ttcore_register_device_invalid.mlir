// RUN: ttl-opt %s -p ttcore-register-device --split-input-file --verify-diagnostics

ttl.program @wide() grid = [9, 1] {
  // expected-error @below {{a grid of 9x1 cores does not fit wormhole_b0, which has 8x8 of them}}
  ttl.kernel {
  }
}

// -----

ttl.program @prime() grid = [67] {
  // expected-error @below {{a grid of 67 cores does not fit wormhole_b0, which has 8x8 of them}}
  ttl.kernel {
  }
}

// -----

// expected-error @below {{unknown chip 'grayskull'; known: wormhole_b0, blackhole}}
ttl.program @unknown() grid = [1] attributes {arch = "grayskull"} {
}
