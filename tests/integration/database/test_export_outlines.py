"""`nuqleus export --format geojson,rois`: outlines, read back as QuPath and Fiji would."""

import gzip
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from click.testing import CliRunner
from roifile import ROI_TYPE, ImagejRoi, roiread
from shapely import MultiPolygon, Polygon
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import update

from cli.commands.export import command
from nuqleus.database.engine import writing
from nuqleus.database.queries.result_columns import IMAGE_KEY
from nuqleus.database.queries.snapshot import snapshot
from nuqleus.database.tables import Mask, Nucleus
from tests.examples import image_result, label_image
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export

ODD = np.zeros((12, 20), np.int32)
ODD[1:6, 1:6] = 1
ODD[2:4, 2:5] = 0  # a hole
ODD[7:9, 1:3] = ODD[9:11, 3:5] = 2  # two parts that meet at a corner
ODD[2:9, 8:18] = 3


def features(path: Path) -> list[dict]:
    with gzip.open(path) as file:
        collection = json.load(file)
    assert collection["type"] == "FeatureCollection"
    return collection["features"]


def pixels_in(roi: ImagejRoi) -> float:
    """The area of a ROI, as ImageJ fills it: by the even-odd rule."""
    area = Polygon()
    for ring in roi.coordinates(multi=True):
        area ^= Polygon(ring)
    return area.area


def test_geojson_has_each_nucleus_with_its_area_and_measurements(
    archive: Archive, database_url: str, tmp_path: Path
):
    archive.done("plate/a.tif", "abc", [image_result(labels=ODD, channels=2, pixel_size_um=0.5)])

    result = export(database_url, tmp_path, "--format", "geojson")

    assert result.exit_code == 0, result.output
    found = features(tmp_path / "geojson/plate/a.tif.geojson.gz")
    with snapshot(archive.engine) as results:
        rows = list(results.nuclei())
    assert [feature["properties"]["name"] for feature in found] == ["1", "2", "3"]
    for feature, row in zip(found, rows, strict=True):
        assert feature["properties"]["objectType"] == "detection"
        assert feature["properties"]["measurements"] == measurements_of(row)
        assert_outlines(shape(feature["geometry"]), row)
    assert isinstance(shape(found[1]["geometry"]), MultiPolygon)
    assert len(shape(found[0]["geometry"]).interiors) == 1


def measurements_of(row: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a nucleus that say nothing of where it is stored."""
    place = {"image_id", "scene", "t", "z", "counted", "label"}
    return {
        name: value for name, value in row.items() if isinstance(value, int | float) and name not in place
    }


def assert_outlines(outline: BaseGeometry, row: Mapping[str, Any]) -> None:
    assert outline.is_valid
    assert outline.area == row["area"]
    assert outline.bounds == (*(row[f"bbox_{side}"] for side in ("col0", "row0", "col1", "row1")),)
    centroid = row["centroid_col"] + 0.5, row["centroid_row"] + 0.5
    assert outline.centroid.coords[0] == pytest.approx(centroid)


def test_a_nucleus_keeps_its_id_and_no_other_has_it(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("stack.tif", "abc", [image_result(2, z=z) for z in range(2)])
    archive.duplicate("copy.tif", of=archive.done("a.tif", "xyz", [image_result(2)]), sha256="xyz")

    for folder in ("first", "second"):
        assert export(database_url, tmp_path / folder, "--format", "geojson").exit_code == 0

    files = sorted(path.relative_to(tmp_path / "first") for path in tmp_path.glob("first/geojson/*"))
    assert len(files) == 4
    ids = [feature["id"] for file in files for feature in features(tmp_path / "first" / file)]
    assert len({UUID(name) for name in ids}) == 8
    for file in files:
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes()


def test_outlines_of_a_stack_lie_in_their_plane(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("stack.tif", "abc", [image_result(1, t=3, z=z) for z in range(2)])

    export(database_url, tmp_path, "--format", "geojson,rois")

    (feature,) = features(tmp_path / "geojson/stack.tif.s0.t3.z1.geojson.gz")
    assert feature["geometry"]["plane"] == {"c": -1, "z": 1, "t": 3}
    (roi,) = roiread(tmp_path / "rois/stack.tif.s0.t3.z1.rois.zip")
    assert (roi.c_position, roi.z_position, roi.t_position) == (0, 2, 4)  # ImageJ counts from 1


def test_rois_have_the_area_and_place_of_each_nucleus(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("plate/a.tif", "abc", [image_result(labels=ODD)])

    result = export(database_url, tmp_path, "--format", "rois")

    assert result.exit_code == 0, result.output
    rois = roiread(tmp_path / "rois/plate/a.tif.rois.zip")
    assert [roi.name for roi in rois] == ["0001", "0002", "0003"]
    with snapshot(archive.engine) as results:
        for roi, row in zip(rois, results.nuclei(), strict=True):
            assert pixels_in(roi) == row["area"]
            points = np.concatenate(roi.coordinates(multi=True))
            assert points.min(axis=0).tolist() == [row["bbox_col0"], row["bbox_row0"]]
            assert points.max(axis=0).tolist() == [row["bbox_col1"], row["bbox_row1"]]
    assert [roi.composite for roi in rois] == [True, True, False]
    assert rois[2].roitype == ROI_TYPE.TRACED


def test_rois_far_out_in_a_large_image_stay_where_they_are(
    archive: Archive, database_url: str, tmp_path: Path
):
    labels = np.zeros((4, 70_000), np.int32)
    labels[1:3, 40_000:40_003] = 1
    labels[1:3, 69_000:69_003] = 2
    archive.done("a.tif", "abc", [image_result(labels=labels)])

    export(database_url, tmp_path, "--format", "rois")

    rois = roiread(tmp_path / "rois/a.tif.rois.zip")
    assert [roi.coordinates()[:, 0].min() for roi in rois] == [40_000, 69_000]
    assert [pixels_in(roi) for roi in rois] == [6, 6]


def test_an_image_in_many_blocks_has_the_same_outlines(
    archive: Archive, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    archive.done("a.tif", "abc", [image_result(7, labels=label_image(7).T.copy(), channels=2)])
    export(database_url, tmp_path / "whole", "--format", "geojson")
    monkeypatch.setattr("nuqleus.results.masks.BLOCK_SIDE", 48)
    export(database_url, tmp_path / "blocks", "--format", "geojson")

    whole, blocks = (features(tmp_path / name / "geojson/a.tif.geojson.gz") for name in ("whole", "blocks"))
    assert sorted(blocks, key=lambda feature: feature["id"]) == sorted(
        whole, key=lambda feature: feature["id"]
    )
    assert len(whole) == 7


def test_nuclei_come_tile_by_tile_with_all_that_was_measured(archive: Archive):
    archive.done("a.tif", "abc", [image_result(7, channels=2, pixel_size_um=0.5)])

    with snapshot(archive.engine) as results:
        (image,) = results.images()
        tiles = list(results.nuclei_by_tile(image, 48))
        nuclei = list(results.nuclei())

    assert [[nucleus["label"] for nucleus in tile] for tile in tiles] == [[1, 2], [3], [4, 5], [6], [7]]
    for nucleus, expected in zip((nucleus for tile in tiles for nucleus in tile), nuclei, strict=True):
        assert nucleus == {name: value for name, value in expected.items() if name not in IMAGE_KEY}


def test_an_image_without_nuclei_has_a_file_without_outlines(
    archive: Archive, database_url: str, tmp_path: Path
):
    archive.done("a.tif", "abc", [image_result(0)])

    export(database_url, tmp_path, "--format", "geojson,rois")

    assert features(tmp_path / "geojson/a.tif.geojson.gz") == []
    assert roiread(tmp_path / "rois/a.tif.rois.zip") == []


@pytest.mark.parametrize("format_", ["geojson", "rois", "labels"])
def test_a_file_that_can_t_be_written_whole_is_not_there_and_the_others_are(
    archive: Archive, database_url: str, tmp_path: Path, format_: str
):
    for name, sha256 in (("bad.tif", "abc"), ("good.tif", "xyz")):
        archive.done(name, sha256)
    with writing(archive.engine) as connection:
        connection.execute(update(Mask).where(Mask.image_id == 1).values(data=b"no TIFF"))

    result = export(database_url, tmp_path, "--format", format_)

    assert result.exit_code == 1
    assert "bad.tif: the mask block at row 0, column 0 can't be read" in result.output
    (written,) = (tmp_path / format_).iterdir()
    assert written.name.startswith("good.tif")


def test_a_nucleus_that_the_mask_lacks_is_told(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.tif")
    with writing(archive.engine) as connection:
        connection.execute(update(Nucleus).where(Nucleus.label == 3).values(label=9))

    result = export(database_url, tmp_path, "--format", "rois")

    assert result.exit_code == 1
    assert "a.tif: nucleus 9 has measurements, but is not in the mask" in result.output


def test_a_format_whose_library_is_missing_says_how_to_install_it(
    archive: Archive, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delitem(sys.modules, "cli.exports.rois", raising=False)
    monkeypatch.setitem(sys.modules, "roifile", None)

    result = CliRunner().invoke(
        command, ["--output", str(tmp_path / "out"), "--database", database_url, "--format", "csv,rois"]
    )

    assert result.exit_code == 1
    assert "pip install 'nuqleus[rois]'" in result.output
    assert not (tmp_path / "out").exists()
