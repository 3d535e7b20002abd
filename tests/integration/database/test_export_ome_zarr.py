"""`nuqleus export --format ome-zarr`: label images, read back by ome-zarr-py, which napari reads with."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from ome_zarr.io import parse_url
from ome_zarr.reader import Label, Multiscales, Node, Reader

from cli.exports.ome_zarr import ARRAY
from tests.examples import image_result, label_image
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export


def read_labels(group: Path) -> Node:
    """The label image of a group, found as napari finds it."""
    location = parse_url(group)
    assert location is not None, f"{group} is no OME-Zarr"
    labels = [node for node in Reader(location)() if node.load(Label)]
    assert len(labels) == 1
    return labels[0]


def test_a_label_image_is_read_back(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("plate/a.tif", "abc", [image_result(3, pixel_size_um=0.5)])

    result = export(database_url, tmp_path, "--format", "ome-zarr")

    assert result.exit_code == 0, result.output
    node = read_labels(tmp_path / "ome-zarr/plate/a.tif.ome.zarr/labels/nuclei")
    (pixels,) = node.data
    assert pixels.dtype == np.int32
    np.testing.assert_array_equal(np.asarray(pixels), label_image(3))
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    assert node.metadata["axes"] == axes
    assert node.metadata["coordinateTransformations"] == [[{"type": "scale", "scale": [0.5, 0.5]}]]
    assert not (tmp_path / "images.csv").exists()


def test_metadata_are_those_of_version_0_4(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.tif", "abc", [image_result(3)])

    export(database_url, tmp_path, "--format", "ome-zarr")

    root = tmp_path / "ome-zarr/a.tif.ome.zarr"
    assert json.loads((root / ".zgroup").read_text()) == {"zarr_format": 2}
    assert json.loads((root / "labels/.zattrs").read_text()) == {"labels": ["nuclei"]}
    attributes = json.loads((root / "labels/nuclei/.zattrs").read_text())
    assert attributes["image-label"] == {"version": "0.4"}
    (multiscale,) = attributes["multiscales"]
    assert multiscale["version"] == "0.4"
    assert multiscale["axes"] == [{"name": name, "type": "space"} for name in "yx"]  # the unit isn't known
    array = json.loads((root / "labels/nuclei/0/.zarray").read_text())
    assert (array["zarr_format"], array["dtype"], array["dimension_separator"]) == (2, "<i4", "/")
    assert (root / "labels/nuclei/0/0/0").is_file()


def test_large_images_have_levels_of_every_second_pixel(
    archive: Archive, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("cli.exports.ome_zarr.SMALLEST_SIDE", 64)
    monkeypatch.setattr("cli.exports.ome_zarr.BLOCK_SIDE", 64)
    monkeypatch.setattr("cli.exports.ome_zarr.CHUNK_SIDE", 16)
    monkeypatch.setitem(ARRAY, "chunks", [16, 16])
    monkeypatch.setattr("model.labels.masks.BLOCK_SIDE", 64)
    labels = label_image(7)[:31]
    archive.done("a.tif", "abc", [image_result(labels=labels, pixel_size_um=0.5)])

    export(database_url, tmp_path, "--format", "ome-zarr")

    node = read_labels(tmp_path / "ome-zarr/a.tif.ome.zarr/labels/nuclei")
    assert [level.shape for level in node.data] == [(31, 224), (16, 112), (8, 56)]
    for factor, level in zip((1, 2, 4), node.data, strict=True):
        np.testing.assert_array_equal(np.asarray(level), labels[::factor, ::factor])
    assert [of_level[0]["scale"] for of_level in node.metadata["coordinateTransformations"]] == [
        [0.5, 0.5],
        [1.0, 1.0],
        [2.0, 2.0],
    ]
    assert any(isinstance(spec, Multiscales) for spec in node.specs)


def test_images_of_a_stack_and_duplicates_have_groups_of_their_own(
    archive: Archive, database_url: str, tmp_path: Path
):
    archive.duplicate("b.tif", of=archive.done("a.tif", "abc", [image_result(2), image_result(3, z=1)]))

    export(database_url, tmp_path, "--format", "ome-zarr")

    groups = sorted((tmp_path / "ome-zarr").iterdir())
    assert [group.name for group in groups] == [
        f"{name}.tif.s0.t0.z{z}.ome.zarr" for name in "ab" for z in (0, 1)
    ]
    highest = [int(np.asarray(read_labels(group / "labels/nuclei").data[0]).max()) for group in groups]
    assert highest == [2, 3, 2, 3]


def test_another_export_replaces_the_group(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.tif", "abc", [image_result(3)])
    stray = tmp_path / "ome-zarr/a.tif.ome.zarr/labels/nuclei/7/0/0"
    stray.parent.mkdir(parents=True)
    stray.touch()

    result = export(database_url, tmp_path, "--format", "ome-zarr")

    assert result.exit_code == 0, result.output
    assert not stray.exists()
    assert [path.name for path in (tmp_path / "ome-zarr").iterdir()] == ["a.tif.ome.zarr"]


def test_odd_names_are_written_out(archive: Archive, database_url: str, tmp_path: Path):
    odd = os.fsdecode(b"=cmd\xff\n.png")
    archive.done(odd)

    result = export(database_url, tmp_path, "--format", "ome-zarr")

    assert result.exit_code == 0, result.output
    assert (tmp_path / "ome-zarr" / f"{odd}.ome.zarr/labels/nuclei/0/.zarray").is_file()
