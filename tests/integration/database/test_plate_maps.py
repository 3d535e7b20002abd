"""What is in the wells is attached to a plate, as a whole or not at all."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from cli.main import main
from nuqleus.database.engine import reading, writing
from nuqleus.database.plates import record_fields
from nuqleus.fields import FieldFile, FieldPlace
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.integration.database.test_well_statistics import fill_well

QUERY = """SELECT p.folder, w.name, a.name, a.value FROM well_annotations a JOIN wells w ON w.id = a.well_id
           JOIN plates p ON p.id = w.plate_id ORDER BY p.folder, w.name, a.name"""


def annotations(engine: Engine) -> list[tuple[str, ...]]:
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(text(QUERY))]


@pytest.fixture
def platemap(engine: Engine, tmp_path: Path):
    def platemap(plate: str, content: str) -> Result:
        path = tmp_path / "map.csv"
        path.write_text(content, encoding="utf-8")
        url = engine.url.render_as_string(hide_password=False)
        return CliRunner().invoke(main, ["platemap", plate, str(path), "--database", url])

    return platemap


@pytest.fixture
def plates(engine: Engine) -> None:
    with writing(engine) as connection:
        places = [FieldPlace(folder, "P", "A01", 1, 0) for folder in ("a", "b")]
        record_fields(connection, [FieldFile("ImageXpress", place, None, "w1") for place in places])


def test_a_map_replaces_the_one_before(archive: Archive, platemap):
    fill_well(archive, "A01", [image_result()])

    result = platemap("P", "well,compound,dose\na1,DMSO,\nA02,drug,0.5\n")
    assert result.output == "f/P: 2 wells are annotated.\n1 of them have no image so far: A02\n"
    assert annotations(archive.engine) == [
        ("f", "A01", "compound", "DMSO"),
        ("f", "A02", "compound", "drug"),
        ("f", "A02", "dose", "0.5"),
    ]

    assert platemap("f", "well;control\nA01;positive\n").exit_code == 0
    assert annotations(archive.engine) == [("f", "A01", "control", "positive")]


@pytest.mark.parametrize("named", ["b", "b/P", "b/P/"])
def test_one_of_several_plates_of_a_name(engine: Engine, plates: None, platemap, named: str):
    assert platemap(named, "well,dose\nA1,1\n").exit_code == 0

    assert annotations(engine) == [("b", "A01", "dose", "1")]


@pytest.mark.parametrize(
    ("plate", "content", "message"),
    [
        ("P", "well,dose\nA1,1\n", "several plates are called 'P'; name one of a/P, b/P"),
        ("Q", "well,dose\nA1,1\n", "there is no plate 'Q'. Known plates: a/P, b/P"),
        ("a", "well,dose\nA1,1\nA01,2\n", "well A01 is there twice"),
        ("a", "well,dose\nA1,1\nX77,2\n", "'X77' is no well"),
    ],
)
def test_what_can_t_be_attached_changes_nothing(
    engine: Engine, plates: None, platemap, plate, content, message
):
    first = platemap("a", "well,dose\nA1,7\n")
    assert first.exit_code == 0, first.exc_info

    result = platemap(plate, content)

    assert result.exit_code == 1
    assert message in result.output
    assert annotations(engine) == [("a", "A01", "dose", "7")]
