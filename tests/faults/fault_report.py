"""What each fault led to, as the tables of docs/reliability.md."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.cluster import FileCounts

FULL = os.environ.get("FAULTS_SIZE") == "full"
"""Whether everything is done as often, and with as many files, as the tables say; else a small part of it."""

FAULTS = (
    *("fault", "on", "times", "files in", "done", "failed", "duplicate"),
    *("duplicate rows", "lost", "seconds to recover"),
)
FIGURES = ("measured", "figure")


@dataclass(frozen=True)
class Fault:
    """What was done to a cluster.

    Attributes:
        what: in words.
        on: the database, or what else matters.
        times: how often.
        seconds: from the fault (of several: the longest time) until every file had ended.
    """

    what: str
    on: str
    times: int
    seconds: float


class FaultReport:
    """Rows in the order in which they were written; saved after each, so that one that fails costs no other.

    Args:
        path: gets the tables; None: nobody wants them.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._faults: list[Sequence[object]] = []
        self._figures: list[Sequence[object]] = []

    def write(self, fault: Fault, counts: FileCounts) -> None:
        """Note what became of the files, which must be what should."""
        assert (counts.twice, counts.lost) == (0, 0), f"{fault}: {counts}"
        columns = (counts.dropped, counts.done, counts.failed, counts.duplicate, counts.twice, counts.lost)
        self._faults.append((fault.what, fault.on, fault.times, *columns, f"{fault.seconds:.1f}"))
        self._save()

    def measure(self, what: str, figure: str) -> None:
        """Note a figure that is about no fault."""
        self._figures.append((what, figure))
        self._save()

    def _save(self) -> None:
        if self._path:
            self._path.write_text(f"{_table(FAULTS, self._faults)}\n{_table(FIGURES, self._figures)}")


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)
