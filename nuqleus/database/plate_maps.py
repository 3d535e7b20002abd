"""Plate maps in the database: rows of `well_annotations`."""

from sqlalchemy import Engine, delete, exists, insert, select, update

from nuqleus.database.batches import batched
from nuqleus.database.engine import writing
from nuqleus.database.plates import record_wells
from nuqleus.database.tables import Image, Plate, Well, WellAnnotation
from nuqleus.plate_map import PlateMap

ROWS_PER_STATEMENT = 500

HAS_IMAGES = exists().where(Image.well_id == Well.id)


def attach_plate_map(
    engine: Engine, plate_id: int, plate_map: PlateMap, source: str | None = None
) -> list[str]:
    """Put a plate map in the place of what the plate's wells were annotated with before.

    Args:
        engine: the database.
        plate_id: the plate.
        plate_map: what is in its wells; those that have no image so far get a row, too.
        source: the file in the plate's folder that it is from, with its stamp; None: a person chose it.

    Returns:
        The wells that it names and that have no image so far.
    """
    with writing(engine) as connection:
        record_wells(connection, plate_id, {well.name for well in plate_map})
        of_plate = select(Well.name, Well.id).where(Well.plate_id == plate_id)
        ids = {name: well_id for name, well_id in connection.execute(of_plate)}  # noqa: C416 - rows are no pairs
        connection.execute(delete(WellAnnotation).where(WellAnnotation.well_id.in_(list(ids.values()))))
        rows = [
            {"well_id": ids[well.name], "name": name, "value": value}
            for well, values in plate_map.items()
            for name, value in values.items()
        ]
        for batch in batched(rows, ROWS_PER_STATEMENT):
            connection.execute(insert(WellAnnotation), batch)
        if source is not None:
            connection.execute(update(Plate).where(Plate.id == plate_id).values(plate_map=source))
        imaged = set(connection.scalars(select(Well.name).where(Well.plate_id == plate_id, HAS_IMAGES)))
        return [well.name for well in sorted(plate_map) if well.name not in imaged]
