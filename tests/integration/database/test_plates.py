"""Plates, channels and wells get rows as their files turn up."""

from sqlalchemy import Engine, select

from nuqleus.database.engine import reading, writing
from nuqleus.database.plates import find_plate, find_well, plate_channels, recognised_plates, record_fields
from nuqleus.database.tables import Plate, Well
from nuqleus.fields import FieldFile, FieldPlace


def field_file(
    well: str | None = "A01", channel: str = "w1", plate: str = "P", folder: str = "screen"
) -> FieldFile:
    return FieldFile("ImageXpress", FieldPlace(folder, plate, well, 1, 0), None, channel)


def record(engine: Engine, *files: FieldFile) -> None:
    with writing(engine) as connection:
        record_fields(connection, files)


def channels(engine: Engine, plate_id: int = 1) -> list[tuple[int, str]]:
    with reading(engine) as connection:
        return [(channel.channel, channel.key) for channel in plate_channels(connection, plate_id)]


def test_a_plate_is_recorded_once_with_its_wells_and_channels(engine: Engine):
    files = [field_file(well, channel) for well in ("B02", "H12") for channel in ("w2", "w1")]
    record(engine, *files)
    record(engine, *files)

    with reading(engine) as connection:
        (plate,) = connection.execute(select(*Plate.__table__.columns))
        wells = connection.execute(select(Well.name, Well.row, Well.col).order_by(Well.name)).all()
        assert find_plate(connection, files[0].place) == plate.id
        assert find_well(connection, plate.id, "H12")
    assert (plate.name, plate.folder, plate.convention, plate.rows, plate.cols) == (
        *("P", "screen", "ImageXpress"),
        *(8, 12),
    )
    assert wells == [("B02", 1, 1), ("H12", 7, 11)]
    assert channels(engine) == [(0, "w1"), (1, "w2")]


def test_plates_of_one_name_in_two_folders_are_two(engine: Engine):
    record(engine, field_file(folder="a"), field_file(folder="b"))

    assert sorted(recognised_plates(engine)) == [("a", "ImageXpress"), ("b", "ImageXpress")]


def test_channels_keep_their_numbers_when_others_turn_up_late(engine: Engine):
    record(engine, field_file(channel="w4"), field_file(channel="w2"))
    record(engine, field_file(channel="w5"), field_file(channel="w1"))

    assert channels(engine) == [(0, "w2"), (1, "w4"), (2, "w1"), (3, "w5")]


def test_a_plate_grows_with_its_wells(engine: Engine):
    record(engine, field_file("A01"))
    record(engine, field_file("AF48"))

    with reading(engine) as connection:
        assert connection.execute(select(Plate.rows, Plate.cols)).one() == (32, 48)


def test_files_that_name_no_well_have_a_plate_without_any(engine: Engine):
    record(engine, field_file(None, "DAPI"), field_file(None, "GFP"))

    with reading(engine) as connection:
        assert connection.execute(select(Plate.rows)).scalar() is None
    assert channels(engine) == [(0, "DAPI"), (1, "GFP")]
