"""A folder's names are judged together, and what was recognised stays so."""

import logging

import pytest

from nuqleus.database.plate_warnings import KnownWarning
from nuqleus.file_stat import FileStat
from nuqleus.rules import Rule, Rules
from scheduler.file_stats import FileStats
from scheduler.plates.field_names import FolderWait, PlateNames
from scheduler.scanner import Scan
from tests.conftest import Clock

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


def test_one_other_file_is_not_too_many_beside_a_small_plate(names: PlateNames):
    assert names.place(PLATE[0], scan_of(*PLATE[:4], "p/overview.tif"))
    assert names.place(PLATE[0].replace("p/", "q/"), scan_of("q/P_A01_s1_w1.tif", "q/overview.tif")) is None


def test_two_other_files_are_and_it_is_said(names: PlateNames):
    scan = scan_of(*PLATE[:4], "p/overview.tif", "p/b.png", "p/readme.txt")
    assert [names.place(path, scan) for path in (*PLATE[:4], "p/overview.tif")] == [None] * 5

    (warning,) = names.warnings(scan)

    assert (warning.kind, warning.path) == ("folder", "p")
    assert warning.message.startswith(
        "p: 4 of 6 image files are named as ImageXpress does (p/P_A01_s1_w1.tif): too few to be a plate"
    )
    assert "2 have other names, for example p/b.png." in warning.message
    assert "`nuqleus retry --regroup p`" in warning.message


def test_nothing_is_said_once_the_others_are_gone(names: PlateNames):
    names.place(PLATE[0], scan_of(*PLATE[:4], "p/a.tif", "p/b.tif"))

    assert names.warnings(scan_of(*PLATE[:4], "p/a.tif")) == []


def test_a_single_file_that_is_called_like_a_plate_s_is_no_news(names: PlateNames):
    scan = scan_of(PLATE[0], "p/a.tif", "p/b.tif")
    assert names.place(PLATE[0], scan) is None
    assert names.warnings(scan) == []


VOYAGER = [f"p/Q_A01_T0001F00{site}L01A01Z01C01.tif" for site in range(1, 5)]


def test_plates_of_two_microscopes_may_share_a_folder(names: PlateNames):
    scan = scan_of(*PLATE, *VOYAGER)

    assert {names.place(path, scan).convention for path in (PLATE[0], VOYAGER[0])} == {
        "ImageXpress",
        "CellVoyager",
    }
    assert names.warnings(scan) == []


def test_but_not_a_name_which_is_said(names: PlateNames):
    rivals = [path.replace("Q_", "P_") for path in VOYAGER]
    scan = scan_of(*PLATE[:4], *rivals)
    assert [names.place(path, scan) for path in (PLATE[0], rivals[0])] == [None, None]

    (warning,) = names.warnings(scan)

    assert "4 of 8 image files are named as CellVoyager does" in warning.message
    assert "4 as ImageXpress does" in warning.message
    assert "a folder of its own" in warning.message


COPIES = ("p/P_A01_s1_w1 (1).tif", "p/P_A01_s1_w1 - Copy.tif", "p/Copy of P_A01_s1_w1.tif")


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_is_no_part_of_a_field_and_no_stray(names: PlateNames, copy: str):
    few, scan = PLATE[:2], scan_of(*PLATE[:2], *COPIES)

    assert names.place(few[0], scan)
    assert names.place(copy, scan) is None
    (warning,) = names.warnings(scan)
    assert (warning.kind, warning.path) == ("copies", "p")
    assert "p: 3 image files are called copies of others" in warning.message


def test_a_copy_of_a_file_that_a_rule_speaks_of_is_said_too():
    rules = Rules([Rule(path="s/*", pattern="_(?P<channel>DAPI|GFP)")])
    names = PlateNames(never_ignored, rules=rules)
    scan = scan_of("s/a_DAPI.tif", "s/a_GFP.tif", "s/a_GFP (1).tif", "s/notes.txt", "s/notes (1).txt")

    assert [names.place(path, scan) is None for path in scan.files] == [False, False, True, True, True]
    assert [(one.kind, one.path) for one in names.warnings(scan) if one.kind == "copies"] == [("copies", "s")]
    assert "s: 1 image file is called a copy of another" in names.warnings(scan)[-1].message


def test_copies_alone_are_no_plate(names: PlateNames):
    assert names.place(COPIES[2], scan_of(COPIES[2])) is None


def test_a_rule_s_files_and_those_of_a_convention_may_share_a_folder():
    rules = Rules([Rule(path="p/*", pattern="(?P<channel>DAPI|GFP)")])
    names = PlateNames(never_ignored, rules=rules)
    ruled = [f"p/{number}_{dye}.tif" for number in range(4) for dye in ("DAPI", "GFP")]

    assert names.place(PLATE[0], scan_of(*PLATE[:2], *ruled)).convention == "ImageXpress"


@pytest.fixture
def patient(clock: Clock) -> PlateNames:
    return PlateNames(never_ignored, folder_wait=FolderWait(10.0, 300.0), clock=clock)


def test_a_file_waits_for_its_folder_while_that_grows(patient: PlateNames, clock: Clock):
    early = scan_of(PLATE[0], "p/a.tif", "p/b.tif")
    assert patient.place(PLATE[0], early) is None
    assert patient.may_belong(PLATE[0], early)
    assert not patient.may_belong("p/a.tif", early)
    assert patient.seconds_to_next() == 10.0
    assert patient.warnings(early) == []

    clock.advance(9.0)
    later = scan_of(*PLATE[:2], "p/a.tif", "p/b.tif")
    patient.place(PLATE[0], later)
    assert patient.may_belong(PLATE[0], later)
    clock.advance(10.0)
    patient.place(PLATE[0], later)
    assert not patient.may_belong(PLATE[0], later)
    assert patient.seconds_to_next() is None
    assert [warning.kind for warning in patient.warnings(later)] == ["folder"]


def test_what_was_said_before_a_restart_stays_said_while_the_folder_grows(patient: PlateNames, clock: Clock):
    scan, said = scan_of(PLATE[0], PLATE[1], "p/a.tif", "p/b.tif"), KnownWarning("folder", "p", "as before")
    patient.recall([said], scan)
    patient.place(PLATE[0], scan)
    assert patient.may_belong(PLATE[0], scan)
    assert patient.warnings(scan) == [said]

    clock.advance(10.0)
    (now,) = patient.warnings(scan)
    assert now.message.startswith("p: 2 of 4 image files")


def test_a_copy_beside_its_original_is_not_waited_with(patient: PlateNames):
    scan = scan_of(*PLATE[:2], COPIES[0])
    patient.place(PLATE[0], scan), patient.place(COPIES[0], scan)
    assert not patient.may_belong(COPIES[0], scan)

    alone = scan_of(PLATE[1], COPIES[0])
    patient.place(COPIES[0], alone)
    assert patient.may_belong(COPIES[0], alone)


def test_but_not_for_ever(patient: PlateNames, clock: Clock):
    for seconds in range(0, 400, 5):
        scan = scan_of(PLATE[0], *(f"p/{number}.tif" for number in range(seconds)), "p/a.tif")
        patient.place(PLATE[0], scan)
        assert patient.may_belong(PLATE[0], scan) == (seconds < 300)
        clock.advance(5.0)


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
