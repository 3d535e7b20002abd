"""What each fault led to, as rows of the table in docs/reliability.md."""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.faults.plant import Tally

FULL = os.environ.get("FAULTS_SIZE") == "full"
"""Whether everything is done as often, and with as many files, as the table says; else a small part of it."""

COLUMNS = (
    *("fault", "with", "times", "files in", "done", "failed", "duplicate"),
    *("duplicate rows", "lost", "seconds to recover"),
)


@dataclass(frozen=True)
class Fault:
    """What was done to a plant.

    Attributes:
        what: in words.
        on: the database, or what else matters.
        times: how often.
        seconds: from the fault (the last one, or the slowest of several runs) until every file had ended.
    """

    what: str
    on: str
    times: int
    seconds: float


class Ledger:
    """Rows in the order in which they were written; saved after each, so that one that fails costs no other."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._rows: list[tuple[object, ...]] = []

    def write(self, fault: Fault, tally: Tally) -> None:
        """Note what became of the files, which must be what should."""
        assert (tally.twice, tally.lost) == (0, 0), f"{fault}: {tally}"
        counts = (tally.dropped, tally.done, tally.failed, tally.duplicate, tally.twice, tally.lost)
        self._rows.append((fault.what, fault.on, fault.times, *counts, f"{fault.seconds:.1f}"))
        if self._path:
            self._path.write_text(self.table())

    def table(self) -> str:
        lines = [COLUMNS, ("---",) * len(COLUMNS), *self._rows]
        return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)
