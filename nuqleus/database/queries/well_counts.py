"""Well counts: of each well of a plate, the fields that failed, and those that lack channels."""

from collections import Counter
from collections.abc import Callable

from sqlalchemy import Connection, func, select

from nuqleus.database.tables import FAILED, File, Image, Plate, Well
from nuqleus.fields import FieldPlace

WellCount = Callable[[Connection, int], dict[int, float]]
"""Returns the number of each well, by its id, of a plate."""


def count_failed_fields(connection: Connection, plate_id: int) -> dict[int, float]:
    """Return how many fields of each well of a plate failed."""
    plate = connection.execute(select(Plate.folder, Plate.name).where(Plate.id == plate_id)).one()
    keys = (
        select(File.field_key).where(FAILED, File.field_key.is_not(None), File.gone_at.is_(None)).distinct()
    )
    places = map(FieldPlace.parse, filter(None, connection.scalars(keys)))
    failed = Counter(place.well for place in places if place.folder_and_plate == tuple(plate))
    wells = connection.execute(select(Well.id, Well.name).where(Well.plate_id == plate_id))
    return {well_id: float(failed[name]) for well_id, name in wells}


def count_incomplete_fields(connection: Connection, plate_id: int) -> dict[int, float]:
    """Return how many fields of each well of a plate were measured without all of the plate's channels."""
    lacking = func.count(Image.file_id.distinct()).filter(Image.missing_channels.is_not(None))
    query = (
        select(Well.id, lacking)
        .join(Image, Image.well_id == Well.id, isouter=True)
        .where(Well.plate_id == plate_id)
        .group_by(Well.id)
    )
    return {well_id: float(count) for well_id, count in connection.execute(query)}


WELL_COUNTS: dict[str, WellCount] = {
    "fields_failed": count_failed_fields,
    "fields_with_missing_channels": count_incomplete_fields,
}
"""By name, as a plate can be coloured by them."""
