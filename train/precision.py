"""The number format of the matrix products: what this hardware is really faster with."""

from __future__ import annotations

import time

import torch

from train.errors import OptionError

# Casting costs time around every product, so bf16 must win the bare product by a margin.
WORTHWHILE = 1.5


def choose(asked: str, device: str) -> str:
    """`fp32`, `bf16` or `fp16` for `--precision` on a `cpu` or `cuda` device.

    On a CPU `auto` measures a product of BERT's shape.
    Processor flags do not answer the question: some that list avx512_bf16 multiply bf16 at four times the
    speed of fp32, others at two thirds of it.
    """
    on_gpu = device == "cuda"
    if asked == "fp16" and not on_gpu:
        raise OptionError("--precision fp16 needs a GPU; use bf16, fp32 or auto")
    if asked == "bf16" and on_gpu and not torch.cuda.is_bf16_supported():
        raise OptionError("--precision bf16 is not supported by this GPU; use fp16, fp32 or auto")
    if asked != "auto":
        return asked
    if on_gpu:
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    return "bf16" if _product_seconds(torch.float32) / _product_seconds(torch.bfloat16) > WORTHWHILE else "fp32"


def _product_seconds(dtype: torch.dtype) -> float:
    a = torch.ones(2048, 384, dtype=dtype)
    b = torch.ones(384, 1536, dtype=dtype)
    seconds = []
    for _ in range(6):  # the first ones warm up
        start = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - start)
    return min(seconds)
