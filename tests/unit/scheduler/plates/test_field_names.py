"""A folder's names are judged together, and what was recognised stays so."""

import logging

import pytest

from nuqleus.file_stat import FileStat
from scheduler.file_stats import FileStats
from scheduler.plates.field_names import PlateNames
from scheduler.scanner import Scan

PLATE = [f"p/P_A0{col}_s1_w{channel}.tif" for col in range(1, 6) for channel in (1, 2)]


def scan_of(*paths: str) -> Scan:
    return Scan(FileStats((path, FileStat(1, 1, 1, 1)) for path in paths))


def never_ignored(_path: str, _scan: Scan) -> bool:
    return False


@pytest.fixture
def names() -> PlateNames:
    return PlateNames(never_ignored)


def test_a_folder_named_like_a_plate_is_one(names: PlateNames, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    scan = scan_of(*PLATE)

    places = [names.place(path, scan) for path in PLATE]

    assert {place.place.well for place in places if place} == {"A01", "A02", "A03", "A04", "A05"}
    assert [message for message in caplog.messages if "ImageXpress" in message] == [
        "p: a plate, named as ImageXpress does."
    ]


def test_one_in_ten_may_be_called_otherwise(names: PlateNames):
    nine = PLATE[:9]

    assert names.place(nine[0], scan_of(*nine, "p/overview.tif", "p/note.txt", "q/a.tif", "q/b.tif"))


def test_two_in_ten_are_too_many(names: PlateNames):
    assert names.place(PLATE[0], scan_of(*PLATE[:8], "p/a.tif", "p/b.tif")) is None


def test_what_is_no_image_does_not_count():
    thumbs = [f"p/P_A0{col}_s1_w1_thumb.tif" for col in range(1, 6)]
    names = PlateNames(lambda path, _scan: "_thumb" in path)

    assert names.place(PLATE[0], scan_of(*PLATE, *thumbs))


def test_a_stray_file_stands_alone_and_others_stay_together(names: PlateNames):
    names.place(PLATE[0], scan_of(*PLATE))
    strays = [f"p/stray {number}.tif" for number in range(50)]
    later = scan_of(*PLATE, *strays, "p/P_A09_s1_w1.tif")

    assert names.place("p/P_A09_s1_w1.tif", later)
    assert names.place(strays[0], later) is None


def test_the_database_remembers_what_was_recognised():
    scan = scan_of(*PLATE[:2], *(f"p/stray {number}.tif" for number in range(50)))

    assert PlateNames(never_ignored).place(PLATE[0], scan) is None
    assert PlateNames(never_ignored, [("p", "ImageXpress")]).place(PLATE[0], scan)


def test_a_folder_becomes_a_plate_once_enough_of_it_has_come(names: PlateNames):
    assert names.place(PLATE[0], scan_of(PLATE[0], "p/overview.tif")) is None
    assert names.place(PLATE[0], scan_of(*PLATE, "p/overview.tif"))


def test_a_field_whose_key_no_index_holds_is_none(names: PlateNames):
    long = f"{'/'.join(['n' * 200] * 12)}/A01_s1_w1.tif"

    assert len(long) < 2_500
    assert names.place(long, scan_of(long)) is None
