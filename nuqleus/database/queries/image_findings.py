"""Findings of an image: whether it stands out, and how much DNA its nuclei have, as `quality` and `dna_content` say."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from nuqleus.database.queries.group_views import dna_content, quality

IMAGE_FINDINGS = ("stands_out", "stands_out_because")
NUCLEUS_FINDINGS = ("dna_content", "phase")
"""Columns of images and of nuclei."""

_NEEDS_NO_OTHER_IMAGE = "fraction_at_max"
"""The measurement that is judged by itself."""

_NOTHING: dict[str, Any] = dict.fromkeys(NUCLEUS_FINDINGS)


def findings_of_images(connection: Connection, image_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """IMAGE_FINDINGS of a few hundred images, by id.

    `stands_out` of an image is None where it was compared with no other, and isn't saturated.
    """
    view = quality.c
    columns = (view.image_id, view.channel, view.measurement, view.stands_out, view.reason)
    rows = connection.execute(select(*columns).where(view.image_id.in_(image_ids))).mappings()
    rows_of: dict[int, list[RowMapping]] = {image_id: [] for image_id in image_ids}
    for row in sorted(rows, key=lambda row: (row["channel"] is not None, row["channel"], row["measurement"])):
        rows_of[row["image_id"]].append(row)
    return {image_id: _findings(of_image) for image_id, of_image in rows_of.items()}


def _findings(rows: Sequence[RowMapping]) -> dict[str, Any]:
    found = [_named(row["channel"], row["reason"]) for row in rows if row["stands_out"]]
    judged = [row["measurement"] for row in rows if row["stands_out"] is not None]
    is_compared = any(measurement != _NEEDS_NO_OTHER_IMAGE for measurement in judged)
    stands_out = True if found else False if is_compared else None
    return dict(zip(IMAGE_FINDINGS, (stands_out, "; ".join(found) or None), strict=True))


class NucleusFindings:
    """NUCLEUS_FINDINGS of the nuclei of one image after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._image_id: int | None = None
        self._by_label: dict[int, tuple[Any, ...]] = {}

    def of(self, image_id: int, label: int) -> dict[str, Any]:
        """Those of a nucleus; None where nothing is known."""
        if image_id != self._image_id:
            self._image_id, self._by_label = image_id, self._read(image_id)
        found = self._by_label.get(label)
        return dict(zip(NUCLEUS_FINDINGS, found, strict=True)) if found else _NOTHING

    def _read(self, image_id: int) -> dict[int, tuple[Any, ...]]:
        columns = (dna_content.c.label, dna_content.c.dna_content, dna_content.c.phase)
        known = dna_content.c.dna_content.is_not(None)
        rows = self._connection.execute(select(*columns).where(dna_content.c.image_id == image_id, known))
        return {label: (content, phase) for label, content, phase in rows}


def _named(channel: int | None, reason: str) -> str:
    return reason if channel is None else f"channel {channel}: {reason}"
