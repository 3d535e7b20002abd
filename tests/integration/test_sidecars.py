"""Sidecars: read once per version, by a child, and trusted no further than anything else that was dropped."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from nuqleus.database.engine import reading
from nuqleus.database.plates import plate_channels
from nuqleus.database.tables import Plate
from scheduler.plates import sidecar_process
from scheduler.plates import sidecars as sidecars_module
from scheduler.plates.conventions import parse_path
from scheduler.plates.sidecar_xml import SidecarError
from scheduler.plates.sidecars import Sidecars
from scheduler.scanner import Scanner
from tests.conftest import Clock
from tests.drawn_plates import CONVENTIONS, DrawnPlate, Part

WELLS = ("B02", "H12")


class SidecarFolder:
    """A watched folder, and its sidecars."""

    def __init__(self, root: Path, engine: Engine, clock: Clock) -> None:
        self.root = root
        self.engine = engine
        self._clock = clock
        self.sidecars = Sidecars(root, engine, 2.0, clock)

    def update(self) -> None:
        """Twice, so that what is there has settled."""
        for _ in range(2):
            self.sidecars.update(Scanner(self.root).scan())
            self._clock.advance(3.0)

    def plates(self):
        with reading(self.engine) as connection:
            return connection.execute(select(*Plate.__table__.columns)).all()

    def channels(self) -> list[tuple[int, str, str, float | None]]:
        with reading(self.engine) as connection:
            channels = plate_channels(connection, 1)
            return [(one.channel, one.key, one.name, one.wavelength) for one in channels]


@pytest.fixture
def folder(tmp_path: Path, engine: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> SidecarFolder:
    monkeypatch.setattr(sidecars_module, "WAIT_SECONDS", 120.0)  # a busy machine starts no reader in seconds
    (tmp_path / "inbox").mkdir()
    return SidecarFolder(tmp_path / "inbox", engine, clock)


CHANNELS = {
    "ImageXpress": [(0, "w1", "DAPI", None), (1, "w2", "FITC", None), (2, "w3", "TRITC", None)],
    "Opera Phenix": [(0, "ch1", "DAPI", 365), (1, "ch2", "FITC", 480), (2, "ch3", "TRITC", 545)],
    "CellVoyager": [(0, "C01", "C01", None), (1, "C02", "C02", None), (2, "C03", "C03", None)],
    "InCell": [
        (0, "UV - DAPI", "DAPI", 365),
        (1, "Blue - FITC", "FITC", 480),
        (2, "Green - TRITC", "TRITC", 545),
    ],
}
PIXEL_SIZES = {"ImageXpress": None, "Opera Phenix": 0.325, "CellVoyager": 0.325, "InCell": 0.325}


@pytest.mark.parametrize("convention", CHANNELS)
def test_each_convention_s_sidecars_describe_the_plate(folder: SidecarFolder, convention: str):
    plate = DrawnPlate(convention, WELLS)
    plate.write(folder.root / "Plate1")

    folder.update()

    (row,) = folder.plates()
    assert (row.name, row.folder, row.convention, row.rows, row.cols) == (
        "Plate1",
        "Plate1",
        convention,
        8,
        12,
    )
    assert row.pixel_size_um == (
        None if PIXEL_SIZES[convention] is None else pytest.approx(PIXEL_SIZES[convention])
    )
    assert folder.channels() == CHANNELS[convention]


@pytest.mark.parametrize("convention", CHANNELS)
@pytest.mark.parametrize("planes", [1, 3])
def test_they_list_what_a_field_is_to_have(folder: SidecarFolder, convention: str, planes: int):
    plate = DrawnPlate(convention, WELLS, planes=planes)
    plate.write(folder.root / "Plate1")
    folder.update()

    expected: dict = {}
    for part in plate.parts():
        file = parse_path(f"Plate1/{plate.path(part)}")
        expected.setdefault(file.place, set()).add((file.channel, file.z))
    for place, parts in expected.items():
        lists_steps = convention != "ImageXpress" or planes == 1
        listed = folder.sidecars.listed(place)
        assert (set(listed) if listed else None) == (parts if lists_steps else None)


def test_a_list_says_what_is_missing(folder: SidecarFolder):
    whole, missing = DrawnPlate("Opera Phenix", WELLS), Part("B02", 0, 1)
    DrawnPlate("Opera Phenix", WELLS, without=frozenset({missing})).write(
        folder.root / "Plate1", sidecar=False
    )
    for path, text in whole.sidecars().items():
        (folder.root / "Plate1" / path).write_text(text)

    folder.update()

    place = parse_path(f"Plate1/{whole.path(missing)}").place
    assert folder.sidecars.listed(place) == {("ch1", 0), ("ch2", 0), ("ch3", 0)}


def test_each_version_is_read_once(folder: SidecarFolder, monkeypatch: pytest.MonkeyPatch):
    started = []

    class Counted(sidecars_module.SidecarProcess):
        def __init__(self, path: Path) -> None:
            started.append(path.name)
            super().__init__(path)

    monkeypatch.setattr(sidecars_module, "SidecarProcess", Counted)
    DrawnPlate("ImageXpress", WELLS).write(folder.root / "Plate1")
    folder.update()
    folder.update()
    assert started == ["Plate1.HTD"]

    sidecar = folder.root / "Plate1/Plate1.HTD"
    sidecar.write_text(sidecar.read_text().replace("TRITC", "Cy5"))
    folder.update()
    assert started == ["Plate1.HTD"] * 2
    assert folder.channels()[2][2] == "Cy5"


LAUGHS = (
    """<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;&l;&l;&l;&l;&l;">]><ImageStack>&m;</ImageStack>"""
)
ROBBER = """<!DOCTYPE a [<!ENTITY s SYSTEM "file:///etc/passwd">]><ImageStack>&s;</ImageStack>"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<ImageStack><Image filename=", "counts as none: unclosed token"),
        (LAUGHS, "counts as none: it has a document type"),
        (ROBBER, "counts as none: it has a document type"),
        ("<a>" * 200, "counts as none: it is nested"),
        ("", "counts as none: no element found"),
        ("\0\1\2", "counts as none: "),
    ],
)
def test_a_damaged_one_counts_as_none_and_is_said(
    folder: SidecarFolder, caplog: pytest.LogCaptureFixture, text: str, message: str
):
    DrawnPlate("InCell", WELLS).write(folder.root / "Plate1", sidecar=False)
    (folder.root / "Plate1/Plate1.xdce").write_text(text)

    folder.update()
    folder.update()

    assert [said for said in caplog.messages if "Plate1.xdce can't be read" in said and message in said]
    assert len(caplog.messages) == 1
    assert "once it is copied again" in caplog.text
    assert folder.plates() == []


def test_a_link_is_not_followed(folder: SidecarFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "outside.xdce").write_text("<ImageStack/>")
    (folder.root / "a.xdce").symlink_to(tmp_path / "outside.xdce")

    folder.update()

    assert folder.plates() == []


def test_a_reader_that_hangs_is_ended(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sidecar_process, "COMMAND", ("sleep", "1000"))
    (tmp_path / "1").write_text("<ImageStack/>")
    process = sidecar_process.SidecarProcess(tmp_path / "1", clock)
    assert process.poll(0.0) is None

    clock.advance(121.0)
    with pytest.raises(SidecarError, match="more than 120 s"):
        process.poll(0.0)


def test_a_large_one_is_not_read(tmp_path: Path):
    with (tmp_path / "a.xdce").open("wb") as file:
        file.truncate(sidecar_process.LARGEST + 1)

    with pytest.raises(SidecarError, match="more than 512 MiB"):
        sidecar_process.SidecarProcess(tmp_path / "a.xdce")


def test_names_of_channels_are_in_one_line(folder: SidecarFolder):
    plate = DrawnPlate("ImageXpress", WELLS)
    plate.write(folder.root / "Plate1", sidecar=False)
    text = plate.sidecars()["Plate1.HTD"].replace('"FITC"', '"Alexa\t488\n(FITC)"')
    (folder.root / "Plate1/Plate1.HTD").write_text(text)
    folder.update()

    assert folder.channels()[1][2] == "Alexa 488 (FITC)"


def test_actions_of_a_cellvoyager_are_listed_as_the_one_field_that_they_are(folder: SidecarFolder):
    plate = DrawnPlate("CellVoyager", WELLS)
    plate.write(folder.root / "Plate1", sidecar=False)
    for part in plate.parts():
        path = folder.root / "Plate1" / plate.path(part)
        path.rename(str(path).replace("A01Z", f"A{part.channel + 1:02d}Z"))
    text = plate.sidecars()["MeasurementData.mlf"]
    for channel in (2, 3):
        text = re.sub(rf"A01Z01C{channel:02d}", f"A{channel:02d}Z01C{channel:02d}", text)
    (folder.root / "Plate1/MeasurementData.mlf").write_text(text)
    folder.update()

    place = parse_path(f"Plate1/{plate.path(Part('B02', 0, 0))}").place
    assert set(folder.sidecars.listed(place)) == {("C01", 0), ("C02", 0), ("C03", 0)}


def test_names_of_plates_that_come_after_their_sidecar(folder: SidecarFolder):
    plate = DrawnPlate("ImageXpress", WELLS)
    (folder.root / "Plate1").mkdir()
    (folder.root / "Plate1/Plate1.HTD").write_text(plate.sidecars()["Plate1.HTD"])
    folder.update()
    assert folder.plates() == []

    plate.write(folder.root / "Plate1", sidecar=False)
    folder.update()
    assert [row.name for row in folder.plates()] == ["Plate1"]


def test_a_copy_of_a_plate_s_file_is_no_plate_of_its_own(folder: SidecarFolder):
    plate = DrawnPlate("CellVoyager", WELLS)
    plate.write(folder.root)
    (folder.root / f"Copy of {plate.path(Part('B02', 0, 0))}").write_bytes(b"changed")
    folder.update()

    assert [row.name for row in folder.plates()] == ["Plate1"]


def test_every_convention_is_drawn():
    for convention in CONVENTIONS:
        plate = DrawnPlate(convention, WELLS, planes=2)
        paths = [plate.path(part) for part in plate.parts()]
        assert len(set(paths)) == len(paths) == 2 * 2 * 3 * 2
