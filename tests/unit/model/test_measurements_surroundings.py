"""Surroundings of nuclei: comparisons by hand, and the same numbers however an image is cut into cells."""

import numpy as np
import pytest
from scipy import ndimage

from model.measurements import (
    NEIGHBOR_COLUMNS,
    QUALITY_COLUMNS,
    RING_COLUMNS,
    Distances,
    Surroundings,
    background,
    cells,
    focus,
    measure_intensities,
    measure_shapes,
    measure_surroundings,
    scale_distances,
)
from model.samples.drawn import FieldOfView, fluorescence
from tests.unit.model.label_images import by_hand

NEAR = Distances(ring_gap=0, ring_width=2, neighbor_distance=2, density_side=10)
EVERY_COLUMN = [*NEIGHBOR_COLUMNS, *RING_COLUMNS, *QUALITY_COLUMNS]


def surroundings_of(labels: np.ndarray, pixels: np.ndarray, distances: Distances = NEAR) -> Surroundings:
    image = pixels if pixels.ndim == 3 else pixels[..., None]
    return measure_surroundings(
        labels, image, measure_shapes(labels), measure_intensities(labels, image), distances
    )


def columns_of(found: Surroundings) -> dict[str, np.ndarray]:
    return {**found.nuclei, **found.intensities, **found.quality}


LABELS = by_hand("11...........")
PIXELS = np.array([[30, 50, 20, 10, 4, 6, 5, 4, 5, 4, 6, 5, 5]], np.uint16)


def test_a_nucleus_is_compared_with_its_ring_and_the_background():
    found = surroundings_of(LABELS, PIXELS)

    assert found.quality["background"].tolist() == [5]
    intensities = {name: values.tolist() for name, values in found.intensities.items()}
    assert intensities.pop("edge_sharpness") == pytest.approx([np.nan], nan_ok=True)
    assert intensities == {
        "intensity_ring_mean": [15],
        "intensity_ring_median": [15],
        "intensity_ring_integrated": [30],
        "intensity_ring_ratio": [pytest.approx(40 / 15)],
        "intensity_ring_ratio_corrected": [pytest.approx(35 / 10)],
        "intensity_mean_corrected": [35],
        "intensity_integrated_corrected": [70],
    }


def test_pixels_that_are_not_finite_have_no_background_subtracted():
    pixels = PIXELS.astype(np.float32)
    pixels[0, 0] = np.nan

    assert surroundings_of(LABELS, pixels).intensities["intensity_integrated_corrected"].tolist() == [45]


def test_without_background_nothing_is_corrected_but_rings_are_there():
    found = surroundings_of(by_hand("11.."), np.array([[30, 50, 20, 10]]))

    assert np.isnan(found.quality["background"]).all()
    assert np.isnan(found.intensities["intensity_mean_corrected"]).all()
    assert np.isnan(found.intensities["intensity_ring_ratio_corrected"]).all()
    assert found.intensities["intensity_ring_ratio"].tolist() == [pytest.approx(40 / 15)]


def test_a_ring_that_is_not_brighter_than_the_background_has_no_corrected_ratio():
    pixels = np.array([[30, 50, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5]])

    found = surroundings_of(LABELS, pixels)

    assert np.isnan(found.intensities["intensity_ring_ratio_corrected"]).all()


def test_an_image_without_nuclei_has_a_background_and_a_quality():
    found = surroundings_of(np.zeros((40, 50), np.int32), np.full((40, 50, 3), 7, np.uint8))

    assert found.quality["background"].tolist() == [7, 7, 7]
    assert all(len(values) == 0 for values in {**found.nuclei, **found.intensities}.values())


def test_columns_come_in_the_order_and_types_of_the_tables():
    found = surroundings_of(LABELS, PIXELS)

    for table, columns in (
        (found.nuclei, NEIGHBOR_COLUMNS),
        (found.intensities, RING_COLUMNS),
        (found.quality, QUALITY_COLUMNS),
    ):
        assert list(table) == list(columns)
        assert {name: values.dtype for name, values in table.items()} == {
            name: np.dtype(column.dtype) for name, column in columns.items()
        }


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2.0**996, -5.0, 0.0])
def test_odd_numbers_leave_numbers_out_and_break_nothing(value: float):
    labels = np.zeros((40, 50), np.int32)
    labels[5:15, 5:15], labels[20:30, 20:30] = 1, 2

    found = surroundings_of(labels, np.full((40, 50), value))

    assert (found.nuclei["ring_area"] == 4 * 20 + 4).all()
    finite = np.isfinite(np.float32(value)) if abs(value) < 1e38 else False
    assert np.isfinite(found.quality["background"]).tolist() == [finite]
    assert np.isnan(found.intensities["edge_sharpness"]).all()


@pytest.mark.parametrize("sigma", [2.5, 3.5, 5.0])
def test_sharpness_tells_how_blurred_an_edge_is(sigma: float):
    """The steepest slope of an edge blurred by a Gaussian is contrast / (sqrt(2π) · sigma)."""
    row, column = np.mgrid[-60:61, -60:61]
    disc = np.hypot(row, column) < 30
    pixels = 100 + 1000 * ndimage.gaussian_filter(disc.astype(np.float64), sigma)
    wide = Distances(ring_gap=3 * sigma, ring_width=5, neighbor_distance=2, density_side=10)

    found = surroundings_of(disc.astype(np.int32), pixels, wide)

    contrast = 1000 * (1 - sigma * 2 / np.sqrt(2 * np.pi) / 30)  # the blur takes from the nucleus' mean
    expected = 1000 / (np.sqrt(2 * np.pi) * sigma) / contrast
    assert found.intensities["edge_sharpness"] == pytest.approx(expected, rel=0.06)


def test_edges_between_nuclei_tell_nothing_of_sharpness():
    labels = by_hand(
        """
        ........
        .111222.
        .111222.
        .111222.
        ........
        """
    )
    pixels = np.where(labels > 0, 50, 10)
    steeper = np.where(labels == 2, 90, pixels)

    free = surroundings_of(labels, pixels).intensities["edge_sharpness"]

    # the middle of the left edge and both long edges: half a step of 40 there, its corners √2 as much
    assert free == pytest.approx([expected_sharpness(labels, pixels, label) for label in (1, 2)])
    assert surroundings_of(labels, steeper).intensities["edge_sharpness"][0] < 0.5 * np.sqrt(2)


def expected_sharpness(labels: np.ndarray, pixels: np.ndarray, label: int) -> float:
    """Written out with numpy's gradient, over pixels that touch background and no other nucleus."""
    slope = np.hypot(*np.gradient(pixels.astype(np.float64)))
    cross = ndimage.generate_binary_structure(2, 1)
    at_ground = ndimage.binary_dilation(labels == 0, cross) & (labels == label)
    free = at_ground & ~ndimage.binary_dilation((labels != 0) & (labels != label), cross)
    found = surroundings_of(labels, pixels)
    ring = found.intensities["intensity_ring_mean"][label - 1]
    return slope[free].mean() / (pixels[labels == label].mean() - ring)


@pytest.fixture(scope="module")
def drawing():
    """Two channels of 300 × 412 pixels, the second of them floats with some that are not finite."""
    image = fluorescence(FieldOfView(300, 412, 90, radius=11), seed=3)
    second = ndimage.gaussian_filter(image.pixels.astype(np.float32), 2)
    return image.labels, np.stack([image.pixels.astype(np.float32), second], axis=-1)


def make_pieces_small(patch: pytest.MonkeyPatch) -> None:
    """Cut tiles that fit cells, and take every third row and column for the background, every sixth for its surface."""
    patch.setattr(focus, "TILE_SIDE", 32)
    patch.setattr(background, "MAX_SAMPLES", 20_000)
    patch.setattr(background, "MAX_FITTED", 5_000)


@pytest.fixture(scope="module")
def whole(drawing):
    labels, pixels = drawing
    with pytest.MonkeyPatch.context() as patch:
        make_pieces_small(patch)
        return columns_of(surroundings_of(labels, pixels, scale_distances(22)))


@pytest.mark.parametrize("side", [32, 96, 160])
@pytest.mark.parametrize("name", EVERY_COLUMN)
def test_numbers_do_not_depend_on_how_an_image_is_cut(name: str, side: int, drawing, whole, monkeypatch):
    labels, pixels = drawing
    make_pieces_small(monkeypatch)
    monkeypatch.setattr(cells, "CELL_SIDE", side)

    in_cells = columns_of(surroundings_of(labels, pixels, scale_distances(22)))

    assert np.isfinite(whole[name]).any()
    np.testing.assert_allclose(in_cells[name], whole[name], rtol=1e-5)


def test_every_nucleus_is_measured_in_one_cell_that_shows_all_around_it(drawing, monkeypatch):
    labels, _ = drawing
    monkeypatch.setattr(cells, "CELL_SIDE", 64)
    shapes = measure_shapes(labels)

    cut = list(cells.cut_cells(labels.shape, shapes, 9))

    assert sorted(np.concatenate([cell.nuclei for cell in cut])) == list(range(len(shapes["label"])))
    covered = np.zeros(labels.shape, np.int64)
    for cell in cut:
        covered[cell.region] += 1
        rows, columns = cell.window
        for axis, side, length in (("row", rows, 300), ("col", columns, 412)):
            assert (side.start <= np.maximum(shapes[f"bbox_{axis}0"][cell.nuclei] - 9, 0)).all()
            assert (side.stop >= np.minimum(shapes[f"bbox_{axis}1"][cell.nuclei] + 9, length)).all()
    assert (covered == 1).all()
