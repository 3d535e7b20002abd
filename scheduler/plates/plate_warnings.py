"""Plate warnings: what is odd about names and plate maps is said once in the log, and kept for `nuqleus status`."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from sqlalchemy import Engine

from nuqleus.database.plate_warnings import (
    OME_SET,
    KnownWarning,
    forget_ome_sets,
    plate_warnings,
    replace_plate_warnings,
)
from scheduler.scanner import Scan

log = logging.getLogger(__name__)

SHARE = 0.05
"""Of the time that looking for what is odd may take: names of large folders are read again and again."""


class Source(Protocol):
    """Something that finds what people should know."""

    def recall(self, warnings: Sequence[KnownWarning], scan: Scan) -> None:
        """Look again at what people were warned of before this process started."""

    def warnings(self, scan: Scan) -> list[KnownWarning]:
        """What people should know now."""


class PlateWarnings:
    """Warnings of plates: says what is odd, once for each folder or file that it is about.

    Args:
        engine: the database.
        sources: what finds it.
        is_member: says of a path whether its file is part of a field.
        clock: seconds from any origin.
    """

    def __init__(
        self,
        engine: Engine,
        sources: Sequence[Source],
        clock: Callable[[], float] = time.monotonic,
        is_member: Callable[[str, Scan], bool] = lambda _path, _scan: False,
    ) -> None:
        self._is_member = is_member
        self._engine = engine
        self._sources = sources
        self._clock = clock
        self._stored: set[KnownWarning] | None = None
        self._due = clock()
        self._is_put_off = False

    def update(self, scan: Scan) -> None:
        """Look for what is odd, if the last time is long enough ago.

        Raises:
            DatabaseUnavailable: the next tick makes up for it.
        """
        began = self._clock()
        self._is_put_off = began < self._due
        if self._is_put_off:
            return
        stored = self._recall(scan) if self._stored is None else self._stored
        found = {warning for source in self._sources for warning in source.warnings(scan)}
        told = {(warning.kind, warning.path) for warning in stored}
        for warning in sorted(found):
            if (warning.kind, warning.path) not in told:
                log.warning("%s", warning.message)
        if found != stored:
            replace_plate_warnings(self._engine, found)
        self._stored = found
        now = self._clock()
        self._due = now + (now - began) * (1 / SHARE - 1)

    def seconds_to_next(self) -> float | None:
        """Seconds until a look that was put off may be made; None if none was."""
        return max(self._due - self._clock(), 0.0) if self._is_put_off else None

    def _recall(self, scan: Scan) -> set[KnownWarning]:
        known = plate_warnings(self._engine)
        for source in self._sources:
            source.recall(known, scan)
        sets = [warning.path for warning in known if warning.kind == OME_SET]
        over = [path for path in sets if path not in scan.files or self._is_member(path, scan)]
        if over:
            forget_ome_sets(self._engine, over)
        return {warning for warning in known if warning.kind != OME_SET}
