"""From a file to its images, masks and rows: without queue, database or network."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from model.errors import ImageError
from model.labels.masks import LazyLabelImage
from nuqleus.image_options import ImageOptions
from tests.fake_segmenter import ThresholdSegmenter, draw_squares
from worker.pipeline import process


@pytest.fixture
def gray_png(tmp_path):
    path = tmp_path / "three.png"
    Image.fromarray(draw_squares(3)).save(path)
    return path


def test_a_gray_image_gives_one_result_with_a_row_a_nucleus(gray_png):
    (image,) = process(gray_png, ThresholdSegmenter())

    assert (image.scene, image.t, image.z) == (0, 0, 0)
    assert (image.height, image.width, image.channels, image.dtype) == (16, 48, 1, "uint8")
    assert image.nuclei["label"].tolist() == [1, 2, 3]
    assert image.nuclei["area"].tolist() == [64, 64, 64]
    assert image.intensities["intensity_mean"].tolist() == [200, 200, 200]


def test_the_mask_is_the_label_image(gray_png):
    (image,) = process(gray_png, ThresholdSegmenter())

    mask = LazyLabelImage(image.masks, image.height, image.width)[:, :]

    assert np.bincount(mask.ravel()).tolist() == [16 * 48 - 3 * 64, 64, 64, 64]
    assert mask[8, 4] == 1


def test_every_stage_is_timed(gray_png):
    (image,) = process(gray_png, ThresholdSegmenter())

    assert list(image.seconds) == ["read", "normalise", "network", "instances", "measure"]
    assert image.seconds["read"] > 0
    assert image.seconds["measure"] > 0


def test_a_stack_gives_one_result_a_plane(tmp_path):
    path = tmp_path / "stack.tif"
    planes = np.stack([draw_squares(2, value=100 + t) for t in range(4)])
    tifffile.imwrite(path, planes, photometric="minisblack", metadata={"axes": "TYX"})

    results = list(process(path, ThresholdSegmenter()))

    assert [image.t for image in results] == [0, 1, 2, 3]
    assert [image.intensities["intensity_mean"].tolist() for image in results] == [
        [v, v] for v in range(100, 104)
    ]


def test_planes_are_processed_one_at_a_time(tmp_path):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(
        path, np.stack([draw_squares(1)] * 3), photometric="minisblack", metadata={"axes": "TYX"}
    )
    seen = []

    results = process(path, ThresholdSegmenter(), on_image=lambda plane, labels, result: seen.append(plane.t))
    next(results)

    assert seen == [0]


def test_every_channel_is_measured_in_nuclei_found_in_the_nuclear_one(tmp_path):
    path = tmp_path / "channels.tif"
    nuclei, other = draw_squares(2), np.full((16, 32), 7, np.uint8)
    other[:, 20:] = 250
    tifffile.imwrite(path, np.stack([nuclei, other]), photometric="minisblack", metadata={"axes": "CYX"})

    (image,) = process(path, ThresholdSegmenter())

    assert image.channels == 2
    assert image.nuclei["area"].tolist() == [64, 64]
    assert image.intensities["channel"].tolist().count(1) == 2


def test_nuclei_are_sought_in_the_channel_that_was_chosen_and_measured_in_all(tmp_path):
    path = tmp_path / "channels.ome.tif"
    planes = np.stack([np.zeros((16, 32), np.uint8), draw_squares(2), draw_squares(1).repeat(2, axis=1)])
    metadata = {"axes": "CYX", "Channel": {"Name": ["GFP", "Marker", "DAPI"]}}
    tifffile.imwrite(path, planes, ome=True, metadata=metadata)

    (by_name,) = process(path, ThresholdSegmenter(), ImageOptions(channel="marker"))
    (by_number,) = process(path, ThresholdSegmenter(), ImageOptions(channel="1"))
    (usual,) = process(path, ThresholdSegmenter())

    assert [len(image.nuclei["label"]) for image in (by_name, by_number, usual)] == [2, 2, 1]
    assert [image.nuclear_channel for image in (by_name, by_number, usual)] == [1, 1, 2]
    assert sorted(set(by_name.intensities["channel"].tolist())) == [0, 1, 2]
    assert by_name.channel_names == ("GFP", "Marker", "DAPI")


def test_a_file_without_the_channel_is_refused(gray_png):
    with pytest.raises(ImageError) as refused:
        list(process(gray_png, ThresholdSegmenter(), ImageOptions(channel="DAPI")))

    assert refused.value.kind == "no-such-channel"


@pytest.mark.parametrize(("z", "value"), [("max", 130), ("mean", 115)])
def test_a_projected_stack_gives_one_result_a_time_point(tmp_path, z: str, value: int):
    path = tmp_path / "stack.tif"
    stack = np.stack([[draw_squares(2, value=100 + 10 * depth) for depth in range(4)]] * 3)
    tifffile.imwrite(path, stack, photometric="minisblack", metadata={"axes": "TZYX"})

    results = list(process(path, ThresholdSegmenter(), ImageOptions(z=z)))

    assert [(image.t, image.z, image.projection) for image in results] == [(t, 0, z) for t in range(3)]
    assert {mean for image in results for mean in image.intensities["intensity_mean"]} == {value}


def test_looking_shows_the_image_its_nuclei_and_its_result(gray_png):
    shown = []

    (result,) = process(gray_png, ThresholdSegmenter(), on_image=lambda *what: shown.append(what))

    ((plane, labels, seen),) = shown
    assert plane.pixels.shape == (16, 48, 1)
    assert labels.shape == (16, 48)
    assert labels.max() == 3
    assert seen is result


def test_an_image_without_nuclei_has_no_rows(tmp_path):
    path = tmp_path / "black.png"
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(path)

    (image,) = process(path, ThresholdSegmenter())

    assert image.nuclei["label"].size == 0
    assert image.intensities["label"].size == 0


def test_too_many_pixels_are_refused(gray_png):
    with pytest.raises(ImageError) as refused:
        list(process(gray_png, ThresholdSegmenter(), max_pixels=100))

    assert refused.value.kind == "too-many-pixels"


def test_pages_are_what_the_options_say(tmp_path):
    path = tmp_path / "pages.tif"
    tifffile.imwrite(path, np.stack([draw_squares(2)] * 3), photometric="minisblack")

    counts = {
        pages: [
            (image.channels, image.t, image.z)
            for image in process(path, ThresholdSegmenter(), ImageOptions(pages=pages))
        ]
        for pages in ("channels", "z", "t")
    }

    assert counts == {
        "channels": [(3, 0, 0)],
        "z": [(1, 0, 0), (1, 0, 1), (1, 0, 2)],
        "t": [(1, 0, 0), (1, 1, 0), (1, 2, 0)],
    }


@pytest.mark.parametrize(
    ("options", "by"),
    [
        (ImageOptions(), "guess"),
        (ImageOptions("1"), "setting"),
        (ImageOptions("1", channel_by="rule"), "rule"),
    ],
)
def test_how_the_channel_was_chosen_is_part_of_the_result(tmp_path, options, by):
    path = tmp_path / "channels.tif"
    pixels = np.stack([draw_squares(3)] * 2)
    pixels[0, :, 16:] = pixels[0, 0, 0]  # one of the three
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata={"axes": "CYX"})

    (image,) = process(path, ThresholdSegmenter(), options)

    assert image.nuclear_channel_by == by
    assert image.nuclear_channel == (0 if by == "guess" else 1)
    assert len(image.nuclei["label"]) == (1 if by == "guess" else 3)


def test_where_the_pixel_size_comes_from_and_the_scene_s_name_are_part_of_it(tmp_path):
    path = tmp_path / "a.ome.tif"
    metadata = {"axes": "YX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "Name": "Well B02"}
    tifffile.imwrite(path, draw_squares(1), metadata=metadata)

    (image,) = process(path, ThresholdSegmenter())

    assert (image.pixel_size_um, image.pixel_size_from, image.scene_name) == (0.5, "ome", "Well B02")
