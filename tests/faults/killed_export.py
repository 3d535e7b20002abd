"""`nuqleus` that is killed at a moment: `python -m tests.faults.killed_export MOMENT COUNT export --output …`.

MOMENT is `row`, when a row has come from the database, or `name`, when a file or folder is about to get its name; it
dies by kill -9 at the COUNT-th.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli.main import main
from nuqleus.database.queries.snapshot import Snapshot


class Countdown:
    def __init__(self, count: int) -> None:
        self._left = count

    def step(self) -> None:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


def after_rows(countdown: Countdown) -> None:
    stream = Snapshot._stream

    def counted(self: Snapshot, query: Any) -> Any:
        for row in stream(self, query):
            countdown.step()
            yield row

    Snapshot._stream = counted  # type: ignore[method-assign]


def before_names(countdown: Countdown) -> None:
    for method in ("replace", "rename"):
        setattr(Path, method, _counted(getattr(Path, method), countdown))


def _counted(method: Callable[..., Any], countdown: Countdown) -> Callable[..., Any]:
    def counted(*args: Any) -> Any:
        countdown.step()
        return method(*args)

    return counted


if __name__ == "__main__":
    moment, count, *arguments = sys.argv[1:]
    {"row": after_rows, "name": before_names}[moment](Countdown(int(count)))
    main(arguments)
