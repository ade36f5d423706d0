// RUN: ttl-opt %s -p ttl-allocate-circular-buffers --split-input-file --verify-diagnostics

ttl.program @overflow() grid = [1, 1] {
  ttl.kernel {
    // expected-note @below {{'small' takes 4096 bytes, made}}
    %small = ttl.create_cb shape=[1, 1], tile_type=!ttcore.tile<32x32, bf16>, buffer_factor=2
    // expected-error @+2 {{the circular buffers of this kernel need 2101248 bytes of L1; a core of wormhole_b0 has 1393312 for them}}
    // expected-note @+1 {{'large' takes 2097152 bytes, made}}
    %large = ttl.create_cb shape=[16, 16], tile_type=!ttcore.tile<32x32, f32>, buffer_factor=2
    ttl.compute_thread {
    }
  }
}
