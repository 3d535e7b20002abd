"""Drawing process, seen from the page: it is asked, waited for as long as it works, and ended if it doesn't answer."""

import os
import selectors
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from web.messages import pack, unpack

BUSY_SECONDS = 30.0
"""Processor seconds that a picture may take: those of other programs, on a machine that is busy, count for nothing."""

LONGEST_SECONDS = 180.0
"""Seconds that it may take all the same: a drive may not answer."""

POLL_SECONDS = 1.0

KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "TMPDIR")
"""All that the process knows of its surroundings: no password, no token."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

Answer: TypeAlias = tuple[dict[str, Any], list[bytes]]


class Limit:
    """How long a process is waited for.

    Args:
        pid: the process.
        busy_seconds: of a processor, from now on.
        longest_seconds: seconds, from now on.
    """

    def __init__(self, pid: int, busy_seconds: float, longest_seconds: float) -> None:
        self._pid = pid
        self._busy_until = processor_seconds(pid) + busy_seconds
        self._until = time.monotonic() + longest_seconds

    def poll_seconds(self) -> float:
        """Seconds until it is worth to look again."""
        return max(0.0, min(POLL_SECONDS, self._until - time.monotonic()))

    def check(self) -> None:
        """Look whether it takes too long.

        Raises:
            TimeoutError: it does.
        """
        if time.monotonic() >= self._until or processor_seconds(self._pid) > self._busy_until:
            raise TimeoutError


def processor_seconds(pid: int) -> float:
    """Return the processor seconds that a process has taken; 0 where the system doesn't tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class ProcessLost(Exception):  # noqa: N818
    """The process ended, or took too long and was ended."""


class _Ended(ProcessLost):
    """The process ended by itself, or said nonsense."""


class DrawingProcess:
    """A process that draws, started when there is something to draw, and again after it ended.

    Args:
        command: starts it.
        busy_seconds: processor seconds that an answer may take.
        longest_seconds: seconds that it may take, however little of a processor it gets.
    """

    def __init__(
        self,
        command: Sequence[str],
        busy_seconds: float = BUSY_SECONDS,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        self._command = command
        self._busy_seconds = busy_seconds
        self._longest_seconds = longest_seconds
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
        limit = Limit(process.pid, self._busy_seconds, self._longest_seconds)
        try:
            _write(process, message, limit)
            return unpack(lambda length: _read(process, length, limit))
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


def _write(process: "subprocess.Popen[bytes]", data: bytes, limit: Limit) -> None:
    assert process.stdin
    left = memoryview(data)
    while left:
        _wait(process.stdin.fileno(), selectors.EVENT_WRITE, limit)
        left = left[os.write(process.stdin.fileno(), left[: 1 << 20]) :]


def _read(process: "subprocess.Popen[bytes]", length: int, limit: Limit) -> bytes:
    assert process.stdout
    data = bytearray()
    while len(data) < length:
        _wait(process.stdout.fileno(), selectors.EVENT_READ, limit)
        some = os.read(process.stdout.fileno(), length - len(data))
        if not some:
            raise EOFError
        data += some
    return bytes(data)


def _wait(file: int, event: int, limit: Limit) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(file, event)
        while not selector.select(limit.poll_seconds()):
            limit.check()
