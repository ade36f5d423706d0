// RUN: ttl-opt %s | filecheck %s
// RUN: ttl-opt %s --generic | ttl-opt | filecheck %s

ttl.program @distributed(%t: tensor<256x512xf32>, %d: !ttl.dist_tensor<grid=[2,1], shard=[4,4], !ttcore.tile<32x32, bf16>, height_sharded, DRAM>) grid = [8, 8] {
  %whole = ttl.distribute %t : !ttl.dist_tensor<grid=[8,8], shard=[32,64], f32, sharded, L1>
  %local = ttl.extract_shard %whole
  %dealt = ttl.redistribute %whole strategy=interleaved
  %columns = ttl.redistribute %whole strategy=width_sharded {note} : !ttl.dist_tensor<grid=[1,16], shard=[256,32], f32, width_sharded, DRAM>
  ttl.kernel {
    ttl.tile_proc microcores = <reader = datamovement, math = compute> attributes {note} {
      ttl.thread @reader (%local) {
        ttl.dma_barrier
      }
      ttl.thread @math {
      }
    }
  }
}
func.func private @attributes() attributes {config = #ttl.microcore_config<noc0 = datamovement>, strategy = #ttl.distribution_strategy<sharded>, space = #ttl.memory_space<DRAM>, type = #ttcore.supportedDataTypes<bfp_bf8>}

// CHECK:      builtin.module {
// CHECK-NEXT:   ttl.program @distributed(%t: tensor<256x512xf32>, %d: !ttl.dist_tensor<grid=[2,1], shard=[4,4], !ttcore.tile<32x32, bf16>, height_sharded, DRAM>) grid = [8, 8] memory_space = "L1" tiled = true {
// CHECK-NEXT:     %whole = ttl.distribute %t : !ttl.dist_tensor<grid=[8,8], shard=[32,64], f32, sharded, L1>
// CHECK-NEXT:     %local = ttl.extract_shard %whole : tensor<32x64xf32>
// CHECK-NEXT:     %dealt = ttl.redistribute %whole strategy=interleaved : !ttl.dist_tensor<grid=[8,8], shard=[32,64], f32, interleaved, L1>
// CHECK-NEXT:     %columns = ttl.redistribute %whole strategy=width_sharded {note} : !ttl.dist_tensor<grid=[1,16], shard=[256,32], f32, width_sharded, DRAM>
// CHECK-NEXT:     ttl.kernel {
// CHECK-NEXT:       ttl.tile_proc microcores = <reader = datamovement, math = compute> attributes {note} {
// CHECK-NEXT:         ttl.thread @reader (%local) {
// CHECK-NEXT:           ttl.dma_barrier
// CHECK-NEXT:         }
// CHECK-NEXT:         ttl.thread @math {
// CHECK-NEXT:         }
// CHECK-NEXT:       }
// CHECK-NEXT:     }
// CHECK-NEXT:   }
// CHECK-NEXT:   func.func private @attributes() -> () attributes {config = #ttl.microcore_config<noc0 = datamovement>, strategy = #ttl.distribution_strategy<sharded>, space = #ttl.memory_space<DRAM>, type = #ttcore.supportedDataTypes<bfp_bf8>}
// CHECK-NEXT: }
