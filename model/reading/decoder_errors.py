"""What decoders raise about a bad file → `ImageError`.

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

# they report on stderr what they find wrong in files; here that becomes ImageError, or doesn't matter
for decoder in ("tifffile", "imagecodecs"):
    logging.getLogger(decoder).setLevel(logging.CRITICAL + 1)

# words that decoders use, in lower case
SHORT = ("truncated", "too small", "end of file", "eof", "incomplete", "not enough", "too short")
FOREIGN = ("unsupported", "not supported", "cannot handle", "not implemented")

REASONS = {
    "truncated": "ends too early: the copy was probably interrupted. Copy it again.",
    "unsupported-format": "is stored in a way that can't be read. Save it anew, as an uncompressed TIFF or PNG.",
    "damaged": "is damaged. Copy or save it again.",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn whatever a decoder raises into `ImageError`, and keep its warnings to ourselves.

    Errors of the file system and a lack of memory say nothing about the file, and pass.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (ImageError, MemoryError):
        raise
    except Exception as error:
        if _is_file_system(error):
            raise
        kind = _kind(error)
        raise ImageError(kind, f"{path} {REASONS[kind]} ({_text(error)})") from error


def _is_file_system(error: Exception) -> bool:
    """Tell a failing disk from a decoder's OSError; seeking to a senseless place gives EINVAL."""
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def _kind(error: Exception) -> str:
    text = str(error).lower()
    if isinstance(error, EOFError) or any(word in text for word in SHORT):
        return "truncated"
    if isinstance(error, NotImplementedError | ImportError) or any(word in text for word in FOREIGN):
        return "unsupported-format"
    return "damaged"


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"
