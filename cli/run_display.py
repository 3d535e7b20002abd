"""Progress display of a run: a bar on a terminal, elsewhere a line in the log now and then."""

from __future__ import annotations

import logging
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from nuqleus.database.file_states import FileState
from nuqleus.logs import configure_logs

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuqleus.database.queries.status import Status
    from nuqleus.settings import LogFormat

log = logging.getLogger(__name__)

LINE_SECONDS = 10.0
"""Time between two lines."""


class Display(Protocol):
    """Display of a run's progress."""

    def show(self, status: Status) -> None:
        """Show how things stand now; called a few times a second."""

    def clear(self) -> None:
        """Make room for other output."""


def make_display(log_level: str, log_format: LogFormat = "text") -> Display:
    """What fits stderr."""
    return Bar() if sys.stderr.isatty() else Lines(log_level, log_format)


def pace(status: Status) -> str:
    """Failures, speed and time left, as far as known, each after a comma."""
    parts = []
    if failed := status.counts[FileState.FAILED]:
        parts.append(f"{failed} failed")
    if status.files_per_minute:
        parts.append(f"{status.files_per_minute:.0f} a minute")
    if status.seconds_left:
        parts.append(f"{timedelta(seconds=round(status.seconds_left))} left")
    return "".join(f", {part}" for part in parts)


class Bar:
    """A progress bar while there is something to do. Warnings and errors appear above it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("files{task.fields[pace]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task("", total=None, pace="")
        configure_logs("WARNING")

    def show(self, status: Status) -> None:
        """Draw the bar, if there is something to do."""
        total = sum(status.counts.values())
        if status.ended == total:
            self.clear()
            return
        self._start()
        what = "processing" if status.workers else "loading the network"
        self._progress.update(
            self._task, description=what, completed=status.ended, total=total, pace=pace(status)
        )

    def clear(self) -> None:
        """Take the bar away."""
        if self._progress.live.is_started:
            self._progress.stop()
            configure_logs("WARNING")

    def _start(self) -> None:
        if not self._progress.live.is_started:
            self._progress.start()
            configure_logs("WARNING")  # to the stderr of now, which writes above the bar


class Lines:
    """Lines of progress, one every ten seconds, while there is something to do."""

    def __init__(
        self, log_level: str, log_format: LogFormat = "text", clock: Callable[[], float] = time.monotonic
    ) -> None:
        configure_logs(log_level, log_format=log_format)
        self._clock = clock
        self._due = clock()

    def show(self, status: Status) -> None:
        """Log a line, if it is time for one."""
        total = sum(status.counts.values())
        if status.ended < total and self._clock() >= self._due:
            self._due = self._clock() + LINE_SECONDS
            log.info("%d of %d files have ended%s", status.ended, total, pace(status))

    def clear(self) -> None:
        """Lines need no room."""
