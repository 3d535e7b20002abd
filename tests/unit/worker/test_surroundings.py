"""What is around nuclei goes through the worker: how far it looks, what it says, and that blocks change nothing."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from model.errors import ImageError
from model.measurements import NEIGHBOR_COLUMNS, QUALITY_COLUMNS, RING_COLUMNS, cells
from model.reading import Plane
from nuqleus.database.files.results import ImageResult
from nuqleus.image_options import ImageOptions
from tests.fake_segmenter import ThresholdSegmenter, TiledThresholdSegmenter, draw_discs, draw_squares
from tests.small_blocks import shrink_blocks
from worker.pipeline import process

UM = {"photometric": "minisblack", "resolution": (20_000, 20_000), "resolutionunit": "CENTIMETER"}
"""A TIFF of which a pixel is half a micrometre."""


@pytest.fixture
def squares(tmp_path):
    """Two squares of 8 × 8 pixels, 8 pixels apart, in a TIFF that knows how large its pixels are."""
    path = tmp_path / "squares.tif"
    tifffile.imwrite(path, draw_squares(2), **UM)
    return path


def process_one(path, options: ImageOptions, segmenter=ThresholdSegmenter) -> ImageResult:
    (image,) = process(path, segmenter(), options)
    return image


def test_distances_follow_the_nuclei_and_are_part_of_the_result(squares):
    image = process_one(squares, ImageOptions())

    diameter = 2 * np.sqrt(64 / np.pi)
    assert (image.ring_gap, image.ring_width) == (1, 2)
    assert image.neighbor_distance == 2
    assert process_one(squares, ImageOptions(diameter="80")).ring_width == 16
    assert diameter / 5 < 2
    assert image.area_fraction == 128 / (16 * 32)


def test_distances_may_be_given_in_pixels_or_micrometres(squares):
    image = process_one(squares, ImageOptions(ring_gap="0", ring_width="1.5 um", neighbor_distance="4.5 um"))

    assert (image.ring_gap, image.ring_width, image.neighbor_distance) == (0, 3, 9)
    # three pixels along each side, and four at each corner; the first square lies at the image's border
    assert image.nuclei["ring_area"].tolist() == [3 * 24 + 2 * 4, 4 * 24 + 4 * 4]
    assert image.nuclei["neighbor_count"].tolist() == [1, 1]


def test_micrometres_take_a_pixel_size(tmp_path):
    Image.fromarray(draw_squares(2)).save(tmp_path / "a.png")

    with pytest.raises(
        ImageError, match=r"a\.png: ring_width is said to be 2 um.*NUQLEUS_RING_WIDTH in pixels"
    ) as error:
        process_one(tmp_path / "a.png", ImageOptions(ring_width="2 um"))
    assert error.value.kind == "unknown-pixel-size"


def test_an_image_without_nuclei_has_a_quality_and_no_distances(tmp_path):
    Image.fromarray(np.zeros((40, 40), np.uint8)).save(tmp_path / "a.png")

    image = process_one(tmp_path / "a.png", ImageOptions())

    assert (image.ring_gap, image.ring_width, image.neighbor_distance) == (None, None, None)
    assert image.area_fraction == 0
    assert image.quality["background"].tolist() == [0]


def test_every_channel_has_its_own(tmp_path):
    pixels = np.stack([draw_squares(2), np.full((16, 32), 9, np.uint8)])
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", metadata={"axes": "CYX"})

    image = process_one(tmp_path / "a.tif", ImageOptions(channel="0"))

    assert image.quality["channel"].tolist() == [0, 1]
    assert image.intensities["channel"].tolist() == [0, 0, 1, 1]
    assert image.intensities["intensity_ring_mean"].tolist()[2:] == [9, 9]
    assert image.intensities["intensity_mean_corrected"].tolist()[2:] == [0, 0]


def test_a_channel_that_a_field_lacks_has_nothing(tmp_path, monkeypatch):
    pixels = np.stack([draw_squares(2), np.zeros((16, 32), np.uint8)], axis=-1)
    plane = Plane(pixels, colour=False, missing_channels=(1,))
    monkeypatch.setattr("worker.pipeline.read_planes", lambda *_args, **_options: iter([plane]))

    image = process_one(tmp_path / "a.tif", ImageOptions(channel="0", measure="granularity"))

    for table in (image.quality, image.intensities, image.textures):
        assert set(table["channel"].tolist()) == {0}
        assert len({len(values) for values in table.values()}) == 1


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A large image in blocks and in cells, and the same as one."""
    path = tmp_path_factory.mktemp("large") / "large.tif"
    light = draw_discs(260, 330).astype(np.uint16)
    tifffile.imwrite(
        path, light * 40 + np.arange(330, dtype=np.uint16), photometric="minisblack", tile=(64, 64)
    )
    whole = process_one(path, ImageOptions(), TiledThresholdSegmenter)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model.reading.plane.LARGE", 50_000)
        patch.setattr(cells, "CELL_SIDE", 256)
        shrink_blocks(patch)
        in_blocks = process_one(path, ImageOptions(), TiledThresholdSegmenter)
    assert len(in_blocks.masks) > len(whole.masks)
    return in_blocks, whole


@pytest.mark.parametrize("name", [*NEIGHBOR_COLUMNS, *RING_COLUMNS])
def test_nuclei_in_blocks_have_the_numbers_of_the_whole(name: str, both):
    in_blocks, whole = (by_place(image, name) for image in both)

    np.testing.assert_allclose(in_blocks, whole, rtol=1e-5)


@pytest.mark.parametrize("name", QUALITY_COLUMNS)
def test_images_in_blocks_have_the_quality_of_the_whole(name: str, both):
    in_blocks, whole = both

    np.testing.assert_allclose(in_blocks.quality[name], whole.quality[name], rtol=1e-5)


def by_place(image: ImageResult, name: str) -> np.ndarray:
    """A column in the order of places: blocks number nuclei in another order. Labels stand for places, too."""
    nuclei = image.nuclei
    order = np.lexsort([nuclei["centroid_col"], nuclei["centroid_row"]])
    values = (nuclei if name in nuclei else image.intensities)[name]
    if name == "neighbor_nearest_label":
        values = np.argsort(order)[values.astype(np.int64) - 1]
    return values[order]
