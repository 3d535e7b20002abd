"""Mixed precision: bfloat16 where the processor multiplies matrices of it, float32 elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import keras

Precision = Literal["float32", "mixed_bfloat16"]
"""Keras' names of its dtype policies; both keep weights and logits in float32."""

CPU_INFO = Path("/proc/cpuinfo")

BFLOAT16_FLAGS = frozenset({"amx_bf16", "bf16"})
"""Processor flags (x86-64, AArch64). With `avx512_bf16` alone, which multiplies vectors, bfloat16 takes 1.6 times as
long as float32; without any, several times."""


def choose_precision(cpu_info: Path = CPU_INFO) -> Precision:
    """Return what is fastest on this processor; float32 where Linux does not describe it."""
    try:
        flags = set(cpu_info.read_text().split())
    except OSError:
        return "float32"
    return "mixed_bfloat16" if flags & BFLOAT16_FLAGS else "float32"


@contextmanager
def computing_in(precision: Precision) -> Iterator[None]:
    """Set the dtype policy of layers that are made within the block."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
