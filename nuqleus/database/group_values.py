"""What is measured of the images of a group: medians of the images' measurements, G1 peaks of their nuclei."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, select

from nuqleus.database.batches import batched
from nuqleus.database.queries.group_views import dna_intensity
from nuqleus.database.tables import WHOLE, Image, ImageQuality
from nuqleus.g1_peak import G1Peak, find_g1_peak

IMAGES_PER_STATEMENT = 500

MOST_IMAGES = 20_000
"""Of more, medians are those of every second, every third image, and so on."""

MOST_NUCLEI, LEAST_NUCLEI = 200_000, 2_000
"""Of more, G1 peaks are sought in those of every second, every third image, and so on; but so many at each time."""

OF_CHANNELS: list[ColumnElement[Any]] = [
    column for column in ImageQuality.__table__.columns if not column.primary_key
]
OF_IMAGES: list[ColumnElement[Any]] = [Image.__table__.c.area_fraction]


@dataclass(frozen=True)
class Median:
    """Median and median absolute deviation of a measurement; see `GroupStatistic`."""

    channel: int
    name: str
    images: int
    median: float
    mad: float


def medians(connection: Connection, image_ids: Sequence[int]) -> list[Median]:
    """Of every measurement of these images, by channel; what isn't known is left out."""
    values: dict[tuple[int, str], list[float]] = defaultdict(list)
    for ids in batched(_at_most(image_ids, MOST_IMAGES), IMAGES_PER_STATEMENT):
        for channel, name, value in _measured(connection, ids):
            values[channel, name].append(value)
    return [_median(channel, name, np.array(of_it)) for (channel, name), of_it in sorted(values.items())]


def g1_peaks(connection: Connection, image_ids: Sequence[int]) -> dict[tuple[int, int], G1Peak]:
    """The G1 peaks of the nuclei of these images, by time point and nuclear channel."""
    places = _images_by_place(connection, image_ids)
    most = max(LEAST_NUCLEI, MOST_NUCLEI // max(1, len(places)))
    return {place: find_g1_peak(_contents(connection, images, most)) for place, images in places.items()}


def _at_most(image_ids: Sequence[int], most: int) -> Sequence[int]:
    """Every n-th of them."""
    return image_ids[:: -(-len(image_ids) // most)]


def _measured(connection: Connection, ids: Sequence[int]) -> Iterator[tuple[int, str, float]]:
    of_channels = select(ImageQuality.channel, *OF_CHANNELS).where(ImageQuality.image_id.in_(ids))
    for channel, *values in connection.execute(of_channels):
        yield from _known(channel, OF_CHANNELS, values)
    for of_image in connection.execute(select(*OF_IMAGES).where(Image.id.in_(ids))):
        yield from _known(WHOLE, OF_IMAGES, of_image)


def _known(
    channel: int, columns: Sequence[ColumnElement[Any]], row: Sequence[float | None]
) -> Iterator[tuple[int, str, float]]:
    for column, value in zip(columns, row, strict=True):
        if value is not None:
            yield channel, str(column.key), value


def _median(channel: int, name: str, values: NDArray[np.float64]) -> Median:
    median = float(np.median(values))
    return Median(channel, name, len(values), median, float(np.median(abs(values - median))))


def _images_by_place(
    connection: Connection, image_ids: Sequence[int]
) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Each image with its number of nuclei, by time point and nuclear channel; colour images are left out."""
    columns = (Image.id, Image.n_nuclei, Image.t, Image.nuclear_channel)
    places: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for ids in batched(image_ids, IMAGES_PER_STATEMENT):
        of_images = select(*columns).where(Image.id.in_(ids)).order_by(Image.id)
        for image_id, n_nuclei, t, channel in connection.execute(of_images):
            if channel is not None:
                places[t, channel].append((image_id, n_nuclei))
    return places


def _contents(connection: Connection, images: list[tuple[int, int]], most: int) -> NDArray[np.float64]:
    """The intensities that tell how much DNA nuclei have, of about `most` of them."""
    nuclei = sum(n_nuclei for _, n_nuclei in images)
    ids = _at_most([image_id for image_id, _ in images], max(1, len(images) * most // max(1, nuclei)))
    found: list[float] = []
    for some in batched(ids, IMAGES_PER_STATEMENT):
        of_images = dna_intensity.c.image_id.in_(some)
        known = select(dna_intensity.c.intensity).where(of_images, dna_intensity.c.unknown_because.is_(None))
        found += connection.scalars(known)
    return np.array(found, np.float64)
