"""Findings of an image: whether it stands out, and how much DNA its nuclei have, as `quality` and `dna_content` say."""

from typing import Any

from sqlalchemy import Connection, select

from nuqleus.database.queries.group_views import dna_content, quality

IMAGE_FINDINGS = ("stands_out", "stands_out_because")
NUCLEUS_FINDINGS = ("dna_content", "phase")
"""Columns of images and of nuclei."""

_NEEDS_NO_OTHER_IMAGE = "fraction_at_max"
"""The measurement that is judged by itself."""

_NOTHING: dict[str, Any] = dict.fromkeys(NUCLEUS_FINDINGS)


def findings_of_image(connection: Connection, image_id: int) -> dict[str, Any]:
    """IMAGE_FINDINGS of an image: `stands_out` is None where it was compared with none, and isn't saturated."""
    columns = (quality.c.channel, quality.c.measurement, quality.c.stands_out, quality.c.reason)
    query = select(*columns).where(quality.c.image_id == image_id)
    rows = connection.execute(query.order_by(quality.c.channel, quality.c.measurement)).all()
    found = [_named(row.channel, row.reason) for row in rows if row.stands_out]
    compared = [
        row for row in rows if row.stands_out is not None and row.measurement != _NEEDS_NO_OTHER_IMAGE
    ]
    stands_out = True if found else False if compared else None
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
