"""Plate maps, as spreadsheets write them, and as people mistype them."""

from pathlib import Path

import pytest

from nuqleus.plate_map import PlateMapError, read_plate_map
from nuqleus.well_names import WellPlace


@pytest.fixture
def write(tmp_path: Path):
    def write(data: str | bytes) -> Path:
        path = tmp_path / "platemap.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return write


EXPECTED = {WellPlace(0, 0): {"compound": "DMSO", "dose": "0,5"}, WellPlace(1, 11): {"compound": "µ-drug"}}


@pytest.mark.parametrize(
    "data",
    [
        'well,compound,dose\nA01,DMSO,"0,5"\nB12,µ-drug,\n',
        "\ufeffWell;compound;dose\r\na1;DMSO;0,5\r\n\r\nB12;µ-drug;\r\n;;\r\n",
        "compound\twell\tdose\nDMSO\t A001 \t0,5\nµ-drug\tb12",
        "well;compound;dose\nA1;DMSO;0,5\nB12;µ-drug".encode("cp1252"),
        "well\tcompound\tdose\nA1\tDMSO\t0,5\nB12\tµ-drug\n".encode("utf-16"),
        "\ufeffsep=;\r\nwell;compound;dose\r\nA1;DMSO;0,5\r\nB12;µ-drug;\r\n",
        "SEP=\t\nwell\tcompound\tdose\nA1\tDMSO\t0,5\nB12\tµ-drug\n",
        'well,compound,dose\rA1,DMSO,"0,5"\rB12,µ-drug,\r',
    ],
)
def test_what_spreadsheets_write(write, data: str | bytes):
    assert read_plate_map(write(data)) == EXPECTED


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "is empty"),
        ("compound,dose\nDMSO,1", "no column well. Its columns: 'compound', 'dose'"),
        ("well,dose,dose\nA1,1,2", "two columns 'dose'"),
        ("well,dose\nA1,1\nB1,2\na01,3", "line 4: well A01 is there twice; first in line 2"),
        ("well,dose\nA1,1\nZ99,2", "line 3: 'Z99' is no well"),
        ("well,dose\nA1,1\n,2", "line 3: '' is no well"),
        ("well,dose\nA1,1,5", "line 2: 3 cells, but 2 columns"),
        ('well,dose\nA1,"1', "line 2"),
        ("well,dose\n", "no well below it"),
        ("sep=;\nwell;dose\nA1;1\nZ99;2", "line 4: 'Z99' is no well"),
        ("well\r\nA1", None),
    ],
)
def test_what_makes_no_sense_is_named(write, data: str, message: str | None):
    if message is None:
        assert read_plate_map(write(data)) == {WellPlace(0, 0): {}}
        return
    with pytest.raises(PlateMapError, match=message):
        read_plate_map(write(data))


def test_tabs_and_line_ends_within_a_cell_are_spaces(write):
    assert read_plate_map(write('well,dose\nA1,"1\tµM\nfor 2  h"\n')) == {
        WellPlace(0, 0): {"dose": "1 µM for 2 h"}
    }


def test_a_file_that_is_no_map_is_not_read(write):
    with pytest.raises(PlateMapError, match="no plate map"):
        read_plate_map(write(b"a" * (10 * 2**20 + 1)))


def test_a_file_that_is_gone(tmp_path: Path):
    with pytest.raises(PlateMapError, match="can't be read"):
        read_plate_map(tmp_path / "none.csv")
