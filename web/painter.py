"""Painter: has pictures drawn by processes that may die of what they read."""

import json
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nuqleus.settings import Settings
from web.messages import pack, unpack

log = logging.getLogger(__name__)

PROCESSES = 2
"""An image is always drawn by the same one of them, which may have it decoded."""

TIMEOUT_SECONDS = 30.0
"""A picture that takes longer isn't drawn."""

REFUSED_SECONDS = 60.0
"""An image that ended its process isn't tried again for so long."""

COMMAND = (sys.executable, "-P", "-m", "web.drawing")

KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "TMPDIR")
"""All that the process knows of its surroundings: no password, no token."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

Answer = tuple[dict[str, Any], list[bytes]]


class PictureProblem(Exception):  # noqa: N818 - of a picture, and of nothing else
    """A picture can't be drawn; the text says why, to a person."""


class Painter:
    """Has pictures drawn.

    Args:
        settings: of the folder.
        clock: seconds from any origin.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        options = {
            "folder": str(settings.input_dir.absolute()),
            "links_may_leave": settings.outside_links,
            "max_pixels": settings.max_pixels,
        }
        command = (*COMMAND, json.dumps(options))
        self._processes = [DrawingProcess(command) for _ in range(PROCESSES)]
        self._clock = clock
        self._refused: dict[int, float] = {}

    def draw(self, image_id: int, request: Mapping[str, Any], parts: Sequence[bytes] = ()) -> bytes:
        """Have a picture of an image drawn.

        Raises:
            PictureProblem: it can't be.
        """
        _, pictures = self._ask(image_id, request, parts)
        if not pictures:
            raise PictureProblem("No picture came.")
        return pictures[0]

    def look_up(self, image_id: int, request: Mapping[str, Any], parts: Sequence[bytes] = ()) -> int:
        """Have a label looked up in a mask.

        Raises:
            PictureProblem: it can't be.
        """
        head, _ = self._ask(image_id, request, parts)
        label = head.get("label")
        return label if isinstance(label, int) else 0

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.end()

    def _ask(self, image_id: int, request: Mapping[str, Any], parts: Sequence[bytes]) -> Answer:
        if self._clock() < self._refused.get(image_id, float("-inf")):
            raise PictureProblem("This image could not be drawn a moment ago.")
        process = self._processes[image_id % len(self._processes)]
        try:
            head, pictures = process.ask({"image_id": image_id, **request}, parts)
        except ProcessLost as error:
            self._refused[image_id] = self._clock() + REFUSED_SECONDS
            log.warning("Image %d can't be drawn: %s", image_id, error)
            raise PictureProblem(f"This image can't be drawn: {error}") from error
        if "problem" in head:
            raise PictureProblem(str(head["problem"])[:500])
        return head, pictures


class ProcessLost(Exception):  # noqa: N818
    """The process ended, or took too long and was ended."""


class _Ended(ProcessLost):
    """The process ended by itself, or said nonsense."""


class DrawingProcess:
    """A process that draws, started when there is something to draw, and again after it ended.

    Args:
        command: starts it.
        timeout: seconds for an answer.
    """

    def __init__(self, command: Sequence[str], timeout: float = TIMEOUT_SECONDS) -> None:
        self._command = command
        self._timeout = timeout
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, request: Mapping[str, Any], parts: Sequence[bytes]) -> Answer:
        """Send a request and wait for the answer; others wait for their turn.

        Raises:
            ProcessLost: there is none.
        """
        message = pack(dict(request), parts)
        with self._turn:
            try:
                return self._exchange(message)
            except _Ended:  # perhaps before the request came: it gets a second chance
                return self._exchange(message)

    def _exchange(self, message: bytes) -> Answer:
        process = self._running()
        deadline = time.monotonic() + self._timeout
        try:
            _write(process, message, deadline)
            return unpack(lambda length: _read(process, length, deadline))
        except TimeoutError:
            self.end()
            raise ProcessLost("it takes too long") from None
        except (OSError, EOFError, ValueError, KeyError):
            self.end()
            raise _Ended("reading it ended the process that draws") from None

    def end(self) -> None:
        """End the process."""
        if self._process:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()
        self._process = None

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self.end()
            known = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=known | ONE_THREAD,
                bufsize=0,
                start_new_session=True,
            )
            assert self._process.stdin
            os.set_blocking(self._process.stdin.fileno(), False)
        return self._process


def _write(process: "subprocess.Popen[bytes]", data: bytes, deadline: float) -> None:
    assert process.stdin
    left = memoryview(data)
    while left:
        _wait(process.stdin.fileno(), selectors.EVENT_WRITE, deadline)
        left = left[os.write(process.stdin.fileno(), left[: 1 << 20]) :]


def _read(process: "subprocess.Popen[bytes]", length: int, deadline: float) -> bytes:
    assert process.stdout
    data = bytearray()
    while len(data) < length:
        _wait(process.stdout.fileno(), selectors.EVENT_READ, deadline)
        some = os.read(process.stdout.fileno(), length - len(data))
        if not some:
            raise EOFError
        data += some
    return bytes(data)


def _wait(file: int, event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(file, event)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise TimeoutError
