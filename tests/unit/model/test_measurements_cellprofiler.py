"""Where CellProfiler measures the same thing it finds the same number, or one that differs as documented.

`cp-measure` is CellProfiler's measurements as a library. See `docs/measurements.md` for the differences.
"""

import warnings

import numpy as np
import pytest

from model.measurements import measure_intensities, measure_shapes
from tests.unit.model import label_images

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its docstrings hold escapes that Python warns of
    from cp_measure.core.measureobjectintensity import get_intensity
    from cp_measure.core.measureobjectsizeshape import get_feret, get_sizeshape

SAME_SHAPES = {
    "area": "Area",
    "area_bbox": "BoundingBoxArea",
    "area_convex": "ConvexArea",
    "area_filled": "FilledArea",
    "perimeter": "Perimeter",
    "perimeter_crofton": "PerimeterCrofton",
    "equivalent_diameter_area": "EquivalentDiameter",
    "axis_major_length": "MajorAxisLength",
    "axis_minor_length": "MinorAxisLength",
    "eccentricity": "Eccentricity",
    "solidity": "Solidity",
    "extent": "Extent",
    "euler_number": "EulerNumber",
    "form_factor": "FormFactor",
    "centroid_row": "Center_Y",
    "centroid_col": "Center_X",
    "bbox_row0": "BoundingBoxMinimum_Y",
    "bbox_col0": "BoundingBoxMinimum_X",
    "bbox_row1": "BoundingBoxMaximum_Y",
    "bbox_col1": "BoundingBoxMaximum_X",
}
SAME_INTENSITIES = {
    "intensity_mean": "MeanIntensity",
    "intensity_median": "MedianIntensity",
    "intensity_min": "MinIntensity",
    "intensity_max": "MaxIntensity",
    "intensity_std": "StdIntensity",
    "intensity_integrated": "IntegratedIntensity",
    "intensity_lower_quartile": "LowerQuartileIntensity",
    "intensity_upper_quartile": "UpperQuartileIntensity",
    "intensity_mad": "MADIntensity",
    "mass_displacement": "MassDisplacement",
    "intensity_edge_mean": "MeanIntensityEdge",
    "intensity_edge_std": "StdIntensityEdge",
}


@pytest.fixture(scope="module", params=["drawn", "nuclear"])
def labels(request):
    """Nuclei with a perimeter: CellProfiler divides by it."""
    labels = label_images.EXAMPLES[request.param]
    shapes = measure_shapes(labels)
    kept = shapes["label"][shapes["perimeter"] > 0]
    return (np.searchsorted(kept, labels) + 1) * np.isin(labels, kept)


@pytest.fixture(scope="module")
def pixels(labels):
    return np.random.default_rng(0).random(labels.shape)


def test_shapes_are_cellprofilers(labels):
    found, theirs = measure_shapes(labels), get_sizeshape(labels, None)
    for ours, name in SAME_SHAPES.items():
        np.testing.assert_allclose(found[ours], theirs[name], rtol=0, atol=1e-6, err_msg=ours)


def test_intensities_are_cellprofilers(labels, pixels):
    assert_same_intensities(measure_intensities(labels, pixels[..., None]), get_intensity(labels, pixels))


def assert_same_intensities(found, theirs, rows=slice(None)):
    for ours, name in SAME_INTENSITIES.items():
        expected = theirs[f"Intensity_{name}"][rows]
        np.testing.assert_allclose(found[ours][rows], expected, rtol=0, atol=1e-9, err_msg=ours)


def test_pixels_that_are_not_finite_are_left_out_as_in_cellprofiler(labels, pixels):
    holed = np.where(pixels < 0.2, np.nan, pixels)
    found, theirs = measure_intensities(labels, holed[..., None]), get_intensity(labels, holed)
    assert_same_intensities(found, theirs, rows=np.isfinite(found["intensity_edge_mean"]))


def test_orientation_is_cellprofilers_in_radians(labels):
    shapes = measure_shapes(labels)
    long = shapes["eccentricity"] > 1e-3
    theirs = np.radians(get_sizeshape(labels, None)["Orientation"])
    apart = np.abs(shapes["orientation"] - theirs)[long]
    assert np.minimum(apart, np.pi - apart).max() < 1e-6


def test_feret_diameter_is_about_a_pixel_longer(labels):
    """CellProfiler measures between pixel centres, scikit-image between edges of the pixels of the convex hull."""
    longer = measure_shapes(labels)["feret_diameter_max"] - get_feret(labels, None)["MaxFeretDiameter"]
    assert longer.min() >= np.sqrt(1 / 2) - 1e-9
    assert longer.max() <= 2


def test_cellprofilers_older_quartiles_lie_a_fraction_of_a_rank_higher(labels, pixels):
    older = get_intensity(labels, pixels, legacy=True)
    found = measure_intensities(labels, pixels[..., None])
    for ours in ("intensity_lower_quartile", "intensity_median", "intensity_upper_quartile"):
        assert (older[f"Intensity_{SAME_INTENSITIES[ours]}"] >= found[ours]).all()
