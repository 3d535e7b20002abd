"""Intensities: each nucleus in each channel, in the numbers of the image."""

import numpy as np
import pytest
from skimage import measure
from skimage.segmentation import find_boundaries

from model.measurements import INTENSITY_COLUMNS, measure_intensities
from tests.unit.model import label_images
from tests.unit.model.label_images import EXAMPLES, by_hand

SKIMAGES = ["intensity_mean", "intensity_median", "intensity_min", "intensity_max", "intensity_std"]


def picture(shape, dtype, channels, seed=0):
    values = np.random.default_rng(seed).normal(120, 40, (*shape, channels))
    return np.clip(values, 0, 255).astype(dtype)


def channel_of(table, channel):
    """The rows of one channel."""
    return {name: values[table["channel"] == channel] for name, values in table.items()}


def assert_as_plain_numpy(labels, pixels):
    """Every column against one line of numpy per nucleus, on float64."""
    edges = find_boundaries(labels, mode="inner")
    table = measure_intensities(labels, pixels)
    for channel in range(pixels.shape[2]):
        rows = channel_of(table, channel)
        for index, label in enumerate(rows["label"]):
            inside = labels == label
            expected = _plain(pixels[..., channel].astype(float), inside, edges & inside)
            found = {name: rows[name][index] for name in expected}
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True), label


def _plain(image, inside, edge):
    values, rim = image[inside], image[edge]
    median = np.median(values)
    return {
        "intensity_mean": values.mean(),
        "intensity_median": median,
        "intensity_min": values.min(),
        "intensity_max": values.max(),
        "intensity_std": values.std(),
        "intensity_integrated": values.sum(),
        "intensity_lower_quartile": np.percentile(values, 25),
        "intensity_upper_quartile": np.percentile(values, 75),
        "intensity_mad": np.median(np.abs(values - median)),
        "mass_displacement": _displacement(image, inside),
        "intensity_edge_mean": rim.mean() if rim.size else np.nan,
        "intensity_edge_std": rim.std() if rim.size else np.nan,
    }


def _displacement(image, inside):
    places, weights = np.argwhere(inside), image[inside]
    if weights.sum() == 0:
        return np.nan
    return np.linalg.norm(np.average(places, axis=0, weights=weights) - places.mean(axis=0))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_scikit_images_columns_equal_scikit_images(dtype, channels):
    labels = label_images.coins()
    pixels = picture(labels.shape, dtype, channels)
    expected = measure.regionprops_table(labels, pixels.astype(np.float64), properties=SKIMAGES)
    table = measure_intensities(labels, pixels)
    for channel in range(channels):
        for name in SKIMAGES:
            theirs = expected[f"{name}-{channel}"]
            np.testing.assert_allclose(
                channel_of(table, channel)[name], theirs, rtol=0, atol=1e-6, err_msg=name
            )


@pytest.mark.parametrize(
    "name", ["ring", "loose", "touching", "tiny", "full", "pixel", "diagonal", "gaps", "dust"]
)
def test_every_column_equals_plain_numpy(name):
    assert_as_plain_numpy(EXAMPLES[name], picture(EXAMPLES[name].shape, np.uint16, 2))


def test_many_pixels_are_measured_in_batches_of_nuclei(monkeypatch):
    labels = label_images.drawn()
    pixels = picture(labels.shape, np.float32, 2)
    at_once = measure_intensities(labels, pixels)
    monkeypatch.setattr("model.measurements.intensities.BATCH_PIXELS", 700)
    in_batches = measure_intensities(labels, pixels)
    for name, values in at_once.items():
        np.testing.assert_array_equal(in_batches[name], values, err_msg=name)


def test_rows_come_channel_by_channel_in_order_of_label():
    table = measure_intensities(by_hand("7.3"), picture((1, 3), np.uint8, 2))
    assert table["label"].tolist() == [3, 7, 3, 7]
    assert table["channel"].tolist() == [0, 0, 1, 1]


def test_a_nucleus_that_is_brighter_on_one_side_has_its_mass_displaced():
    table = measure_intensities(by_hand("111"), np.array([[[0], [0], [6]]], np.uint8))
    assert table["mass_displacement"].tolist() == [1]


def test_a_nucleus_without_light_has_no_centre_of_mass():
    table = measure_intensities(by_hand("111"), np.zeros((1, 3, 1), np.uint8))
    assert np.isnan(table["mass_displacement"]).all()
    assert table["intensity_mean"].tolist() == [0]


def test_pixels_that_are_not_finite_are_left_out():
    pixels = np.array([[[1.0], [np.nan], [3.0], [np.inf], [5.0], [-np.inf]]], np.float32)
    table = measure_intensities(by_hand("111112"), pixels)
    assert table["intensity_mean"][0] == 3
    assert table["intensity_max"][0] == 5
    assert table["mass_displacement"][0] == pytest.approx((0 * 1 + 2 * 3 + 4 * 5) / 9 - 2)
    measured = set(INTENSITY_COLUMNS) - {"label", "channel"}
    assert all(np.isnan(table[name][1]) for name in measured)


def test_the_edge_is_what_touches_another_label_not_the_border_of_the_image():
    labels = by_hand(
        """
        11122
        11122
        """
    )
    pixels = np.arange(10, dtype=np.uint8).reshape(2, 5, 1)
    assert measure_intensities(labels, pixels)["intensity_edge_mean"].tolist() == [4.5, 5.5]


def test_a_nucleus_without_edge_has_no_edge_intensity():
    table = measure_intensities(np.ones((3, 3), np.int32), picture((3, 3), np.uint8, 1))
    assert np.isnan(table["intensity_edge_mean"]).all()
    assert np.isnan(table["intensity_edge_std"]).all()


def test_large_numbers_lose_nothing():
    pixels = np.array([[[65_533], [65_534], [65_535]]], np.uint16)
    table = measure_intensities(by_hand("111"), pixels)
    assert table["intensity_integrated"].tolist() == [196_602]
    assert table["intensity_std"][0] == pytest.approx(np.sqrt(2 / 3), rel=1e-12)


def test_an_empty_image_has_all_columns_and_no_rows():
    table = measure_intensities(np.zeros((4, 5), np.int32), picture((4, 5), np.uint8, 3))
    assert list(table) == list(INTENSITY_COLUMNS)
    assert {len(values) for values in table.values()} == {0}


def test_columns_have_the_dtypes_of_the_table():
    table = measure_intensities(label_images.TINY, picture(label_images.TINY.shape, np.uint8, 2))
    for name, values in table.items():
        assert values.dtype == INTENSITY_COLUMNS[name].dtype, name


def test_pixels_may_be_a_view_that_cannot_be_written():
    pixels = picture((9, 8), np.uint16, 4)[::-1, 2:7, ::2]
    pixels.setflags(write=False)
    labels = label_images.noise(3, 2, side=9)[:, :5]
    assert_as_plain_numpy(labels, pixels)


@pytest.mark.parametrize("shape", [(5, 4, 1), (4, 5), (4, 5, 1, 1)])
def test_pixels_of_another_size_are_refused(shape):
    with pytest.raises(ValueError, match=r"\(4, 5, 'channels'\)"):
        measure_intensities(np.zeros((4, 5), np.int32), np.zeros(shape, np.uint8))
