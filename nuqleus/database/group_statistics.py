"""Group statistics: median and MAD of what is measured of the images of a plate or folder, and its nuclei's G1 peak.

Made from what is stored, by whoever looks after the folder. A group's are out of date when it has other images than
those that they are of: ids of images are never given again.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from nuqleus.database.background_statistics import BackgroundStatistics
from nuqleus.database.batches import batched
from nuqleus.database.engine import reading, writing
from nuqleus.database.group_values import g1_peaks, medians
from nuqleus.database.queries.group_views import grouped_images, quality
from nuqleus.database.tables import Base, G1PeakOfGroup, GroupStatistic, ImageGroup
from nuqleus.database.upserts import insert_missing

IMAGES_PER_STATEMENT = 500
ROWS_PER_STATEMENT = 500


@dataclass(frozen=True)
class OutdatedGroup:
    """A group whose statistics are of other images than it has now.

    Attributes:
        key: see `ImageGroup`.
        image_ids: of all its images, in order.
    """

    key: str
    image_ids: list[int] = field(default_factory=list)


class GroupStatistics(BackgroundStatistics[OutdatedGroup]):
    """Statistics of the image groups of a database."""

    def outdated(self) -> list[OutdatedGroup]:
        """Groups that have other images than those that their statistics are of; without images if they are gone."""
        with reading(self.engine) as connection:
            now, made = _fingerprints_now(connection), _fingerprints_made(connection)
            differ = {key for key in now.keys() | made if now.get(key) != made.get(key)}
            return _with_images(connection, differ)

    def refresh(self, group: OutdatedGroup) -> None:
        """Make a group's statistics anew; those of one without images are deleted."""
        if not group.image_ids:
            with writing(self.engine) as connection:
                connection.execute(delete(ImageGroup).where(ImageGroup.key == group.key))
            return
        with reading(self.engine) as connection:
            statistics = [asdict(median) for median in medians(connection, group.image_ids)]
            peaks = [
                {"t": t, "channel": channel} | asdict(peak)
                for (t, channel), peak in g1_peaks(connection, group.image_ids).items()
            ]
        self._store(group.key, statistics, peaks)
        self._count_standing_out(group)

    def _store(self, key: str, statistics: list[dict[str, Any]], peaks: list[dict[str, Any]]) -> None:
        """Replace them, in one transaction; the group stays out of date until it is counted what stands out."""
        uncounted = {"images": None, "image_ids_sum": None, "standing_out": None}
        made = {"key": key, "as_of": self.clock()} | uncounted
        with writing(self.engine) as connection:
            insert_missing(connection, ImageGroup, [made], key="key")
            # also keeps another scheduler waiting until these are stored
            connection.execute(update(ImageGroup).where(ImageGroup.key == key).values(made))
            _replace(connection, GroupStatistic, key, statistics)
            _replace(connection, G1PeakOfGroup, key, peaks)

    def _count_standing_out(self, group: OutdatedGroup) -> None:
        """Count by the view, which joins what was stored, and be up to date."""
        found = 0
        for ids in batched(group.image_ids, IMAGES_PER_STATEMENT):
            standing_out = select(func.count(quality.c.image_id.distinct())).where(
                quality.c.image_id.in_(ids), quality.c.stands_out == 1
            )
            with reading(self.engine) as connection:
                found += connection.scalar(standing_out) or 0
        of = {"images": len(group.image_ids), "image_ids_sum": sum(group.image_ids), "standing_out": found}
        with writing(self.engine) as connection:
            connection.execute(update(ImageGroup).where(ImageGroup.key == group.key).values(of))


def _fingerprints_now(connection: Connection) -> dict[str, tuple[int, int]]:
    columns = (grouped_images.c.group_key, func.count(), func.sum(grouped_images.c.image_id))
    rows = connection.execute(select(*columns).group_by(grouped_images.c.group_key))
    return {key: (images, int(ids_sum)) for key, images, ids_sum in rows}


def _fingerprints_made(connection: Connection) -> dict[str, tuple[int | None, int | None]]:
    rows = connection.execute(select(ImageGroup.key, ImageGroup.images, ImageGroup.image_ids_sum))
    return {key: (images, ids_sum) for key, images, ids_sum in rows}


def _with_images(connection: Connection, keys: Iterable[str]) -> list[OutdatedGroup]:
    groups = {key: OutdatedGroup(key) for key in sorted(keys)}
    if groups:
        query = select(grouped_images.c.group_key, grouped_images.c.image_id)
        for key, image_id in connection.execute(query.order_by(grouped_images.c.image_id)):
            if key in groups:
                groups[key].image_ids.append(image_id)
    return list(groups.values())


def _replace(connection: Connection, table: type[Base], key: str, rows: list[dict[str, Any]]) -> None:
    column = table.__table__.c.group_key
    connection.execute(delete(table).where(column == key))
    for batch in batched(rows, ROWS_PER_STATEMENT):
        connection.execute(insert(table), [{"group_key": key} | row for row in batch])
