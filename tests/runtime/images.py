# SPDX-License-Identifier: Apache-2.0
"""An image of a program that several tests use; its kernels need not run."""

from dataclasses import replace

from ttlang.hardware.data_formats import DataType
from ttlang.language.data import Layout, Memory
from ttlang.language.tensors import TensorSpec
from ttlang.runtime.image import BufferImage, KernelImage, ProgramImage, TensorImage


def an_image(**changes) -> ProgramImage:
    """Reader, compute and writer on 2 x 3 cores; `out` is written and is not the last argument."""
    words = (0, 1, 2, 2048, 2, 2048)
    lines = {3: ("kernel.py", 10, 5), 4: ("helpers.py", 2, 1)}
    spec = TensorSpec((64, 96), DataType.bf16, Layout.TILE, Memory.DRAM)
    image = ProgramImage(
        name="copy",
        arch="wormhole_b0",
        grid=(2, 3),
        cores=(2, 3),
        metal_version="0.81",
        math_fidelity="HiFi2",
        fp32_dest_acc=True,
        dst_full_sync=False,
        buffers=(
            BufferImage("a_cb", 0, "Float16_b", 2048, 4, 110592),
            BufferImage("out_cb", 1, "Float32", 4096, 2, 118784),
        ),
        tensors=(TensorImage("out", spec, True), TensorImage("a", spec, False)),
        kernels=(
            KernelImage("read", "reader", "// read\n", lines, words, (1,)),
            KernelImage("add", "compute", "// add\n", {}, words, (), (((1, 2), (7, 8)),), None, (1,)),
            KernelImage("write", "writer", "// write\n", {}, words, (0,)),
        ),
        semaphores=(0, 3),
    )
    return replace(image, **changes)


def a_split_image() -> ProgramImage:
    """The same, with the reader on the first column of cores and its buffer there, the writer on the second."""
    image = an_image()
    reader, compute, writer = image.kernels
    kernels = replace(reader, cores=(0, 0, 0, 2)), compute, replace(writer, cores=(1, 0, 1, 2))
    buffers = replace(image.buffers[0], core_ranges=((0, 0, 0, 0), (0, 1, 0, 2))), image.buffers[1]
    return replace(image, kernels=kernels, buffers=buffers)
