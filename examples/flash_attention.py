# SPDX-License-Identifier: Apache-2.0
"""Flash attention, forward: online softmax with state that circulates in circular buffers.

Queries, keys and values are (heads, sequence, head dimension). A work item is one block of queries of one head; items
are dealt to all cores. An item goes over the keys once, block by block, and never holds a row of scores: the running
maximum, the running sum and the unnormalised output are blocks that the compute thread takes from a circular buffer
and puts back, rescaled, for the next block of keys. With `--causal`, blocks of keys after the queries are not
even read, the diagonal block gets a mask, and each core takes early and late queries in turn, which evens out the work.

    python examples/flash_attention.py [--size SEQUENCE] [--heads HEADS] [--dim HEAD_DIMENSION] [--causal]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl

BLOCK = 4  # tiles of queries, and of keys, in a block
NEVER = -1e30  # the score of a key that a query must not see
TOLERANCE = 1.5e-2  # relative L2: bfloat16 operands; scores and probabilities are rounded to it


@ttl.kernel(grid="full", fp32_dest_acc=True, math_fidelity="HiFi2")
def attention(q, k, v, mask, out, causal):
    heads, sequence, dim = q.shape
    tiles = dim // 32
    scale = dim**-0.5
    blocks = sequence // (32 * BLOCK)
    items = heads * blocks
    cores = ttl.grid_size(dims=1)
    core = ttl.core(dims=1)
    turns = -(-items // cores)

    q_cb, k_cb, v_cb, out_cb = (ttl.CircularBuffer(shape=(BLOCK, tiles), dtype=q.dtype) for _ in range(4))
    mask_cb = ttl.make_circular_buffer_like(mask, shape=(BLOCK, BLOCK), buffer_factor=1)
    maximum_cb, sum_cb = (ttl.CircularBuffer(shape=(BLOCK, 1), dtype=q.dtype) for _ in range(2))
    acc_cb = ttl.CircularBuffer(shape=(BLOCK, tiles), dtype=q.dtype)

    def place(item, turn):
        """Head and block of queries of an item."""
        block = item % blocks
        return item // blocks, (blocks - 1 - block if causal and turn % 2 else block)

    def attend(queries, diagonal=None):
        """One block of keys and values: update maximum, sum and output."""
        with k_cb.wait() as keys, v_cb.wait() as values:
            scores = queries @ keys.T
            if diagonal is not None:
                scores = scores + diagonal
            with maximum_cb.wait() as before, sum_cb.wait() as total, acc_cb.wait() as acc:
                highest = ttl.math.max(before, ttl.math.reduce_max(scores, dims=[1]))
                with maximum_cb.reserve() as m, sum_cb.reserve() as s, acc_cb.reserve() as o:
                    p = ttl.math.exp(scores - highest)
                    correction = ttl.math.exp(before - highest)
                    m.store(highest)
                    s.store(total * correction + ttl.math.reduce_sum(p, dims=[1]))
                    o.store(acc * correction + p @ values)

    @ttl.compute()
    def compute():
        with mask_cb.wait() as diagonal:
            for turn in range(turns):
                item = core + turn * cores
                if item < items:
                    _, block = place(item, turn)
                    with q_cb.wait() as unscaled:
                        queries = unscaled * scale
                        with maximum_cb.reserve() as m, sum_cb.reserve() as s, acc_cb.reserve() as o:
                            m.store(ttl.math.fill(NEVER))
                            s.store(ttl.math.fill(0))
                            o.store(ttl.math.fill(0))
                        for _ in range(block if causal else blocks):
                            attend(queries)
                        if causal:
                            attend(queries, diagonal)
                    with maximum_cb.wait() as _:
                        pass
                    with sum_cb.wait() as s, acc_cb.wait() as o, out_cb.reserve() as result:
                        result.store(o * ttl.math.recip(s))

    @ttl.datamovement()
    def read():
        with mask_cb.reserve() as diagonal:
            ttl.copy(mask[:, :], diagonal).wait()
        for turn in range(turns):
            item = core + turn * cores
            if item < items:
                head, block = place(item, turn)
                with q_cb.reserve() as queries:
                    ttl.copy(q[head, block * BLOCK : (block + 1) * BLOCK, :], queries).wait()
                for i in range(block + 1 if causal else blocks):
                    rows = slice(i * BLOCK, (i + 1) * BLOCK)
                    with k_cb.reserve() as keys, v_cb.reserve() as values:
                        ttl.copy(k[head, rows, :], keys)
                        ttl.copy(v[head, rows, :], values)

    @ttl.datamovement()
    def write():
        for turn in range(turns):
            item = core + turn * cores
            if item < items:
                head, block = place(item, turn)
                with out_cb.wait() as result:
                    ttl.copy(result, out[head, block * BLOCK : (block + 1) * BLOCK, :]).wait()


def reference(q, k, v, causal):
    scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])
    if causal:
        scores = np.where(np.tri(q.shape[1], dtype=bool), scores, -np.inf)
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return p @ v / p.sum(axis=-1, keepdims=True)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="flash attention, forward")
    parser.add_argument("--size", type=int, default=1024, help="length of the sequence")
    parser.add_argument("--heads", type=int, default=16)
    parser.add_argument("--dim", type=int, default=64, help="dimension of a head")
    parser.add_argument("--causal", action=argparse.BooleanOptionalAction, default=False)
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    shape = (options.heads, options.size, options.dim)
    q, k, v = (rng.standard_normal(shape, np.float32).astype(ml_dtypes.bfloat16) for _ in range(3))
    side = 32 * BLOCK
    mask = np.where(np.tri(side, dtype=bool), 0, NEVER).astype(ml_dtypes.bfloat16)
    out = np.zeros_like(q)
    report = attention(q, k, v, mask, out, options.causal)
    expected = reference(*(array.astype(np.float32) for array in (q, k, v)), options.causal)
    kind = "causal" if options.causal else "full"
    title = f"attention {'x'.join(map(str, shape))} bfloat16, {kind}"
    report.check(out, expected, name=title, tolerance=TOLERANCE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
