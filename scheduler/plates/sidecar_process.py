"""Sidecar process: a child that reads one sidecar, with limits of memory and time."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from scheduler.plates.sidecar_reader import ChannelDescription, Description
from scheduler.plates.sidecar_xml import SidecarError

COMMAND = (sys.executable, "-m", "scheduler.plates.sidecar_reader")

LARGEST = 512 * 2**20
"""Bytes of a sidecar; an index of 100,000 images has 200 MB."""

SECONDS = 120.0
"""How long reading one may take."""


class SidecarProcess:
    """A child that reads a sidecar; it is ended with this object's `stop`, or when its time is over.

    Args:
        path: the sidecar; a link is not followed.
        clock: seconds from any origin.

    Raises:
        SidecarError: it can't be opened, or is too large.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + SECONDS
        with _opened(path) as file:
            self._output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115
            self._process = subprocess.Popen(
                [*COMMAND, path.name], stdin=file, stdout=self._output, stderr=self._errors
            )

    def poll(self, seconds: float = 0.0) -> Description | None:
        """What it read, once it has ended; None while it is at work.

        Args:
            seconds: how long to wait for it.

        Raises:
            SidecarError: with what is wrong.
        """
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        if self._process.returncode is None and self._clock() < self._end:
            return None
        try:
            return self._result()
        finally:
            self.stop()

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._output.close()
        self._errors.close()

    def _result(self) -> Description:
        if self._process.returncode is None:
            raise SidecarError(f"reading it took more than {SECONDS:.0f} s")
        if self._process.returncode:
            raise SidecarError(self._last_words() or f"its reader ended with {self._process.returncode}")
        self._output.seek(0)
        return _description(json.load(self._output))

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read(10_000).decode(errors="replace").splitlines()
        return lines[-1] if lines else ""


def _description(values: dict[str, Any]) -> Description:
    channels = {key: ChannelDescription(**channel) for key, channel in values.pop("channels").items()}
    return Description(channels=channels, **values)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A descriptor of a sidecar that may be read."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SidecarError(error.strerror or str(error)) from error
    try:
        if os.fstat(file).st_size > LARGEST:
            raise SidecarError(f"it has more than {LARGEST >> 20} MiB")
        yield file
    finally:
        os.close(file)
