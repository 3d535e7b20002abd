"""Whole files: a file that is written appears under its name when it is complete, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write what shall be `path` at the end of the `with`; it is removed if that ends by an error.

    What a killed process leaves begins with a dot and ends in `.part`; the next one writes over it.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        yield unfinished
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
