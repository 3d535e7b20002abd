"""Selections: which part of the results is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select, true

from nuqleus.database.files.conditions import under_paths
from nuqleus.database.tables import File, Image, Nucleus, Well


@dataclass(frozen=True)
class Selection:
    """Which results are asked for: those that fulfil all of it.

    Attributes:
        paths: of files or folders, relative to the watched folder; None: all of it.
        since: seconds since 1970; of files that ended then or later; None: whenever it was.
        plate_ids: of plates; None: all of them, and what is on no plate.
        min_confidence: nuclei of which the network was at least as sure, 0 to 1; None: all of them, those too whose
            confidence isn't known.
    """

    paths: Sequence[str] | None = None
    since: float | None = None
    plate_ids: Sequence[int] | None = None
    min_confidence: float | None = None

    def condition(self) -> ColumnElement[bool]:
        """What the files, and the images in them, fulfil."""
        ended = true() if self.since is None else File.finished_at >= self.since
        return and_(under_paths(self.paths), ended, self._on_plates())

    def of_nuclei(self) -> ColumnElement[bool]:
        """What the nuclei in these images fulfil."""
        return true() if self.min_confidence is None else Nucleus.confidence >= self.min_confidence

    def _on_plates(self) -> ColumnElement[bool]:
        if self.plate_ids is None:
            return true()
        return Image.well_id.in_(select(Well.id).where(Well.plate_id.in_(self.plate_ids)))


EVERYTHING = Selection()
