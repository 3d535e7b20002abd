"""Plates whose folder is renamed stay the plates that they are; those without files are plates no longer."""

import shutil

import pytest
from sqlalchemy import text, update

from nuqleus.database.engine import reading, writing
from nuqleus.database.files.forgetting import find_forgettable, forget_files
from nuqleus.database.named_plates import find_plate_named, known_plates
from nuqleus.database.plate_maps import attach_plate_map
from nuqleus.database.tables import PlateChannel
from nuqleus.database.well_statistics import WellStatistics
from nuqleus.well_names import parse_well
from tests.integration.everyday.conftest import FIELD_SECONDS, Lab
from tests.integration.everyday.fields_lab import images, name, put, put_field, settle

WELL = parse_well("B02")


def rows(lab: Lab, query: str) -> list[tuple]:
    with reading(lab.engine) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def plates(lab: Lab) -> dict[str, int]:
    """Ids by folder and name."""
    return {plate.path: plate.id for plate in known_plates(lab.engine)}


def annotations(lab: Lab) -> list[tuple]:
    return rows(
        lab,
        "SELECT p.folder, w.name, a.name, a.value FROM well_annotations a JOIN wells w ON w.id = a.well_id "
        "JOIN plates p ON p.id = w.plate_id ORDER BY p.folder",
    )


def annotate(lab: Lab, plate: str, dose: str) -> None:
    attach_plate_map(lab.engine, find_plate_named(lab.engine, plate).id, {WELL: {"dose": dose}})


def wells_of_images(lab: Lab) -> list[tuple]:
    return rows(
        lab,
        "SELECT DISTINCT p.folder, w.name FROM images i LEFT JOIN wells w ON w.id = i.well_id "
        "LEFT JOIN plates p ON p.id = w.plate_id ORDER BY 1",
    )


@pytest.fixture
def plate(lab: Lab) -> Lab:
    """Two fields in one well, processed and annotated, with statistics of their well."""
    put_field(lab, 1, nuclei=3), put_field(lab, 2, nuclei=5)
    settle(lab)
    annotate(lab, "P", "5 µM")
    WellStatistics(lab.engine, lab.clock).refresh_all()
    return lab


def test_a_renamed_plate_stays_the_same_with_map_and_statistics(plate: Lab):
    before, statistics = plates(plate), rows(plate, "SELECT * FROM well_statistics ORDER BY 1, 2, 3, 4, 5")
    (plate.inbox / "P").rename(plate.inbox / "Q")
    settle(plate)

    assert plates(plate) == {"Q/P": before["P/P"]}
    assert annotations(plate) == [("Q", "B02", "dose", "5 µM")]
    assert rows(plate, "SELECT * FROM well_statistics ORDER BY 1, 2, 3, 4, 5") == statistics
    assert WellStatistics(plate.engine).outdated() == []
    assert plate.segmenter.segmented == 2


def test_there_and_back_and_into_another_folder(plate: Lab):
    before = plates(plate)["P/P"]
    for old, new in (("P", "Q"), ("Q", "P"), ("P", "far/away")):
        (plate.inbox / new).parent.mkdir(exist_ok=True)
        (plate.inbox / old).rename(plate.inbox / new)
        settle(plate)
        assert plates(plate) == {f"{new}/P": before}
    assert annotations(plate) == [("far/away", "B02", "dose", "5 µM")]
    assert wells_of_images(plate) == [("far/away", "B02")]


def test_renamed_twice_before_anybody_looks_and_once_while_its_fields_move(plate: Lab):
    before = plates(plate)["P/P"]
    (plate.inbox / "P").rename(plate.inbox / "Q")
    plate.settle()
    (plate.inbox / "Q").rename(plate.inbox / "R")
    settle(plate)

    assert plates(plate) == {"R/P": before}
    assert plate.segmenter.segmented == 2


def test_a_copy_is_a_plate_of_its_own(plate: Lab):
    shutil.copytree(plate.inbox / "P", plate.inbox / "Q")
    settle(plate)

    assert plates(plate).keys() == {"P/P", "Q/P"}
    assert annotations(plate) == [("P", "B02", "dose", "5 µM")]


def test_a_plate_of_which_a_part_is_moved_stays_and_the_part_is_another(plate: Lab):
    (plate.inbox / "Q").mkdir()
    for channel in (1, 2, 3):
        (plate.inbox / name(channel, 2)).rename(plate.inbox / name(channel, 2).replace("P/", "Q/", 1))
    settle(plate)

    assert plates(plate).keys() == {"P/P", "Q/P"}
    assert wells_of_images(plate) == [("P", "B02"), ("Q", "B02")]
    assert plate.segmenter.segmented == 2


def test_what_is_new_in_the_renamed_folder_is_of_the_same_plate(plate: Lab):
    before = plates(plate)["P/P"]
    (plate.inbox / "P").rename(plate.inbox / "Q")
    for channel in (1, 2, 3):
        put(plate, f"Q/P_C03_s1_w{channel}.tif", 4, value=100 + channel)
    settle(plate)

    assert plates(plate) == {"Q/P": before}
    assert wells_of_images(plate) == [("Q", "B02"), ("Q", "C03")]
    assert len(images(plate)) == 3


def test_a_field_that_changed_in_the_renamed_folder_counts_once_in_its_well(plate: Lab):
    put_field(plate, 3, nuclei=1)
    settle(plate)
    (plate.inbox / name(2, 1)).unlink()
    settle(plate)
    (plate.inbox / "P").rename(plate.inbox / "Q")
    put(plate, "Q/P_B02_s2_w2.tif", 5, value=99)
    settle(plate, FIELD_SECONDS), settle(plate)
    WellStatistics(plate.engine, plate.clock).refresh_all()

    assert plates(plate).keys() == {"Q/P"}
    assert len(images(plate)) == 5  # those of before are kept, with their vanished paths
    assert rows(plate, "SELECT fields, nuclei FROM well_summary") == [(3, 9)]


def test_a_map_that_was_attached_to_the_new_folder_meanwhile_stays(plate: Lab):
    (plate.inbox / "P").rename(plate.inbox / "Q")
    plate.tick(), plate.tick(2.0), plate.tick(10.0)
    annotate(plate, "Q", "9 µM")
    settle(plate)

    assert annotations(plate) == [("Q", "B02", "dose", "9 µM")]


def test_a_map_that_a_person_attached_outlasts_the_file_that_it_replaced(plate: Lab):
    attached = find_plate_named(plate.engine, "P").id, {WELL: {"dose": "by the file"}}
    attach_plate_map(plate.engine, *attached, "P/platemap.csv, 9 bytes, 1 ns")
    annotate(plate, "P", "by a person")
    (plate.inbox / "P").rename(plate.inbox / "Q")
    plate.tick(), plate.tick(2.0), plate.tick(10.0)
    moved = find_plate_named(plate.engine, "Q").id, {WELL: {"dose": "by the file"}}
    attach_plate_map(plate.engine, *moved, "Q/platemap.csv, 9 bytes, 1 ns")
    settle(plate)

    assert annotations(plate) == [("Q", "B02", "dose", "by a person")]
    assert rows(plate, "SELECT plate_map FROM plates") == [("Q/platemap.csv, 9 bytes, 1 ns",)]


def test_channels_keep_the_numbers_that_results_name_them_by(plate: Lab):
    with writing(plate.engine) as connection:
        for key, number in (("w2", 2), ("w3", 1)):  # as where w2 came late
            connection.execute(update(PlateChannel).where(PlateChannel.key == key).values(channel=number))
    (plate.inbox / "P").rename(plate.inbox / "Q")
    settle(plate)

    assert plates(plate).keys() == {"Q/P"}
    assert rows(plate, "SELECT key, channel FROM plate_channels ORDER BY 2") == [
        ("w1", 0),
        ("w3", 1),
        ("w2", 2),
    ]
    assert plate.segmenter.segmented == 2


def test_a_plate_whose_first_file_alone_is_missing_in_the_copy_s_place_is_processed(plate: Lab):
    """What looks like a move of a whole field, and is none, goes round once."""
    shutil.copytree(plate.inbox / "P", plate.inbox / "Q")
    (plate.inbox / name(1, 1)).unlink()
    settle(plate)

    assert len(images(plate)) == 4


def test_a_forgotten_plate_is_a_plate_no_longer(plate: Lab):
    shutil.rmtree(plate.inbox / "P")
    plate.drop("others/a.png")
    settle(plate, FIELD_SECONDS)
    assert plates(plate).keys() == {"P/P"}  # its results are kept

    forget_files(plate.engine, find_forgettable(plate.engine, ["P"]).file_ids)

    assert plates(plate) == {}
    assert annotations(plate) == []


def test_one_whose_files_were_deleted_by_other_tools_goes_as_well(plate: Lab):
    shutil.rmtree(plate.inbox / "P")
    plate.drop("others/a.png")
    with writing(plate.engine) as connection:
        connection.execute(text("DELETE FROM files WHERE path LIKE 'P/%'"))
    settle(plate, FIELD_SECONDS)

    assert plates(plate) == {}


def test_one_that_is_forgotten_and_still_there_is_found_again_as_it_was(plate: Lab):
    before = plates(plate)
    forget_files(plate.engine, find_forgettable(plate.engine, ["P"]).file_ids)
    plate.restart()
    settle(plate)

    assert plates(plate) == before
    assert len(images(plate)) == 2
