"""Drawing process, seen from the page: it is asked, waited for as long as it works, and ended if it doesn't answer."""

import os
import selectors
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web.messages import DrawingMessage, pack, unpack

BUSY_SECONDS = 30.0
"""Processor seconds that a picture may take: those of other programs, on a machine that is busy, count for nothing."""

LONGEST_SECONDS = 180.0
"""Seconds that it may take all the same: a drive may not answer."""

IDLE_SECONDS = 20.0
"""Seconds that it may take without any of a processor: on the busiest machine, only a drive keeps it from working."""

SILENT_SECONDS = 10.0
"""A drive that didn't answer isn't asked again for so long: nobody waits for it meanwhile."""

END_SECONDS = 1.0
"""What a process may take to end; one that waits for a drive can't, until the drive answers."""

POLL_SECONDS = 1.0

KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "TMPDIR")
"""All that the process knows of its surroundings: no password, no token."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class TimeLimits:
    """How long an answer may take.

    Attributes:
        busy_seconds: of a processor.
        longest_seconds: however little of a processor it gets.
        idle_seconds: without any of a processor.
    """

    busy_seconds: float = BUSY_SECONDS
    longest_seconds: float = LONGEST_SECONDS
    idle_seconds: float = IDLE_SECONDS


def processor_seconds(pid: int) -> float | None:
    """Return the processor seconds that a process has taken; None where the system doesn't tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class ProcessLost(Exception):  # noqa: N818
    """The process ended, or took too long and was ended."""


class DriveSilent(ProcessLost):
    """The process waits for a drive that doesn't answer."""

    def __str__(self) -> str:
        return "The drive that its file lies on doesn't answer. The picture comes when it does."


class _Ended(ProcessLost):
    """The process ended by itself, or said nonsense."""


class Limit:
    """How long a process is waited for.

    Args:
        pid: the process.
        limits: how long.
    """

    def __init__(self, pid: int, limits: TimeLimits) -> None:
        self._pid = pid
        self._worked = processor_seconds(pid)
        self._busy_until = (self._worked or 0.0) + limits.busy_seconds
        self._until = time.monotonic() + limits.longest_seconds
        self._idle_seconds = limits.idle_seconds
        self._idle_until = time.monotonic() + limits.idle_seconds

    def poll_seconds(self) -> float:
        """Seconds until it is worth to look again."""
        return max(0.0, min(POLL_SECONDS, min(self._until, self._idle_until) - time.monotonic()))

    def check(self) -> None:
        """Look whether it takes too long.

        Raises:
            TimeoutError: it does.
            DriveSilent: it waits for a drive.
        """
        worked, now = processor_seconds(self._pid), time.monotonic()
        if worked is None or worked != self._worked:
            self._worked, self._idle_until = worked, now + self._idle_seconds
        if now >= self._until or (worked or 0.0) > self._busy_until:
            raise TimeoutError
        if now >= self._idle_until:
            raise DriveSilent


class DrawingProcess:
    """A process that draws, started when there is something to draw, and again after it ended.

    Args:
        command: starts it.
        limits: how long it is waited for.
        clock: seconds from any origin, by which a silent drive is left alone.
    """

    def __init__(
        self,
        command: Sequence[str],
        limits: TimeLimits = TimeLimits(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = command
        self._limits = limits
        self._clock = clock
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stuck: subprocess.Popen[bytes] | None = None
        self._silent_until = float("-inf")

    def ask(self, request: Mapping[str, Any], parts: Sequence[bytes]) -> DrawingMessage:
        """Send a request and wait for the answer; others wait for their turn.

        Raises:
            ProcessLost: there is none.
            DriveSilent: nor can there be, as a drive doesn't answer, or didn't a moment ago.
        """
        message = pack(dict(request), parts)
        with self._turn:
            if self._clock() < self._silent_until:
                raise DriveSilent
            try:
                return self._exchange(message)
            except _Ended:  # perhaps before the request came: it gets a second chance
                return self._exchange(message)
            except DriveSilent:
                self._silent_until = self._clock() + SILENT_SECONDS
                raise

    def _exchange(self, message: bytes) -> DrawingMessage:
        process = self._running()
        limit = Limit(process.pid, self._limits)
        try:
            _write(process, message, limit)
            return unpack(lambda length: _read(process, length, limit))
        except DriveSilent:
            self.end()
            raise
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
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._stuck = self._process
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()
        self._process = None

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self.end()
            if self._stuck and self._stuck.poll() is None:  # another would wait for the same drive
                raise DriveSilent
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
