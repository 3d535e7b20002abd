"""Well statistics: fields, nuclei, and mean and median of every measurement, per channel, time point and z.

They follow the rule of all others (`docs/queries.md`): counts have all nuclei, measurements are of those that are
wholly inside the image. Made from what is stored, a well a transaction, by whoever looks after the folder. A well's are
out of date when it has other images than those that they are of: ids of images are never given again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from nuqleus.database.background_statistics import BackgroundStatistics
from nuqleus.database.batches import batched
from nuqleus.database.engine import reading, writing
from nuqleus.database.outdated_wells import outdated_wells
from nuqleus.database.statistic_names import AVERAGES, INTENSITIES, SHAPES
from nuqleus.database.tables import WHOLE, Image, Intensity, Nucleus, Well, WellStatistic

VALUES_AT_ONCE = 4_000_000
"""Numbers in memory: of a well with more, measurements are read some at a time."""

IMAGES_PER_STATEMENT = 500
ROWS_PER_STATEMENT = 500

INSIDE = Nucleus.touches_border.is_(False)
SAME_NUCLEUS = and_(Nucleus.image_id == Intensity.image_id, Nucleus.label == Intensity.label)

Statistics = dict[tuple[int, int, int, str], float | None]
"""Values by t, z, channel and name."""


@dataclass(frozen=True)
class _WellImage:
    """An image of a well that counts."""

    id: int
    file_id: int
    t: int
    z: int
    channels: int
    n_nuclei: int


class WellStatistics(BackgroundStatistics[int]):
    """Statistics of the wells of a database, by their ids."""

    def outdated(self) -> list[int]:
        """Wells that have other images than those that their statistics are of."""
        with reading(self.engine) as connection:
            return outdated_wells(connection)

    def refresh(self, well_id: int) -> None:
        """Make a well's statistics anew, in one transaction."""
        with reading(self.engine) as connection:
            images = _images(connection, well_id)
            statistics = _make(connection, images)
        with writing(self.engine) as connection:
            _store(connection, well_id, statistics)
            made = {
                "statistics_at": self.clock(),
                "statistics_images": len(images),
                "statistics_newest": max((image.id for image in images), default=None),
            }
            connection.execute(update(Well).where(Well.id == well_id).values(made))


def _images(connection: Connection, well_id: int) -> list[_WellImage]:
    columns = (Image.id, Image.file_id, Image.t, Image.z, Image.channels, Image.n_nuclei)
    query = select(*columns).where(Image.well_id == well_id).order_by(Image.t, Image.z, Image.id)
    return [_WellImage(*row) for row in connection.execute(query)]


def _make(connection: Connection, images: Sequence[_WellImage]) -> Statistics:
    statistics: Statistics = {}
    for (t, z), group in groupby(images, lambda image: (image.t, image.z)):
        of_plane = list(group)
        ids, n_nuclei = [image.id for image in of_plane], sum(image.n_nuclei for image in of_plane)
        statistics[t, z, WHOLE, "fields"] = len({image.file_id for image in of_plane})
        statistics[t, z, WHOLE, "nuclei"] = n_nuclei
        for name, value in _averages(connection, SHAPES, ids, n_nuclei, INSIDE):
            statistics[t, z, WHOLE, name] = value
        for channel in range(max(image.channels for image in of_plane)):
            of_channel = and_(INSIDE, SAME_NUCLEUS, Intensity.channel == channel)
            for name, value in _averages(connection, INTENSITIES, ids, n_nuclei, of_channel):
                statistics[t, z, channel, name] = value
    return statistics


def _averages(
    connection: Connection,
    columns: Sequence[ColumnElement[float]],
    image_ids: Sequence[int],
    n_nuclei: int,
    condition: ColumnElement[bool],
) -> Iterator[tuple[str, float | None]]:
    """Mean and median of each column over these images, where a condition holds; what isn't a number is left out."""
    for some in batched(columns, max(1, VALUES_AT_ONCE // max(1, n_nuclei))):
        parts = []
        for ids in batched(image_ids, IMAGES_PER_STATEMENT):
            rows = connection.execute(select(*some).where(Nucleus.image_id.in_(ids), condition))
            parts.append(np.array([tuple(row) for row in rows], np.float64).reshape(-1, len(some)))
        values = np.concatenate(parts)
        for column, of_column in zip(some, values.T, strict=True):
            for average, value in zip(AVERAGES, _mean_and_median(of_column), strict=True):
                yield f"{average}_{column.key}", value


def _mean_and_median(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    # in whatever order they come, their sum is the same bit by bit
    finite = np.sort(values[np.isfinite(values)])
    return (float(finite.mean()), float(np.median(finite))) if len(finite) else (None, None)


def _store(connection: Connection, well_id: int, statistics: Statistics) -> None:
    connection.execute(delete(WellStatistic).where(WellStatistic.well_id == well_id))
    rows = [
        {"well_id": well_id, "t": t, "z": z, "channel": channel, "name": name, "value": value}
        for (t, z, channel, name), value in statistics.items()
    ]
    for batch in batched(rows, ROWS_PER_STATEMENT):
        connection.execute(insert(WellStatistic), batch)
