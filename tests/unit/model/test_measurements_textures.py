"""Texture and granularity: CellProfiler's numbers, of each nucleus alone, and only where somebody asks."""

import warnings

import numpy as np
import pytest

from model.measurements import (
    Table,
    cells,
    measure_intensities,
    measure_shapes,
    measure_surroundings,
    scale_distances,
)
from model.measurements.columns import GRANULARITY_COLUMNS, HARALICK, TEXTURE_COLUMNS
from model.measurements.textures import granularity_spectrum, haralick_features
from model.samples.drawn import FieldOfView, fluorescence
from tests.unit.model.label_images import by_hand

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its docstrings hold escapes that Python warns of
    from cp_measure.core.measuregranularity import get_granularity
    from cp_measure.core.measuretexture import get_texture

DIRECTIONS = range(4)


@pytest.fixture(scope="module")
def drawing():
    image = fluorescence(FieldOfView(96, 110, 12, radius=9), seed=3)
    return image.labels, image.pixels


def textures_of(labels: np.ndarray, pixels: np.ndarray, *requested: str) -> Table:
    image = pixels if pixels.ndim == 3 else pixels[..., None]
    shapes, intensities = measure_shapes(labels), measure_intensities(labels, image)
    return measure_surroundings(labels, image, shapes, intensities, scale_distances(18), requested).textures


def test_without_a_request_there_is_none(drawing):
    assert textures_of(*drawing) == {}


def test_each_request_has_its_columns(drawing):
    labels, pixels = drawing
    both = np.stack([pixels, pixels // 2], axis=-1)

    texture = textures_of(labels, both, "texture")
    all_of_it = textures_of(labels, both, "granularity", "texture")

    assert list(texture) == ["label", "channel", *TEXTURE_COLUMNS]
    assert list(all_of_it) == ["label", "channel", *GRANULARITY_COLUMNS, *TEXTURE_COLUMNS]
    assert texture["channel"].tolist() == [0] * labels.max() + [1] * labels.max()
    assert {len(values) for values in all_of_it.values()} == {2 * labels.max()}


def test_textures_are_the_means_of_cellprofilers_four_directions(drawing):
    found = textures_of(*drawing, "texture")

    theirs = get_texture(*drawing)

    names = [name.removesuffix("_3_00_256") for name in theirs if name.endswith("_3_00_256")]
    assert len(names) == len(HARALICK)
    for ours, name in zip(HARALICK, names, strict=True):
        expected = np.mean([theirs[f"{name}_3_{direction:02d}_256"] for direction in DIRECTIONS], axis=0)
        np.testing.assert_allclose(found[f"texture_{ours}"], expected, rtol=1e-6, err_msg=ours)


def test_granularity_is_cellprofilers_of_a_nucleus_alone_at_full_size(drawing):
    labels, pixels = drawing
    found = textures_of(labels, pixels, "granularity")

    for label in (2, 5):
        alone = np.where(labels == label, pixels, 0).astype(np.float64)
        theirs = get_granularity(
            (labels == label).astype(int), alone, subsample_size=1, image_sample_size=1, element_size=40
        )
        ours = [found[name][label - 1] for name in GRANULARITY_COLUMNS]
        np.testing.assert_allclose(ours, np.ravel(list(theirs.values())), atol=1e-4)


def test_a_flat_nucleus_vanishes_at_its_radius_at_once():
    inside = np.ones((7, 9), np.bool_)

    spectrum = granularity_spectrum(np.full((7, 9, 1), 50), inside)

    assert spectrum[:, 0].tolist() == [0, 0, 0, 100, *[0] * 12]


def test_a_speck_vanishes_at_the_first_erosion():
    pixels = np.full((9, 9, 1), 10)
    pixels[4, 4] = 100

    spectrum = granularity_spectrum(pixels, np.ones((9, 9), np.bool_))

    assert spectrum[0, 0] == pytest.approx(100 * 90 / 900)


def test_a_nucleus_without_light_has_no_granularity():
    assert np.isnan(granularity_spectrum(np.zeros((5, 5, 1)), np.ones((5, 5), np.bool_))).all()


def test_a_nucleus_of_one_level_has_no_contrast():
    names = dict(
        zip(
            HARALICK,
            haralick_features(np.full((9, 9, 1), 200, np.uint8), np.ones((9, 9), np.bool_)),
            strict=True,
        )
    )

    assert names["angular_second_moment"] == [1]
    assert names["contrast"] == [0]


@pytest.mark.parametrize("pixels", [np.full((2, 2, 1), 9, np.uint8), np.full((9, 9, 1), 1.5)])
def test_what_is_too_small_or_beyond_0_to_1_has_no_texture(pixels: np.ndarray):
    assert np.isnan(haralick_features(pixels, np.ones(pixels.shape[:2], np.bool_))).all()


def test_floats_from_0_to_1_have_the_levels_of_bytes(drawing):
    labels, pixels = drawing
    levels = (pixels >> 8).astype(np.uint8)

    of_bytes, of_floats = (textures_of(labels, image, "texture") for image in (levels, levels / 255))

    for name in TEXTURE_COLUMNS:
        np.testing.assert_allclose(of_floats[name], of_bytes[name], rtol=1e-6)


def test_neighbours_do_not_show(drawing):
    labels, pixels = drawing
    alone = by_hand("." * 110).repeat(96, axis=0)
    alone[labels == 4] = 1

    assert {name: values[0] for name, values in textures_of(alone, pixels, "texture").items()} == {
        **{name: values[3] for name, values in textures_of(labels, pixels, "texture").items()},
        "label": 1,
    }


def test_they_do_not_depend_on_how_an_image_is_cut(drawing, monkeypatch):
    whole = textures_of(*drawing, "texture", "granularity")
    monkeypatch.setattr(cells, "CELL_SIDE", 32)

    in_cells = textures_of(*drawing, "texture", "granularity")

    for name, values in whole.items():
        np.testing.assert_array_equal(in_cells[name], values)
