"""Whole files: a file that is written appears under its name when it is complete, or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

LONGEST_NAME = 255
"""Bytes that the name of a file has at most, on nearly all drives."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write what shall be `path` at the end of the `with`; it is removed if that ends by an error.

    What a killed process leaves begins with a dot and ends in `.part`; the next one removes it.

    Raises:
        OSError: it can't be written; always with the name of `path`.
    """
    unfinished = _beside(path, "part")
    with _removed_on_error(unfinished, path):
        _remove(unfinished)
        yield unfinished
        unfinished.replace(path)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """The same for a folder, which is made.

    Where there is one already, it bears another name for a moment, which ends in `.old`: folders can't be replaced.
    """
    unfinished, replaced = _beside(path, "part"), _beside(path, "old")
    with _removed_on_error(unfinished, path):
        _remove(unfinished)
        unfinished.mkdir()
        yield unfinished
        _remove(replaced)
        if path.exists():
            path.rename(replaced)
        unfinished.rename(path)
    _remove(replaced)


def _beside(path: Path, ending: str) -> Path:
    name = f".{path.name}.{ending}"
    if len(os.fsencode(name)) > LONGEST_NAME:  # the file's own may fit
        name = f".{sha256(os.fsencode(path.name)).hexdigest()}.{ending}"
    return path.with_name(name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _removed_on_error(unfinished: Path, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _remove(unfinished)
        is_ours = error.filename is None or Path(os.fsdecode(error.filename)).is_relative_to(unfinished)
        if error.errno is None or not is_ours:
            raise
        # libraries don't name the file whose disk is full, and nobody knows the name that it bears meanwhile
        raise OSError(error.errno, os.strerror(error.errno), os.fspath(path)) from error
    except BaseException:
        _remove(unfinished)
        raise
