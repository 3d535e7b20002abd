"""OME-Zarr folders: images, plates and conversions of both versions; and what leads out of them."""

import json
import shutil
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from model.errors import ImageError
from model.reading import read_planes
from model.reading.channels import choose_channel

VALUES = np.arange(2 * 40 * 50).reshape(2, 40, 50).astype(np.uint16)
VERSIONS = pytest.mark.parametrize("version", ["0.4", "0.5"])


def write_attributes(folder: Path, attributes: dict, version: str) -> None:
    """A group of zarr, of version 2 or 3, with attributes of OME-NGFF."""
    folder.mkdir(parents=True, exist_ok=True)
    if version == "0.4":
        (folder / ".zgroup").write_text('{"zarr_format": 2}')
        (folder / ".zattrs").write_text(json.dumps(attributes))
    else:
        ome = {"ome": {"version": "0.5", **attributes}}
        (folder / "zarr.json").write_text(
            json.dumps({"zarr_format": 3, "node_type": "group", "attributes": ome})
        )


def _axis(name: str, unit: str | None) -> dict[str, str]:
    if name in "tc":
        return {"name": name, "type": {"t": "time", "c": "channel"}[name]}
    return {"name": name, "type": "space"} | ({"unit": unit} if unit else {})


def _level(number: int, axes: str) -> dict[str, Any]:
    scale = [0.325 * 2**number if axis in "yx" else 1.0 for axis in axes]
    return {"path": str(number), "coordinateTransformations": [{"type": "scale", "scale": scale}]}


def write_image(
    folder: Path, values: np.ndarray, version: str, axes: str = "cyx", unit: str | None = "micrometer", **more
) -> None:
    """A multiscale image of two levels, 0.325 units a pixel at the first."""
    multiscale = {"axes": [_axis(axis, unit) for axis in axes], "datasets": [_level(n, axes) for n in (0, 1)]}
    write_attributes(folder, {"multiscales": [multiscale], **more}, version)
    for level in (0, 1):
        pixels = values[..., :: 2**level, :: 2**level]
        array = zarr.create_array(
            folder / str(level),
            shape=pixels.shape,
            dtype=pixels.dtype,
            chunks=(1,) * (pixels.ndim - 2) + (16, 16),
            zarr_format=2 if version == "0.4" else 3,
            **({"chunk_key_encoding": {"name": "v2", "separator": "/"}} if version == "0.4" else {}),
        )
        array[:] = pixels


def refusal(path: Path, **options) -> ImageError:
    with pytest.raises(ImageError) as refused:
        list(read_planes(path, **options))
    assert str(refused.value).startswith(str(path))
    return refused.value


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "a.ome.zarr"


@VERSIONS
def test_an_image_at_full_resolution_with_its_names_and_size(folder, version):
    channels = [{"label": "Actin", "color": "FF0000"}, {"label": "DAPI", "color": "0000FF"}]
    write_image(folder, VALUES, version, omero={"channels": channels})

    (plane,) = read_planes(folder)

    np.testing.assert_array_equal(plane.pixels, np.moveaxis(VALUES, 0, -1))
    assert plane.channel_names == ("Actin", "DAPI")
    assert (plane.pixel_size_um, plane.pixel_size_from) == (0.325, "ome-zarr")
    chosen = choose_channel(folder, plane, "auto")
    assert (chosen.nuclear_channel, chosen.nuclear_channel_by) == (1, "name")


@VERSIONS
@pytest.mark.parametrize("axes", ["tczyx", "czyx", "tyx", "yx"])
def test_each_time_point_and_slice_is_a_plane(folder, version, axes):
    shape = {"t": 2, "c": 2, "z": 3, "y": 20, "x": 24}
    values = (
        np.arange(np.prod([shape[axis] for axis in axes]))
        .reshape([shape[axis] for axis in axes])
        .astype(np.uint16)
    )
    write_image(folder, values, version, axes)

    planes = list(read_planes(folder))

    full = values.reshape([shape[axis] if axis in axes else 1 for axis in "tczyx"])
    assert [(plane.t, plane.z) for plane in planes] == list(np.ndindex(full.shape[0], full.shape[2]))
    for plane in planes:
        np.testing.assert_array_equal(plane.pixels, np.moveaxis(full[plane.t, :, plane.z], 0, -1))


@VERSIONS
@pytest.mark.parametrize("wells_say", [True, False])
def test_the_fields_of_a_plate_are_scenes(folder, version, wells_say):
    wells = ["A/1", "B/12"]
    plate = {"wells": [{"path": well, "rowIndex": 0, "columnIndex": 0} for well in wells]}
    write_attributes(folder, {"plate": plate}, version)
    for i, well in enumerate(wells):
        said = {"well": {"images": [{"path": "0"}, {"path": "1"}]}} if wells_say else {}
        write_attributes(folder / well, said, version)
        for number in (0, 1):
            write_image(folder / well / str(number), VALUES + 100 * i + number, version)

    planes = list(read_planes(folder))

    assert [(plane.scene, plane.scene_name) for plane in planes] == list(
        enumerate(["A/1/0", "A/1/1", "B/12/0", "B/12/1"])
    )
    assert [int(plane.pixels[0, 0, 0]) for plane in planes] == [0, 1, 100, 101]


@VERSIONS
def test_the_series_of_a_conversion_are_scenes(folder, version):
    """As bioformats2raw lays them out."""
    write_attributes(folder, {"bioformats2raw.layout": 3}, version)
    for number in range(3):
        write_image(folder / str(number), VALUES + number, version)

    assert [int(plane.pixels[0, 0, 0]) for plane in read_planes(folder)] == [0, 1, 2]


@pytest.mark.parametrize("unit", [None, "pixel"])
def test_a_size_without_a_unit_of_length_is_none(folder, unit):
    write_image(folder, VALUES, "0.4", unit=unit)

    assert next(read_planes(folder)).pixel_size_from == "not given"


@VERSIONS
def test_large_images_are_decoded_by_regions(folder, version, monkeypatch):
    monkeypatch.setattr("model.reading.plane.LARGE", 0)
    write_image(folder, VALUES, version)

    planes = read_planes(folder)
    plane = next(planes)

    assert plane.pixels.shape == (40, 50, 2)
    assert plane.pixels.dtype == np.uint16
    np.testing.assert_array_equal(plane.pixels[10:30, 20:45], np.moveaxis(VALUES, 0, -1)[10:30, 20:45])
    np.testing.assert_array_equal(plane.pixels[::7, ::7], np.moveaxis(VALUES, 0, -1)[::7, ::7])
    np.testing.assert_array_equal(plane.pixels[..., 1:2], VALUES[1][..., None])
    np.testing.assert_array_equal(np.asarray(plane.pixels), np.moveaxis(VALUES, 0, -1))
    assert next(planes, None) is None


@VERSIONS
def test_no_link_leads_out_of_the_folder(folder, tmp_path, version):
    write_image(folder, VALUES, version)
    secret = tmp_path / "elsewhere"
    shutil.move(folder / "0", secret)
    (folder / "0").symlink_to(secret)

    error = refusal(folder)

    assert error.kind == "unsupported-format"
    assert "is a link, or lies behind one" in str(error)


@VERSIONS
def test_no_chunk_is_a_link(folder, tmp_path, version):
    write_image(folder, VALUES, version)
    chunk = max(
        (path for path in (folder / "0").rglob("*") if path.is_file() and path.suffix != ".json"), key=str
    )
    shutil.move(chunk, tmp_path / "chunk")
    chunk.symlink_to(tmp_path / "chunk")

    assert "is a link" in str(refusal(folder))


@pytest.mark.parametrize(
    "place", ["../elsewhere", "/etc", "https://example.org/a.zarr/0", "0/../../elsewhere", "."]
)
def test_no_name_in_the_metadata_leads_out_of_the_folder(folder, tmp_path, place):
    write_image(folder, VALUES, "0.4")
    write_image(tmp_path / "elsewhere", VALUES, "0.4")
    attributes = json.loads((folder / ".zattrs").read_text())
    attributes["multiscales"][0]["datasets"][0]["path"] = place
    (folder / ".zattrs").write_text(json.dumps(attributes))

    assert refusal(folder).kind == "damaged"


def test_a_plate_s_wells_stay_inside_too(folder, tmp_path):
    write_image(tmp_path / "elsewhere", VALUES, "0.4")
    write_attributes(folder, {"plate": {"wells": [{"path": "../elsewhere"}]}}, "0.4")

    assert "leads out of it" in str(refusal(folder))


def test_a_group_without_images_is_refused(folder):
    write_attributes(folder, {}, "0.4")

    assert "without images" in str(refusal(folder))


def test_any_other_folder_is_refused(tmp_path):
    assert "not an image" in str(refusal(tmp_path))


@VERSIONS
def test_damaged_metadata_and_chunks_are_refused(folder, version):
    write_image(folder, VALUES, version)
    chunk = max(
        (path for path in (folder / "0").rglob("*") if path.is_file() and path.suffix != ".json"), key=str
    )
    chunk.write_bytes(chunk.read_bytes()[:9])
    assert refusal(folder).kind == "damaged"

    for metadata in (".zattrs", "zarr.json"):
        if (folder / metadata).exists():
            (folder / metadata).write_text("{")
    assert refusal(folder).kind == "damaged"


@VERSIONS
def test_a_huge_header_is_refused_at_once_in_little_memory(folder, version):
    write_image(folder, VALUES, version)
    for name in (".zarray", "zarr.json"):
        header = folder / "0" / name
        if header.exists():
            said = json.loads(header.read_text())
            said["shape"] = [2, 100_000, 100_000]
            header.write_text(json.dumps(said))
    tracemalloc.start()
    try:
        error = refusal(folder)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert error.kind == "too-many-pixels"
    assert peak < 5_000_000


def test_without_the_extra_the_message_says_how_to_get_it(folder, monkeypatch):
    write_image(folder, VALUES, "0.4")
    monkeypatch.delitem(sys.modules, "model.reading.zarr_store", raising=False)
    monkeypatch.setitem(sys.modules, "zarr", None)

    error = refusal(folder)

    assert error.kind == "unsupported-format"
    assert "pip install 'nuqleus[zarr]'" in str(error)


def chunks_of(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in (folder / "0").rglob("*")
        if path.is_file() and path.name not in (".zarray", ".zattrs", "zarr.json")
    )


@VERSIONS
def test_chunks_that_are_missing_are_said_to_be(folder, version, caplog):
    write_image(folder, VALUES + 1, version)
    lost = chunks_of(folder)[2:5]
    for chunk in lost:
        chunk.unlink()

    (plane,) = read_planes(folder)

    assert (plane.pixels == 0).any()
    assert f"{folder} lacks 3 of its chunks, such as {lost[0].relative_to(folder).as_posix()}" in caplog.text


@VERSIONS
def test_nothing_is_said_of_a_whole_one(folder, version, caplog):
    write_image(folder, VALUES + 1, version)

    list(read_planes(folder))

    assert caplog.text == ""


@VERSIONS
def test_a_folder_without_any_chunk_is_refused(folder, version):
    write_image(folder, VALUES + 1, version)
    for chunk in chunks_of(folder):
        chunk.unlink()

    assert refusal(folder).kind == "truncated"
