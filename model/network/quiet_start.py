"""Quiet start of TensorFlow, which writes lines to stderr that no setting turns off, and takes whole devices."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from model.container_limits import count_cores


@contextmanager
def quiet_start() -> Iterator[None]:
    """Turn stderr away for the length of a block: the first import of TensorFlow, and its first operation.

    The lines come from C++, so the file descriptor itself is redirected. If the block raises, what was written is
    shown after all: it may say why. TensorFlow's later warnings are kept to errors.

    Of a graphics processor it takes only the memory that it needs, so that several workers share one. Whoever sets
    `TF_FORCE_GPU_ALLOW_GROWTH` to false gives it all there is.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault(
        "TF_NUM_INTRAOP_THREADS", str(count_cores())
    )  # TensorFlow knows no container's quota
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # read when a device is first used
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as elsewhere:
        os.dup2(elsewhere.fileno(), 2)
        try:
            yield
        except BaseException:
            elsewhere.seek(0)
            os.write(kept, elsewhere.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
