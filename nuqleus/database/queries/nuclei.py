"""Nuclei: their numbers, one by one and image by image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Select, and_, select

from nuqleus.database.engine import reading
from nuqleus.database.queries.group_views import dna_content
from nuqleus.database.tables import Intensity, Nucleus

PAGE_SIZE = 50
"""Nuclei on a page."""

_NO_MEASUREMENTS = {"image_id", "label", "channel", "touches_border", "neighbor_nearest_label"}

SHAPES: tuple[str, ...] = tuple(
    name
    for name in Nucleus.__table__.columns.keys()  # noqa: SIM118 - a collection of columns
    if name not in _NO_MEASUREMENTS and not name.startswith("bbox")
)
"""Measurements of a nucleus."""

INTENSITIES: tuple[str, ...] = tuple(
    name
    for name in Intensity.__table__.columns.keys()  # noqa: SIM118
    if name not in _NO_MEASUREMENTS
)
"""Measurements of a nucleus in a channel."""

DNA_CONTENT = "dna_content"
"""Measurement that the view of this name gives."""

COLOURING = (*SHAPES, DNA_CONTENT, *INTENSITIES)
"""What `values_of` knows."""


@dataclass(frozen=True)
class NucleusNumbers:
    """All numbers of a nucleus.

    Attributes:
        image_id: the image that it is in.
        label: its label there.
        bbox: first row, first column, row and column after the last.
        touches_border: whether the image's border cuts it.
        shape: measurements by name.
        intensities: for each channel, measurements by name.
    """

    image_id: int
    label: int
    bbox: tuple[int, int, int, int]
    touches_border: bool
    shape: dict[str, float | None]
    intensities: dict[int, dict[str, float | None]]


@dataclass(frozen=True)
class NucleusPage:
    """A page of an image's nuclei, in order of their labels.

    Attributes:
        nuclei: what is on it, the columns of `nuclei` of each.
        next_after: asks for the next page; None on the last.
    """

    nuclei: list[dict[str, Any]]
    next_after: int | None


def get_nucleus(engine: Engine, image_id: int, label: int) -> NucleusNumbers | None:
    """Return the numbers of a nucleus; None if there is none."""
    with reading(engine) as connection:
        row = (
            connection.execute(
                select(Nucleus.__table__).where(Nucleus.image_id == image_id, Nucleus.label == label)
            )
            .mappings()
            .one_or_none()
        )
        if row is None:
            return None
        channels = connection.execute(
            select(Intensity.__table__)
            .where(Intensity.image_id == image_id, Intensity.label == label)
            .order_by(Intensity.channel)
        ).mappings()
        return NucleusNumbers(
            image_id,
            label,
            (row["bbox_row0"], row["bbox_col0"], row["bbox_row1"], row["bbox_col1"]),
            row["touches_border"],
            {name: row[name] for name in SHAPES},
            {one["channel"]: {name: one[name] for name in INTENSITIES} for one in channels},
        )


def list_nuclei(engine: Engine, image_id: int, *, after: int = 0) -> NucleusPage:
    """List the nuclei of an image with labels above `after`."""
    query = select(Nucleus.__table__).where(Nucleus.image_id == image_id, Nucleus.label > after)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(Nucleus.label).limit(PAGE_SIZE + 1)).mappings().all()
    shown = [dict(row) for row in rows[:PAGE_SIZE]]
    return NucleusPage(shown, shown[-1]["label"] if len(rows) > PAGE_SIZE else None)


def values_of(
    engine: Engine,
    image_id: int,
    measurement: str,
    channel: int,
    *,
    every: int = 1,
    within: Mapping[str, int] | None = None,
) -> dict[int, float | None]:
    """Return a measurement of nuclei of an image, by label.

    Args:
        engine: the database.
        image_id: the image.
        measurement: one of `COLOURING`; DNA content isn't known of planes that don't count.
        channel: for one of `INTENSITIES`.
        every: only of every so manieth nucleus.
        within: only of those that reach into a rectangle: `top`, `bottom`, `left`, `right`.
    """
    nuclei = Nucleus.__table__.c
    query = _labelled(measurement, channel).where(nuclei.image_id == image_id)
    if every > 1:
        query = query.where(nuclei.label % every == 0)
    if within:
        query = query.where(nuclei.bbox_row0 < within["bottom"], nuclei.bbox_row1 > within["top"])
        query = query.where(nuclei.bbox_col0 < within["right"], nuclei.bbox_col1 > within["left"])
    with reading(engine) as connection:
        return {label: value for label, value in connection.execute(query)}  # noqa: C416 - for mypy


def _labelled(measurement: str, channel: int) -> Select[tuple[int, Any]]:
    """A query of labels of nuclei, with a measurement."""
    nuclei, intensities = Nucleus.__table__.c, Intensity.__table__.c
    if measurement in SHAPES:
        return select(nuclei.label, nuclei[measurement])
    if measurement == DNA_CONTENT:
        same = and_(dna_content.c.image_id == nuclei.image_id, dna_content.c.label == nuclei.label)
        return select(nuclei.label, dna_content.c.dna_content).outerjoin(dna_content, same)
    same = and_(intensities.image_id == nuclei.image_id, intensities.label == nuclei.label)
    of_channel = and_(same, intensities.channel == channel)
    return select(nuclei.label, intensities[measurement]).outerjoin(Intensity, of_channel)
