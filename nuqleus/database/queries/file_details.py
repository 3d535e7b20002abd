"""Details of a file: what became of it, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, func, select
from sqlalchemy.orm import InstrumentedAttribute

from nuqleus.database.engine import reading
from nuqleus.database.file_states import FileState
from nuqleus.database.tables import Channel, File, Image


@dataclass(frozen=True)
class ChosenChannel:
    """Nuclear channel of some images of a file.

    Attributes:
        number: counted from 0; None for colour images that are seen as a whole.
        name: as the file names it; None where it doesn't.
        by: how it was chosen.
    """

    number: int | None
    name: str | None
    by: str


Range = tuple[float, float]
"""Lowest and highest."""


@dataclass(frozen=True)
class FileDetails:
    """What became of a file.

    Attributes:
        path: relative to the watched folder.
        state: where it stands.
        ignored_by: why it is ignored.
        error_kind: why it failed, in a word; `error` in a sentence.
        duplicate_of: path of the file whose results count for it.
        companion_of: path of the lead of its field, which has the results; `field_state` says where that stands.
        images: how many it holds; of a duplicate, the other file does, of a companion, the lead.
        nuclear_channels: which channels show the nuclei in these images.
        pixel_sizes: where the pixel size comes from, or why it isn't known.
        nuclear_diameter: lowest and highest that they were taken to have, in pixels; None without nuclei, and of old
            results.
        zoom: at which the network saw them, likewise.
        confidence: how sure it was of them, likewise.
    """

    path: str
    state: FileState
    ignored_by: str | None
    error_kind: str | None
    error: str | None
    duplicate_of: str | None
    companion_of: str | None
    field_state: FileState | None
    images: int
    nuclear_channels: list[ChosenChannel]
    pixel_sizes: list[str]
    nuclear_diameter: Range | None
    zoom: Range | None
    confidence: Range | None


def get_file(engine: Engine, paths: Sequence[str]) -> FileDetails | None:
    """Return the file at the first of these paths that the database knows; None if it knows none."""
    with reading(engine) as connection:
        for path in paths:
            file = connection.execute(select(File.__table__).where(File.path == path)).one_or_none()
            if file is not None:
                return _describe(connection, file)
    return None


def _describe(connection: Connection, file: Row[Any]) -> FileDetails:
    original = connection.scalar(select(File.path).where(File.id == file.duplicate_of))
    lead = connection.execute(select(File.__table__).where(File.id == file.companion_of)).one_or_none()
    of_file = Image.file_id == (file.duplicate_of or file.companion_of or file.id)
    return FileDetails(
        file.path,
        file.state,
        file.ignored_by,
        (lead or file).error_kind,
        (lead or file).error,
        original,
        lead.path if lead else None,
        lead.state if lead else None,
        connection.scalar(select(func.count()).where(of_file)) or 0,
        _chosen_channels(connection, of_file),
        _values(connection, Image.pixel_size_from, of_file),
        *(
            _range(connection, column, of_file)
            for column in (Image.nuclear_diameter, Image.zoom, Image.confidence)
        ),
    )


def _chosen_channels(connection: Connection, condition: ColumnElement[bool]) -> list[ChosenChannel]:
    named = (Channel.image_id == Image.id) & (Channel.channel == Image.nuclear_channel)
    columns = (Image.nuclear_channel, Channel.name, Image.nuclear_channel_by)
    query = select(*columns).outerjoin(Channel, named).where(condition, Image.nuclear_channel_by.is_not(None))
    rows = connection.execute(query.distinct())
    found = [ChosenChannel(number, name, str(by)) for number, name, by in rows]
    return sorted(found, key=lambda chosen: (-1 if chosen.number is None else chosen.number, chosen.by))


def _values(
    connection: Connection, column: InstrumentedAttribute[str | None], condition: ColumnElement[bool]
) -> list[str]:
    query = select(column).where(condition, column.is_not(None)).distinct().order_by(column)
    return [str(value) for value in connection.scalars(query)]


def _range(
    connection: Connection, column: InstrumentedAttribute[float | None], condition: ColumnElement[bool]
) -> Range | None:
    lowest, highest = connection.execute(select(func.min(column), func.max(column)).where(condition)).one()
    return None if lowest is None or highest is None else (lowest, highest)
