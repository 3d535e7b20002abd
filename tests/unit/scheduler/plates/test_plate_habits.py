"""What all names of a plate say, and none alone: numbers from 0, and actions that take a channel each."""

import pytest

from nuqleus.file_stat import FileStat
from scheduler.file_stats import FileStats
from scheduler.plates.conventions import parse_path
from scheduler.plates.field_names import PlateNames
from scheduler.plates.plate_habits import with_habits
from scheduler.scanner import Scan


def scan_of(*paths: str) -> Scan:
    return Scan(FileStats((path, FileStat(1, 1, 1, 1)) for path in paths))


def place_all(*paths: str):
    names, scan = PlateNames(lambda _path, _scan: False), scan_of(*paths)
    return [names.place(path, scan) for path in paths]


@pytest.mark.parametrize(
    "name",
    ["p/A01_s1_w1_z{}.tif", "p/r01c01f01p{:02d}-ch1sk1fk1fl1.tiff", "p/A - 01(fld 1 wv UV - DAPI z {}).tif"],
)
@pytest.mark.parametrize("first", [0, 1])
def test_planes_count_from_0_whether_names_begin_with_0_or_1(name: str, first: int):
    files = place_all(*(name.format(number) for number in range(first, first + 3)))

    assert [file.z for file in files] == [0, 1, 2]
    assert not any(file.is_projection for file in files)
    assert len({file.field_key for file in files}) == 1


@pytest.mark.parametrize("first", [0, 1])
def test_time_points_count_from_0(first: int):
    files = place_all(*(f"p/P_A01_T{t:04d}F001L01A01Z01C01.tif" for t in range(first, first + 2)))

    assert [file.place.t for file in files] == [0, 1]


def voyager(*actions_and_channels: str) -> list[str]:
    return [f"p/R_B02_T0001F001L01{one}.tif" for one in actions_and_channels]


def test_actions_that_take_a_channel_each_are_one_field():
    files = place_all(*voyager("A01Z01C01", "A02Z01C02", "A03Z01C03"))

    assert len({file.field_key for file in files}) == 1
    assert [file.channel for file in files] == ["C01", "C02", "C03"]


def test_actions_that_take_the_same_channel_have_fields_of_their_own():
    files = place_all(*voyager("A01Z01C01", "A01Z01C02", "A02Z01C01"))

    assert [file.place.part for file in files] == ["L01A01", "L01A01", "L01A02"]


def test_what_is_learned_late_is_told_so_that_files_are_placed_anew():
    names, paths = PlateNames(lambda _path, _scan: False), voyager("A01Z01C01", "A02Z01C02", "A02Z01C01")
    first, both, late = paths
    assert names.place(both, scan_of(first, both)).place.part == "L01A01"
    assert names.take_changed() == frozenset()

    scan = scan_of(*paths)
    assert names.place(late, scan).place.part == "L01A02"
    assert names.take_changed() == {("p", "R")}
    assert names.place(both, scan).place.part == "L01A02"
    assert names.take_changed() == frozenset()


def test_actions_with_fields_of_their_own_that_lack_channels_are_told_of():
    names, paths = PlateNames(lambda _path, _scan: False), voyager("A01Z01C01", "A02Z01C01", "A02Z01C02")
    scan = scan_of(*paths)
    names.place(paths[0], scan)

    (warning,) = names.warnings(scan)

    assert (warning.kind, warning.path) == ("actions", "p/R")
    assert warning.message.startswith(
        "p/R: C01 is taken in A01 and A02, so that each action has fields of its own"
    )

    anew = PlateNames(lambda _path, _scan: False)
    anew.recall([warning], scan)
    assert anew.warnings(scan) == [warning]
    assert anew.warnings(scan_of("q/a.tif")) == []


@pytest.mark.parametrize("others", [("A02Z01C01",), ("A02Z01C02",), ()])
def test_actions_that_take_all_the_same_or_nothing_twice_are_not(others: tuple[str, ...]):
    names, paths = PlateNames(lambda _path, _scan: False), voyager("A01Z01C01", *others)
    scan = scan_of(*paths)
    names.place(paths[0], scan)

    assert names.warnings(scan) == []


def test_plates_of_one_folder_have_habits_of_their_own():
    files = place_all("p/P_A01_s1_w1_z0.tif", "p/P_A01_s1_w1_z1.tif", "p/Q_A01_s1_w1_z1.tif")

    assert [file.z for file in files] == [0, 1, 0]


def test_files_that_a_list_names_have_the_habits_that_the_list_shows():
    listed = [file for path in voyager("A01Z01C01", "A02Z01C02") if (file := parse_path(path))]

    assert {file.place.part for file in with_habits(listed)} == {"L01A01"}
