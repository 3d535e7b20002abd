"""Plotted values: the nuclei that a plot is of, and a measurement of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, Select, and_, cast, select, true
from sqlalchemy.orm import aliased

from nuqleus.database.queries.counted_images import is_counted
from nuqleus.database.queries.group_views import dna_content
from nuqleus.database.queries.nuclei import DNA_CONTENT, SHAPES
from nuqleus.database.queries.searching import path_holds
from nuqleus.database.tables import File, Image, Intensity, Nucleus, Well


@dataclass(frozen=True)
class Axis:
    """A measurement; `channel` counts for one of an intensity."""

    measurement: str
    channel: int = 0


@dataclass(frozen=True)
class NucleusFilter:
    """Which nuclei are looked at.

    Attributes:
        path: only of files whose path holds this.
        plate_id: only of this plate.
        well_id: only of this well.
        confidence: only those that the network was as sure of, or surer.
    """

    path: str | None = None
    plate_id: int | None = None
    well_id: int | None = None
    confidence: float | None = None

    def images(self, *columns: Any) -> Select[Any]:
        """A query for its images, of each stack the plane that counts."""
        query = select(*columns).where(is_counted(), *self.indexed())
        if self.path:
            query = query.join(File, File.id == Image.file_id).where(self.searched(File.path))
        return query

    def indexed(self) -> list[ColumnElement[bool]]:
        """What an index finds of images."""
        chosen: list[ColumnElement[bool]] = []
        if self.well_id is not None:
            chosen.append(Image.well_id == self.well_id)
        if self.plate_id is not None:
            chosen.append(Image.well_id.in_(select(Well.id).where(Well.plate_id == self.plate_id)))
        return chosen

    def searched(self, path: Any) -> ColumnElement[bool]:
        """What has to be looked for, file by file, in a column of paths."""
        return path_holds(path, self.path) if self.path else true()


@dataclass(frozen=True)
class Limits:
    """Known values of an axis from `low` up to, but without, `high`; None: no limit."""

    axis: Axis
    low: float | None = None
    high: float | None = None


def nuclei_query(
    images: list[int], axes: Sequence[Axis], nucleus_filter: NucleusFilter
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """A query over the nuclei of some images, and the value of each axis in it."""
    nuclei = Nucleus.__table__
    query = select(nuclei.c.image_id, nuclei.c.label).where(nuclei.c.image_id.in_(images))
    if nucleus_filter.confidence is not None:
        query = query.where(nuclei.c.confidence >= nucleus_filter.confidence)
    values: list[ColumnElement[Any]] = []
    for axis in axes:
        query, value = _with_value(query, axis)
        values.append(cast(value, Double))  # as Python has it, whatever the column holds
    return query, values


def _with_value(query: Select[Any], axis: Axis) -> tuple[Select[Any], ColumnElement[Any]]:
    """Join what an axis needs to a query over nuclei. Returns the value, too; what isn't known is NULL, or no row."""
    nuclei = Nucleus.__table__.c
    if axis.measurement in SHAPES:
        return query, nuclei[axis.measurement]
    if axis.measurement == DNA_CONTENT:
        view = dna_content.alias()
        same = and_(view.c.image_id == nuclei.image_id, view.c.label == nuclei.label)
        return query.join(view, same), view.c.dna_content
    measured = aliased(Intensity)
    same = and_(measured.image_id == nuclei.image_id, measured.label == nuclei.label)
    of_channel = and_(same, measured.channel == axis.channel)
    return query.join(measured, of_channel), getattr(measured, axis.measurement)
