"""`nuqleus export --format geojson --cells`: cells as far as the rings of their nuclei reach, as QuPath reads them."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from shapely.geometry import shape
from sqlalchemy import update

from nuqleus.database.engine import writing
from nuqleus.database.tables import Image, Nucleus
from tests.examples import image_result, label_image
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export
from tests.integration.database.test_export_outlines import features

GAP, WIDTH = 1.0, 6.5


def add_rings(archive: Archive) -> None:
    with writing(archive.engine) as connection:
        connection.execute(update(Image).values(ring_gap=GAP, ring_width=WIDTH))


def exported(database_url: str, folder: Path, *options: str) -> list[dict]:
    result = export(database_url, folder, "--format", "geojson", "--cells", *options)
    assert result.exit_code == 0, result.output
    return features(folder / "geojson/a.tif.geojson.gz")


def within_reach(labels: np.ndarray) -> np.ndarray:
    """How many pixels are nearest to each nucleus, or as near to it as to another, within its ring's reach."""
    distances = [distance_transform_edt(labels != label) for label in range(1, labels.max() + 1)]
    nearest = np.min(distances, axis=0)
    return np.array([((one == nearest) & (one <= GAP + WIDTH)).sum() for one in distances])


def test_each_nucleus_lies_in_a_cell_of_the_pixels_nearest_to_it(
    archive: Archive, database_url: str, tmp_path: Path
):
    labels = label_image(7)
    archive.done("a.tif", "abc", [image_result(labels=labels)])
    add_rings(archive)

    found = exported(database_url, tmp_path)

    cells, nuclei = ([shape(one[name]) for one in found] for name in ("geometry", "nucleusGeometry"))
    assert {one["properties"]["objectType"] for one in found} == {"cell"}
    assert all(one.is_valid for one in (*cells, *nuclei))
    assert [nucleus.area for nucleus in nuclei] == [
        one["properties"]["measurements"]["area"] for one in found
    ]
    assert all(cell.contains(nucleus) for cell, nucleus in zip(cells, nuclei, strict=True))
    assert all(one.intersection(other).area == 0 for one, other in combinations(cells, 2))
    ties = within_reach(labels).sum() - (distance_transform_edt(labels == 0) <= GAP + WIDTH).sum()
    areas = np.array([cell.area for cell in cells])
    assert areas.sum() == within_reach(labels).sum() - ties
    assert np.all(abs(areas - within_reach(labels)) <= ties)


def test_an_image_in_many_blocks_has_the_same_cells(
    archive: Archive, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    archive.done("a.tif", "abc", [image_result(labels=label_image(7).T.copy())])
    add_rings(archive)
    whole = exported(database_url, tmp_path / "whole")
    monkeypatch.setattr("nuqleus.results.masks.BLOCK_SIDE", 48)
    blocks = exported(database_url, tmp_path / "blocks")

    assert sorted(blocks, key=lambda one: one["id"]) == sorted(whole, key=lambda one: one["id"])


def test_a_nucleus_that_is_left_out_keeps_its_share(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.tif", "abc", [image_result(7)])
    add_rings(archive)
    everything = exported(database_url, tmp_path / "all")
    with writing(archive.engine) as connection:
        connection.execute(update(Nucleus).values(confidence=0.9))
        connection.execute(update(Nucleus).where(Nucleus.label == 4).values(confidence=0.1))

    found = exported(database_url, tmp_path / "some", "--min-confidence", "0.5")

    kept = [one for one in everything if one["properties"]["name"] != "4"]
    assert [one["geometry"] for one in found] == [one["geometry"] for one in kept]


def test_an_image_without_nuclei_has_no_cells(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.tif", "abc", [image_result(0)])

    assert exported(database_url, tmp_path) == []


def test_an_image_of_an_earlier_version_is_named(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.tif", "abc", [image_result(2)])

    result = export(database_url, tmp_path, "--format", "geojson", "--cells")

    assert result.exit_code == 1
    assert (
        "a.tif: an earlier version measured no rings, as far as which cells reach: `nuqleus retry`"
        in result.output
    )
    assert not list((tmp_path / "geojson").iterdir())


def test_cells_are_of_geojson(archive: Archive, database_url: str, tmp_path: Path):
    result = export(database_url, tmp_path / "out", "--format", "rois", "--cells")

    assert result.exit_code == 2
    assert "--cells is for --format geojson" in result.output
