"""`platemap.csv` in a plate's folder is found by itself, and read again when it changes."""

import logging
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from nuqleus.database.engine import reading, writing
from nuqleus.database.named_plates import find_plate_named
from nuqleus.database.plate_maps import attach_plate_map
from nuqleus.database.plate_warnings import plate_warnings
from nuqleus.database.plates import record_fields
from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.well_names import WellPlace
from scheduler.plates.plate_map_files import PlateMapFiles
from scheduler.plates.plate_warnings import PlateWarnings
from scheduler.scanner import Scanner
from tests.conftest import Clock


class MapFolder:
    def __init__(self, root: Path, engine: Engine, clock: Clock) -> None:
        self.root, self.engine, self._clock = root, engine, clock
        self.maps = PlateMapFiles(root, engine, 2.0, clock)
        self.warnings = PlateWarnings(engine, [self.maps], clock)
        (root / "p").mkdir(parents=True)

    def update(self) -> None:
        for _ in range(2):
            scan = Scanner(self.root).scan()
            self.maps.update(scan)
            self.warnings.update(scan)
            self._clock.advance(3.0)

    def write(self, content: str, path: str = "p/platemap.csv") -> None:
        (self.root / path).write_text(content, encoding="utf-8")

    def told(self) -> list[str]:
        return [warning.message for warning in plate_warnings(self.engine) if warning.kind == "plate-map"]

    def annotations(self) -> list[tuple[str, str, str]]:
        query = "SELECT w.name, a.name, a.value FROM well_annotations a JOIN wells w ON w.id = a.well_id ORDER BY 1, 2"
        with reading(self.engine) as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def folder(tmp_path: Path, engine: Engine, clock: Clock) -> MapFolder:
    with writing(engine) as connection:
        record_fields(connection, [FieldFile("InCell", FieldPlace("p", "P", "A01", 1, 0), None, "w1")])
    return MapFolder(tmp_path / "inbox", engine, clock)


def test_it_is_attached_and_again_when_it_changes(folder: MapFolder):
    folder.write("\ufeffwell;dose\na1;5\n")
    folder.update()
    assert folder.annotations() == [("A01", "dose", "5")]

    folder.write("\ufeffwell;dose\na1;17\n")
    folder.update()
    assert folder.annotations() == [("A01", "dose", "17")]


def test_a_file_in_another_folder_is_of_no_plate(folder: MapFolder):
    folder.write("well,dose\na1,5\n", "platemap.csv")
    folder.write("well,dose\na1,5\n", "p/my platemap.csv")
    folder.update()

    assert folder.annotations() == []


def test_one_that_a_person_attached_later_stays(folder: MapFolder, clock: Clock):
    folder.write("well,dose\na1,5\n")
    folder.update()
    plate = find_plate_named(folder.engine, "P")
    attach_plate_map(folder.engine, plate.id, {WellPlace(0, 0): {"dose": "7"}})

    folder.maps = PlateMapFiles(folder.root, folder.engine, 2.0, clock)
    folder.update()

    assert folder.annotations() == [("A01", "dose", "7")]


def test_what_makes_no_sense_is_said_once(folder: MapFolder, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    folder.write("well,dose\na1,5\nA01,6\n")
    folder.update()
    folder.update()

    assert folder.annotations() == []
    assert [message for message in caplog.messages if "A01 is there twice" in message] == caplog.messages
    assert len(caplog.messages) == 1


def test_and_kept_for_the_status_until_it_is_put_right(folder: MapFolder):
    folder.write("well,dose\na1,5\n")
    folder.update()
    folder.write("well,dose\nZ99,5\n")
    folder.update()
    (told,) = folder.told()
    assert "'Z99' is no well" in told
    assert "What was said of the plate's wells before stays." in told
    assert folder.annotations() == [("A01", "dose", "5")]

    folder.write("well,dose\na1,7\n")
    folder.update()
    assert folder.told() == []
    assert folder.annotations() == [("A01", "dose", "7")]


def test_what_makes_no_sense_is_not_said_again_after_a_restart(
    folder: MapFolder, clock: Clock, caplog: pytest.LogCaptureFixture
):
    folder.write("well,dose\nZ99,5\n")
    folder.update()
    caplog.set_level(logging.WARNING), caplog.clear()
    folder.maps = PlateMapFiles(folder.root, folder.engine, 2.0, clock)
    folder.warnings = PlateWarnings(folder.engine, [folder.maps], clock)
    folder.update(), folder.update()

    assert caplog.messages == []
    assert len(folder.told()) == 1


def test_a_map_with_a_header_alone_empties_no_other(folder: MapFolder):
    folder.write("well,dose\na1,5\n")
    folder.update()
    folder.write("well,dose\n")
    folder.update()

    assert folder.annotations() == [("A01", "dose", "5")]
    assert "no well below it" in folder.told()[0]


def test_its_name_may_be_written_in_any_case(folder: MapFolder):
    folder.write("well,dose\na1,5\n", "p/PlateMap.CSV")
    folder.update()

    assert folder.annotations() == [("A01", "dose", "5")]


def test_two_in_a_folder_are_named_and_none_is_taken(folder: MapFolder):
    folder.write("well,dose\na1,5\n", "p/PlateMap.csv")
    folder.write("well,dose\na1,6\n")
    folder.update()

    assert folder.annotations() == []
    assert "several plate maps, p/PlateMap.csv, p/platemap.csv: leave one" in folder.told()[0]


def test_one_that_is_deleted_is_said_unless_the_whole_plate_is_gone(folder: MapFolder, clock: Clock):
    folder.write("well,dose\na1,5\n")
    folder.write("", "p/a.tif")
    folder.update()
    (folder.root / "p/platemap.csv").unlink()
    folder.update()
    assert folder.told() == [
        "p/platemap.csv is gone. What it said of the wells of P stays; `nuqleus platemap` puts another map in its "
        "place."
    ]

    folder.maps = PlateMapFiles(folder.root, folder.engine, 2.0, clock)
    folder.warnings = PlateWarnings(folder.engine, [folder.maps], clock)
    folder.update()
    assert len(folder.told()) == 1

    (folder.root / "p/a.tif").unlink()
    folder.update()
    assert folder.told() == []
    assert folder.annotations() == [("A01", "dose", "5")]
