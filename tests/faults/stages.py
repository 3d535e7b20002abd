"""Points at which a process waits until a test lets it go on, so that it can be killed exactly there.

The real code knows nothing of them: wrappers reach them around its calls. A stage is a file in a folder that tests and
processes share; while it exists, whoever reaches the stage says so beside it, and waits.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

CLAIMED = "claimed"
READING = "reading"
BETWEEN = "between two files of a field"
NETWORK = "network"
BEFORE_COMMIT = "before commit"
IN_TRANSACTION = "in transaction"
BEFORE_ACK = "before ack"
BEFORE_QUEUED = "before queued"
BEFORE_SENT = "before sent"
STATISTICS_STORED = "statistics stored"


class Stages:
    """The stages of the processes that share a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def reach(self, stage: str) -> None:
        """In a process: wait here, if a test holds the stage."""
        if self._held(stage).exists():
            self._reached(stage).write_text(str(os.getpid()))
        while self._held(stage).exists():
            time.sleep(0.01)

    def hold(self, stage: str) -> None:
        """In a test: let whoever comes there wait."""
        self._reached(stage).unlink(missing_ok=True)
        self._held(stage).touch()

    def release(self, stage: str) -> None:
        """Let everybody pass."""
        self._held(stage).unlink(missing_ok=True)

    def who_waits(self, stage: str) -> int | None:
        """The process that last came to a held stage."""
        with suppress(OSError, ValueError):
            return int(self._reached(stage).read_text())
        return None

    def _held(self, stage: str) -> Path:
        return self._folder / stage

    def _reached(self, stage: str) -> Path:
        return self._folder / f"{stage} reached"
