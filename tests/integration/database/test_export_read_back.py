"""Each format, read back by the library that it is for: odd names and odd shapes are there as the database has them."""

import os
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from benchmarks.export_readers import COLUMNS, TABLES
from benchmarks.exports import compare
from nuqleus.database.engine import writing
from nuqleus.database.tables import Image
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import VARIANTS, export
from tests.unit.model.label_images import by_hand

SHAPES = {
    "nothing": "....\n....",
    "one pixel": "....\n.1..",
    "everything": "11\n11",
    "a hole": ".....\n.111.\n.1.1.\n.111.",
    "a nucleus in a hole": "1111\n1221\n1111",
    "a corner": "11..\n11..\n..11\n..11",
    "a hole that a corner closes": ".111.\n.1.1.\n.11..",
    "three pieces": "1.1.1\n.....\n22.22",
    "gaps between labels": "3.7\n3.7",
    "one row": "11.22",
}

NAMES = (
    *(
        "=1+1.tif",
        "+a.tif",
        "-a.tif",
        "@a.tif",
        "a,b;c.tif",
        "a\"b'c.tif",
        "line\nbreak\ttab\r.tif",
        " a .tif",
    ),
    *(
        "🧬.tif",
        "é.tif",
        "e\u0301.tif",
        os.fsdecode(b"\xff.tif"),
        "one/same.tif",
        "other/same.tif",
        "a\\b.tif",
        "{0}%s.tif",
    ),
)


@pytest.fixture
def nuclei(archive: Archive) -> int:
    """Every name, and every shape. Returns how many nuclei there are."""
    shapes = [by_hand(drawing) for drawing in SHAPES.values()]
    named = [(name, shapes[number % len(shapes)]) for number, name in enumerate(NAMES)]
    named += [(f"shapes/{name}.tif", labels) for name, labels in zip(SHAPES, shapes, strict=True)]
    for number, (path, labels) in enumerate(named):
        archive.done(path, str(number), [image_result(labels=labels, channels=2)])
    with writing(archive.engine) as connection:
        connection.execute(update(Image).values(ring_gap=1.0, ring_width=2.0))
    return sum(len(np.unique(labels[labels > 0])) for _, labels in named)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_nucleus_is_read_back_as_it_is_in_the_database(
    variant: str, nuclei: int, database_url: str, tmp_path: Path
):
    result = export(database_url, tmp_path, "--format", *variant.split())

    assert result.exit_code == 0, result.output
    assert compare(database_url, tmp_path, variant, every=1) == nuclei


@pytest.mark.parametrize("variant", VARIANTS)
def test_without_images_there_is_nothing_to_read(
    variant: str, archive: Archive, database_url: str, tmp_path: Path
):
    output = tmp_path / "results"
    result = export(database_url, output, "--format", *variant.split())

    assert result.exit_code == 0, result.output
    if variant in TABLES:
        assert TABLES[variant](output).shape == (0, len(COLUMNS))
    else:
        assert not [path for path in output.rglob("*") if path.is_file()]
