"""The examples of docs/queries.md about plates and folders, asked about populations that are large enough."""

from sqlalchemy import insert, update

from benchmarks.cell_cycle import PHASES, draw_population
from nuqleus.database.engine import writing
from nuqleus.database.group_statistics import GroupStatistics
from nuqleus.database.tables import Image, Plate, Well
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.integration.database.measured_images import add_alike, add_image, with_contents
from tests.integration.database.test_cookbook import run
from tests.integration.database.test_well_statistics import fill_well


def test_phases_are_counted_per_folder_and_per_well(archive: Archive):
    population = draw_population(900)
    add_image(archive, "a/cells.tif", with_contents(population.contents))
    on_plate = add_image(archive, "b/cells.tif", with_contents(population.contents))
    well_id = fill_well(archive, "B02", [image_result(1)])
    with writing(archive.engine) as connection:
        connection.execute(update(Image).where(Image.id == on_plate).values(well_id=well_id))
    GroupStatistics(archive.engine).refresh_all()

    per_folder = {(row[0], row[2]): row[3] for row in run(archive, "Phases of the cell cycle, per folder")}
    per_well = {row[3]: row[4] for row in run(archive, "Phases of the cell cycle, per well")}
    counts = {phase: per_folder["a/", phase] for phase in PHASES}
    assert sum(counts.values()) == 900
    assert per_well == counts | {"not known": 1}
    assert {phase: per_folder["b/", phase] for phase in PHASES} == counts
    assert counts == {"sub-G1": 27, "G1": 497, "S": 133, "G2/M": 220, ">4N": 23}
    listed = run(archive, "How much DNA nuclei have").all()
    assert [row[2] for row in listed[:900]] == list(range(1, 901))


def test_wells_of_two_plates_of_one_name_are_not_added_up(archive: Archive):
    fill_well(archive, "B02", [image_result(2)])
    elsewhere = archive.done("g/P_B02_s1.tif", "elsewhere", [image_result(2)])
    with writing(archive.engine) as connection:
        connection.execute(insert(Plate).values(id=2, name="P", folder="g", convention="?"))
        connection.execute(insert(Well).values(id=2, plate_id=2, name="B02", row=1, col=1))
        connection.execute(update(Image).where(Image.file_id == elsewhere).values(well_id=2, site=1))

    rows = run(archive, "Phases of the cell cycle, per well").all()

    assert [(row.plate, row.well, row.nuclei, row.group_key) for row in rows] == [
        ("P", "B02", 2, "plate:1"),
        ("P", "B02", 2, "plate:2"),
    ]


def test_it_is_said_how_many_images_of_a_folder_stand_out(archive: Archive):
    add_alike(archive, "a/")
    add_image(archive, "a/odd.tif", background=5000)
    GroupStatistics(archive.engine, archive.clock).refresh_all()

    (row,) = run(archive, "How many images of each plate and folder stand out")
    assert tuple(row)[:3] == ("folder:a/", 13, 1)
    assert str(row.as_of)[:19] == "2023-11-14 22:13:20"
