"""Decoder errors: the exceptions of decoders as `ImageError`.

Decoders of damaged files raise nearly everything (SyntaxError, struct.error, KeyError, OSError, errors of their
own) and warn on the way. This is the one place that knows about it.
"""

import errno
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.errors import ImageError

DECODERS = ("tifffile", "imagecodecs", "PIL", "nd2", "liffile", "pylibCZIrw")
"""Packages that log and warn about what they find wrong in files; here that becomes `ImageError`, or doesn't matter."""

# words that decoders use, in lower case
TRUNCATION_WORDS = ("truncated", "too small", "end of file", "eof", "incomplete", "not enough", "too short")
UNSUPPORTED_WORDS = ("unsupported", "not supported", "cannot handle", "not implemented")

ADVICE = {
    "truncated": "ends too early: the copy was probably interrupted. Copy it again.",
    "unsupported-format": "is stored in a way that can't be read. Save it anew, as an uncompressed TIFF or PNG.",
    "damaged": "is damaged. Copy or save it again.",
}


def silence_decoders() -> None:
    """Turn off the logs and warnings of decoders in this process.

    Once, and by the module that warns: `warnings.catch_warnings` swaps the filters of the whole process, and of two
    threads whose blocks overlap, the one that leaves last puts back those of the other.
    """
    for decoder in DECODERS:
        logging.getLogger(decoder).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=rf"({'|'.join(DECODERS)})(\.|$)")


silence_decoders()


@contextmanager
def as_image_error(path: Path) -> Iterator[None]:
    """Translate whatever a decoder raises into `ImageError`.

    Errors of the file system and a lack of memory say nothing about the file, and pass.

    Args:
        path: of the file, to be named.

    Raises:
        ImageError: the file can't be decoded; the kind says why.
    """
    try:
        yield
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        if _is_file_system(error):
            raise
        kind = _kind(error)
        raise ImageError(kind, f"{path} {ADVICE[kind]} ({_quote(error)})") from error


def _is_file_system(error: Exception) -> bool:
    """Tell a failing disk from a decoder's OSError; seeking to a senseless place gives EINVAL."""
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def _kind(error: Exception) -> str:
    text = str(error).lower()
    if isinstance(error, EOFError) or any(word in text for word in TRUNCATION_WORDS):
        return "truncated"
    if isinstance(error, NotImplementedError | ImportError) or any(
        word in text for word in UNSUPPORTED_WORDS
    ):
        return "unsupported-format"
    return "damaged"


def _quote(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"
