"""Decoders' exceptions and warnings, in threads that read side by side."""

import subprocess
import sys
import warnings
from pathlib import Path
from threading import Barrier, Thread

import pytest

from model.errors import ImageError
from model.reading.decoder_errors import as_image_error

FILE = Path("plate/a.tif")


def test_threads_that_overlap_leave_the_warning_filters_as_they_were():
    """Both are inside at once, and the first to enter is the first to leave."""
    before = list(warnings.filters)
    both_inside, first_left = Barrier(2), Barrier(2)

    def first() -> None:
        with as_image_error(FILE):
            entered.wait()
            both_inside.wait()
        first_left.wait()

    def second() -> None:
        entered.wait()
        with as_image_error(FILE):
            both_inside.wait()
            first_left.wait()

    entered = Barrier(2)
    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert list(warnings.filters) == before


def test_warnings_of_decoders_are_off_and_those_of_others_on():
    code = (
        "import warnings, model.reading\n"
        "for module in ('PIL.PngImagePlugin', 'tifffile.tifffile', 'nd2', 'pillow_like', 'worker.pipeline'):\n"
        "    warnings.warn_explicit(f'from {module}', UserWarning, 'a.py', 1, module)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr

    assert [line.split()[-1] for line in told.splitlines()] == ["pillow_like", "worker.pipeline"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EOFError("gone"), "truncated"),
        (ValueError("image file is truncated (3 bytes not processed)"), "truncated"),
        (NotImplementedError("such tiles"), "unsupported-format"),
        (SyntaxError("not a PNG file"), "damaged"),
        (OSError("broken data stream"), "damaged"),
    ],
)
def test_what_a_decoder_raises_names_the_file_and_the_kind(error: Exception, kind: str):
    with pytest.raises(ImageError, match=r"^plate/a\.tif ") as caught, as_image_error(FILE):
        raise error

    assert caught.value.kind == kind


@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), MemoryError(), ImageError("damaged", "x")]
)
def test_errors_that_say_nothing_of_the_file_pass(error: Exception):
    with pytest.raises(type(error)) as caught, as_image_error(FILE):
        raise error

    assert caught.value is error
