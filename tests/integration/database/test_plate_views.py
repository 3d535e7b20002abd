"""`Per_Image` names the plate, well and site of an image, and the file of each of its channels."""

from sqlalchemy import Engine, text, update

from nuqleus.database.engine import reading, writing
from nuqleus.database.files.records import SeenFile
from nuqleus.database.tables import File
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.integration.database.test_well_statistics import fill_well

COLUMNS = ", ".join(
    f'"Image_{name}"'
    for name in (
        *("Metadata_Plate", "Metadata_Well", "Metadata_Site"),
        *(f"{part}_Ch{channel}" for channel in range(3) for part in ("FileName", "PathName")),
    )
)


def per_image(engine: Engine) -> list[tuple[object, ...]]:
    query = f'SELECT {COLUMNS} FROM "Per_Image" ORDER BY "ImageNumber"'
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_field_has_a_file_for_each_channel(archive: Archive):
    fill_well(archive, "B02", [image_result(3, channels=3)])
    others = [SeenFile(f"f/P_B02_{name}.tif", 1, 1) for name in ("s1_w3_z1", "s1_w3_z0")]
    archive.files.observe(others)
    of_field = [
        ("f/P_B02_s1.tif", "w1", None),
        ("f/P_B02_s1_w3_z1.tif", "w3", 1),
        ("f/P_B02_s1_w3_z0.tif", "w3", 0),
    ]
    with writing(archive.engine) as connection:
        connection.execute(
            text("INSERT INTO plate_channels (plate_id, key, channel, name) VALUES (1, 'w3', 2, 'w3')")
        )
        for path, channel, z in of_field:
            place = {"field_key": "f/P/B02/s1/t0/", "field_channel": channel, "field_z": z}
            connection.execute(update(File).where(File.path == path).values(place))

    assert per_image(archive.engine) == [
        ("P", "B02", 1, "P_B02_s1.tif", "f", None, None, "P_B02_s1_w3_z0.tif", "f"),
    ]


def test_a_file_that_is_an_image_has_all_channels(archive: Archive):
    archive.done("day 1/a b.tif", "abc", [image_result(3, channels=2)])
    archive.done("c.tif", "def", [image_result(1)])

    assert per_image(archive.engine) == [
        (None, None, None, "a b.tif", "day 1", "a b.tif", "day 1", None, None),
        (None, None, None, "c.tif", "", None, None, None, None),
    ]
