"""What was measured of nuclei in each channel: intensities, and textures where somebody asked for them."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from nuqleus.database.queries.measured_nuclei import Measured
from nuqleus.database.queries.result_columns import INTENSITY_FIELDS, REQUESTED_FIELDS
from nuqleus.database.tables import Intensity, Nucleus, Texture

_Query: TypeAlias = Select[*tuple[Any, ...]]

_SAME_NUCLEUS = and_(Nucleus.image_id == Intensity.image_id, Nucleus.label == Intensity.label)
"""Intensities of nuclei that somebody deleted are left out: both are read in step, nucleus by nucleus."""

_SAME_CHANNEL = and_(
    Texture.image_id == Intensity.image_id,
    Texture.label == Intensity.label,
    Texture.channel == Intensity.channel,
)


class ChannelMeasurements:
    """Columns of a nucleus in a channel, of some images.

    Args:
        connection: to the database.
        images: asks for the ids of the images.
    """

    def __init__(self, connection: Connection, images: _Query) -> None:
        self._connection = connection
        self._images = images

    @cached_property
    def requested(self) -> tuple[str, ...]:
        """What was measured only since somebody asked for it: texture, granularity, both or neither."""
        return tuple(name for fields in REQUESTED_FIELDS if self._has_any(fields) for name in fields)

    @property
    def columns(self) -> list[ColumnElement[Any]]:
        """To be asked for, as the last of a query."""
        intensities, textures = Intensity.__table__.columns, Texture.__table__.columns
        return [
            *(intensities[name] for name in INTENSITY_FIELDS),
            *(textures[name] for name in self.requested),
        ]

    def joined(self, query: _Query) -> _Query:
        """A query of `intensities`, joined to what its columns and its nuclei are in."""
        query = query.join(Nucleus, _SAME_NUCLEUS)
        return query.outerjoin(Texture, _SAME_CHANNEL) if self.requested else query

    def by_nucleus(self, rows: Iterable[Sequence[Any]]) -> Iterator[Measured]:
        """Each nucleus with what was measured of it in all channels.

        Args:
            rows: key of the nucleus, channel and `columns`, in this order.
        """
        names = _Names((*INTENSITY_FIELDS, *self.requested))
        values_from = -len(names.fields)
        for key, channels in groupby(rows, key=lambda row: row[: values_from - 1]):
            measured: dict[str, Any] = {}
            for row in channels:
                measured.update(zip(names[row[values_from - 1]], row[values_from:], strict=True))
            yield tuple(key), measured

    def _has_any(self, fields: Iterable[str]) -> bool:
        is_known = or_(*(Texture.__table__.columns[name].is_not(None) for name in fields))
        of_images = select(Texture.image_id).where(Texture.image_id.in_(self._images), is_known)
        return self._connection.scalar(of_images.limit(1)) is not None


class _Names(dict[int, list[str]]):
    """Names of the fields in each channel, put together once."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__()
        self.fields = fields

    def __missing__(self, channel: int) -> list[str]:
        self[channel] = [f"{name}-{channel}" for name in self.fields]
        return self[channel]
