"""`platemap.csv` in a plate's folder is found by itself, and read again when it changes."""

import logging
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from nuqleus.database.engine import reading, writing
from nuqleus.database.plate_maps import attach_plate_map, find_plate_named
from nuqleus.database.plates import record_fields
from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.well_names import Well
from scheduler.plates.plate_map_files import PlateMapFiles
from scheduler.scanner import Scanner
from tests.conftest import Clock


class Folder:
    def __init__(self, root: Path, engine: Engine, clock: Clock) -> None:
        self.root, self.engine, self._clock = root, engine, clock
        self.maps = PlateMapFiles(root, engine, 2.0, clock)
        (root / "p").mkdir(parents=True)

    def look(self) -> None:
        for _ in range(2):
            self.maps.look(Scanner(self.root).scan())
            self._clock.advance(3.0)

    def write(self, content: str, path: str = "p/platemap.csv") -> None:
        (self.root / path).write_text(content, encoding="utf-8")

    def annotations(self) -> list[tuple[str, str, str]]:
        query = "SELECT w.name, a.name, a.value FROM well_annotations a JOIN wells w ON w.id = a.well_id ORDER BY 1, 2"
        with reading(self.engine) as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def folder(tmp_path: Path, engine: Engine, clock: Clock) -> Folder:
    with writing(engine) as connection:
        record_fields(connection, [FieldFile("InCell", FieldPlace("p", "P", "A01", 1, 0), None, "w1")])
    return Folder(tmp_path / "inbox", engine, clock)


def test_it_is_attached_and_again_when_it_changes(folder: Folder):
    folder.write("\ufeffwell;dose\na1;5\n")
    folder.look()
    assert folder.annotations() == [("A01", "dose", "5")]

    folder.write("\ufeffwell;dose\na1;17\n")
    folder.look()
    assert folder.annotations() == [("A01", "dose", "17")]


def test_a_file_in_another_folder_is_of_no_plate(folder: Folder):
    folder.write("well,dose\na1,5\n", "platemap.csv")
    folder.write("well,dose\na1,5\n", "p/my platemap.csv")
    folder.look()

    assert folder.annotations() == []


def test_one_that_a_person_attached_later_stays(folder: Folder, clock: Clock):
    folder.write("well,dose\na1,5\n")
    folder.look()
    plate = find_plate_named(folder.engine, "P")
    attach_plate_map(folder.engine, plate.id, {Well(0, 0): {"dose": "7"}})

    folder.maps = PlateMapFiles(folder.root, folder.engine, 2.0, clock)
    folder.look()

    assert folder.annotations() == [("A01", "dose", "7")]


def test_what_makes_no_sense_is_said_once(folder: Folder, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    folder.write("well,dose\na1,5\nA01,6\n")
    folder.look()
    folder.look()

    assert folder.annotations() == []
    assert [message for message in caplog.messages if "A01 is there twice" in message] == caplog.messages
    assert len(caplog.messages) == 1
