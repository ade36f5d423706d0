# SPDX-License-Identifier: Apache-2.0
"""Embedding lookup: data-movement threads read elements and compute addresses from them.

The table and the result are row-major: a page is a row, and `table[token, :]` is one transfer wherever `token` comes from.
Here it comes from memory: a block of token numbers is copied to the core, and `numbers[0, i]` reads one element of it at run
time. Each core looks up its share of the tokens; no compute thread is needed. A token that the table does
not have is a fault of the run that names this line.

    python examples/embedding_gather.py [--tokens TOKENS] [--vocabulary ROWS] [--size WIDTH]
"""

import argparse
import sys

import ml_dtypes
import numpy as np

import ttlang as ttl


@ttl.kernel(grid="full")
def embedding(tokens, table, out):
    cores = ttl.grid_size(dims=1)
    core = ttl.core(dims=1)
    group, width = tokens.shape[1], table.shape[1]  # tokens come in groups
    groups = tokens.shape[0]
    numbers_cb = ttl.make_circular_buffer_like(tokens, shape=(1, group), buffer_factor=2)
    row_cb = ttl.make_circular_buffer_like(table, shape=(1, width), buffer_factor=8)

    @ttl.datamovement()
    def look_up():
        for g in range(core, groups, cores):
            with numbers_cb.reserve() as numbers:
                ttl.copy(tokens[g, :], numbers).wait()
            with numbers_cb.wait() as numbers:
                for i in range(group):
                    with row_cb.reserve() as row:
                        ttl.copy(table[numbers[0, i], :], row).wait()

    @ttl.datamovement()
    def write():
        for g in range(core, groups, cores):
            for i in range(group):
                with row_cb.wait() as row:
                    ttl.copy(row, out[g * group + i, :]).wait()


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description="embedding lookup")
    parser.add_argument("--tokens", type=int, default=4096)
    parser.add_argument("--vocabulary", type=int, default=8192, help="rows of the table")
    parser.add_argument("--size", type=int, default=1024, help="columns of the table")
    parser.add_argument("--group", type=int, default=32, help="tokens that a core looks up together")
    options = parser.parse_args(argv)

    rng = np.random.default_rng(0)
    shape = (options.vocabulary, options.size)
    table = rng.standard_normal(shape, np.float32).astype(ml_dtypes.bfloat16)
    tokens = rng.integers(0, options.vocabulary, (options.tokens // options.group, options.group), np.uint32)
    out = ttl.tensor(np.zeros((options.tokens, options.size), table.dtype), layout=ttl.ROW_MAJOR)
    report = embedding(ttl.tensor(tokens, layout=ttl.ROW_MAJOR), ttl.tensor(table, layout=ttl.ROW_MAJOR), out)
    title = f"embedding of {options.tokens} tokens, table {options.vocabulary}x{options.size} bfloat16"
    report.check(out.numpy(), table[tokens.reshape(-1)], name=title, tolerance=0.0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
