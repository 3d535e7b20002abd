"""Size and shape: scikit-image's numbers, for all nuclei at once."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from skimage import measure

from model.measurements import (
    INTENSITY_COLUMNS,
    NUCLEUS_COLUMNS,
    QUALITY_COLUMNS,
    RING_COLUMNS,
    SHAPE_COLUMNS,
    measure_intensities,
    measure_shapes,
)
from tests.unit.model import label_images
from tests.unit.model.label_images import EXAMPLES, by_hand

NAMES_IN_SKIMAGE = {
    "centroid_row": "centroid-0",
    "centroid_col": "centroid-1",
    "bbox_row0": "bbox-0",
    "bbox_col0": "bbox-1",
    "bbox_row1": "bbox-2",
    "bbox_col1": "bbox-3",
}
OURS_ONLY = {"form_factor", "circularity", "touches_border"}
BOTH = [name for name in SHAPE_COLUMNS if name not in OURS_ONLY]


def assert_as_skimage(labels):
    asked = {NAMES_IN_SKIMAGE.get(name, name).partition("-")[0] for name in BOTH}
    expected = measure.regionprops_table(labels, properties=sorted(asked))
    found = measure_shapes(labels)
    for name in BOTH:
        theirs = expected[NAMES_IN_SKIMAGE.get(name, name)]
        ours, theirs = found[name], np.asarray(theirs, np.float64)
        if name == "orientation":
            ours, theirs = _comparable_angles(ours, theirs, expected["eccentricity"])
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6, err_msg=name)


def _comparable_angles(ours, theirs, eccentricity):
    """Angles of nuclei that have a longer axis; -π/2 and π/2 are the same direction."""
    has_axis = eccentricity > 1e-3
    turn = np.where(ours - theirs > np.pi / 2, np.pi, np.where(theirs - ours > np.pi / 2, -np.pi, 0))
    return (ours - turn)[has_axis], theirs[has_axis]


def shape_of(picture):
    return {name: values[0] for name, values in measure_shapes(by_hand(picture)).items()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_column_equals_scikit_images(name):
    assert_as_skimage(EXAMPLES[name])


@settings(max_examples=60)
@given(
    arrays.arrays(
        np.int32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.integers(0, 3)
    )
)
def test_so_it_does_for_any_label_image(labels):
    assert_as_skimage(labels)


def test_a_square_by_hand():
    square = shape_of(
        """
        .....
        .111.
        .111.
        .111.
        .....
        """
    )
    assert (square["area"], square["area_bbox"], square["area_convex"]) == (9, 9, 9)
    assert (square["centroid_row"], square["centroid_col"]) == (2, 2)
    assert [square[f"bbox_{side}"] for side in ("row0", "col0", "row1", "col1")] == [1, 1, 4, 4]
    assert square["perimeter"] == 8
    assert square["eccentricity"] == 0
    assert square["feret_diameter_max"] == pytest.approx(np.hypot(3, 2))
    assert square["form_factor"] == pytest.approx(4 * np.pi * 9 / 64)
    assert not square["touches_border"]


def test_a_discs_numbers_come_close_to_the_circles():
    rows, cols = np.mgrid[-60:61, -60:61]
    disc = {
        name: values[0] for name, values in measure_shapes((np.hypot(rows, cols) < 50).astype(int)).items()
    }
    assert disc["area"] == pytest.approx(np.pi * 50**2, rel=0.01)
    assert disc["perimeter_crofton"] == pytest.approx(2 * np.pi * 50, rel=0.01)
    assert disc["axis_major_length"] == pytest.approx(100, rel=0.01)
    assert disc["feret_diameter_max"] == pytest.approx(100, rel=0.02)
    assert disc["solidity"] > 0.98
    assert disc["form_factor"] == pytest.approx(1, abs=0.1)


def circles(radius: float) -> dict[str, float]:
    """Mean measurements of circles whose centres lie anywhere on a pixel."""
    rng = np.random.default_rng(0)
    rows, cols = np.mgrid[-radius - 2 : radius + 3, -radius - 2 : radius + 3]
    drawn = [
        measure_shapes((np.hypot(rows - row, cols - col) < radius).astype(int))
        for row, col in rng.random((100, 2))
    ]
    return {name: np.mean([shapes[name][0] for shapes in drawn]) for name in drawn[0]}


@pytest.mark.parametrize("radius", [3, 5, 10, 20, 50])
def test_a_circle_of_any_size_has_a_circularity_of_one(radius):
    assert 0.995 < circles(radius)["circularity"] < 1.025


def test_the_form_factor_of_a_circle_falls_as_it_grows():
    """CellProfiler's and scikit-image's perimeter is too short for small circles, and too long for large ones."""
    assert circles(5)["form_factor"] > 1.0 > 0.92 > circles(50)["form_factor"]


@pytest.mark.parametrize("length", [2, 3, 90, 1000])
def test_a_diagonal_line_has_no_width(length):
    line = measure_shapes(np.eye(length, dtype=np.int32))
    assert line["axis_minor_length"].tolist() == [0]
    assert line["eccentricity"].tolist() == [1]


def test_holes_are_filled_whatever_lies_in_them():
    shapes = measure_shapes(label_images.RING_WITH_NUCLEUS)
    assert shapes["area_filled"].tolist() == [25, 1]
    assert shapes["euler_number"].tolist() == [0, 1]


def test_corners_do_not_close_a_hole_but_count_as_connected():
    shapes = measure_shapes(label_images.CLOSED_BY_CORNERS)
    assert shapes["area_filled"][0] == 4
    assert shapes["euler_number"][0] == 0


def test_without_perimeter_there_is_no_form_factor():
    shapes = measure_shapes(by_hand("1.22"))
    assert shapes["perimeter"].tolist() == [0, 0]
    assert np.isnan(shapes["form_factor"]).all()


@pytest.mark.parametrize("side", range(4))
def test_a_nucleus_touches_the_border_on_any_side(side):
    labels = np.zeros((5, 5), np.int32)
    labels[0, 2] = 1
    labels[2, 2] = 2
    assert measure_shapes(np.rot90(labels, side))["touches_border"].tolist() == [True, False]


def test_rows_come_in_order_of_label_and_gaps_stay_gaps():
    labels = by_hand("7.3.5") * 300_000_000
    assert measure_shapes(labels)["label"].tolist() == [900_000_000, 1_500_000_000, 2_100_000_000]


def test_an_empty_image_has_all_columns_and_no_rows():
    shapes = measure_shapes(np.zeros((4, 4), np.int32))
    assert list(shapes) == list(SHAPE_COLUMNS)
    assert {len(values) for values in shapes.values()} == {0}


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_so_has_an_image_without_pixels(shape):
    assert len(measure_shapes(np.zeros(shape, np.int32))["label"]) == 0


def test_columns_have_the_dtypes_of_the_table():
    for name, values in measure_shapes(label_images.TINY).items():
        assert values.dtype == SHAPE_COLUMNS[name].dtype, name


def test_labels_are_not_changed():
    labels = label_images.TINY.copy()
    labels.setflags(write=False)
    measure_shapes(labels)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.zeros((2, 2, 1), np.int32), "3-dimensional"),
        (np.zeros((2, 2)), "float64"),
        (np.array([[0, -4]]), "-4"),
    ],
)
def test_what_is_no_label_image_is_refused(labels, said):
    with pytest.raises(ValueError, match=said):
        measure_shapes(labels)


def test_two_thousand_nuclei_take_well_under_a_second():
    labels = label_images.many()
    pixels = np.random.default_rng(0).integers(0, 4096, (*labels.shape, 1)).astype(np.uint16)
    start = time.process_time()
    shapes, intensities = measure_shapes(labels), measure_intensities(labels, pixels)
    seconds = time.process_time() - start
    assert len(shapes["label"]) == len(intensities["label"]) > 2000
    assert seconds < 1, f"{seconds:.2f} s of one core"


def test_every_column_is_explained():
    page = Path(__file__).parents[3] / "docs" / "measurements.md"
    text = page.read_text()
    columns = {**NUCLEUS_COLUMNS, **INTENSITY_COLUMNS, **RING_COLUMNS, **QUALITY_COLUMNS}
    missing = [name for name in columns if f"`{name}`" not in text]
    assert not missing
