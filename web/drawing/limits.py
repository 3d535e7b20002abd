"""Limits that the drawing process sets itself before it reads anything."""

import resource
from contextlib import suppress
from pathlib import Path

MAX_MEMORY = 6 * 2**30
"""Bytes of address space: an image of 400 megapixels in 16 bits, and what drawing it takes."""

OOM_SCORE = "900"
"""Linux ends this process before any worker when memory is short."""


def limit_process() -> None:
    """Give up what drawing doesn't need: memory without end, files to write, cores to dump, a controlling terminal."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    for kind, most in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # where the system allows even less
            resource.setrlimit(kind, (most, most))
