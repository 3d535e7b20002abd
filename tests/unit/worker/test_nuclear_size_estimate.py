"""One size for all images of a file; a diameter that somebody gives."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import tifffile

from model.errors import ImageError
from model.memory_budget import MemoryBudget
from model.reading import Plane
from model.reading.pixel_size import PixelSize
from model.segmentation.nuclear_size import Detection, NuclearSize
from model.segmentation.windows import SampledImage
from model.weights.diameters import KnownDiameters
from nuqleus.errors import SettingsError
from nuqleus.image_options import DEFAULT_OPTIONS, ImageOptions
from nuqleus.rules import Rule, Rules
from tests.fake_segmenter import FoundNuclei, ThresholdSegmenter, draw_squares
from worker.factory import ensure_diameters_are_known
from worker.nuclear_size_estimate import estimate_size, given_diameter
from worker.pipeline import process


class RecordingSegmenter(ThresholdSegmenter):
    """Detects nuclei as wide as an image's brightest pixel says; records these images, and the sizes it is told."""

    known_diameters = KnownDiameters(smallest=12, largest=50, best=40)

    def __init__(self) -> None:
        self.sampled: list[float] = []
        self.told: list[NuclearSize | None] = []

    def size_of(self, diameter: float) -> NuclearSize:
        return NuclearSize(diameter, self.known_diameters.zoom(diameter))

    def detect_in_windows(self, image: SampledImage) -> Detection:
        width = float(image.sample.max())
        self.sampled.append(width)
        areas = np.array([np.pi / 4 * width**2]) if width else np.zeros(0)
        return Detection(self.known_diameters.zoom(width), areas)

    def segment(
        self, pixels: np.ndarray, size: NuclearSize | None = None, smallest: int | None = None
    ) -> FoundNuclei:
        self.told.append(size)
        return super().segment(pixels, size, smallest)


def planes(*widths: float) -> Iterator[Plane]:
    """Images whose only bright pixel says how wide their nuclei are; normalised, that is 1 or, in dark ones, 0."""
    for width in widths:
        pixels = np.zeros((30, 30, 1), np.float32)
        pixels[0, 0] = width
        yield Plane(pixels, colour=False, nuclear_channel=0)


@pytest.fixture
def estimator(monkeypatch: pytest.MonkeyPatch) -> RecordingSegmenter:
    monkeypatch.setattr(
        "model.blockwise.normalised_plane.NormalisedPlane.normalise", lambda plane, pixels: pixels
    )
    return RecordingSegmenter()


def estimate(estimator: RecordingSegmenter, *widths: float) -> NuclearSize | None:
    return estimate_size(planes(*widths), estimator, MemoryBudget(10**6))


def test_a_single_image_tells_by_itself(estimator: RecordingSegmenter):
    assert estimate(estimator, 80) is None
    assert estimator.sampled == []


def test_a_single_large_one_is_sampled_in_windows(
    estimator: RecordingSegmenter, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("model.reading.plane.LARGE", 800)
    assert estimate(estimator, 80) == NuclearSize(pytest.approx(80), Fraction(1, 2))


def test_the_sooner_an_image_comes_the_likelier_it_is_sampled(estimator: RecordingSegmenter):
    estimate(estimator, *range(20, 40))
    assert estimator.sampled == [20, 22, 24, 28, 36]


def test_all_are_sampled_until_one_shows_nuclei(estimator: RecordingSegmenter):
    assert estimate(estimator, 0, 0, 0, 0, 0, 0, 33, 34) == NuclearSize(pytest.approx(33))


def test_long_series_are_not_read_twice_to_their_end(estimator: RecordingSegmenter):
    series = planes(*[30] * 200)
    estimate_size(series, estimator, MemoryBudget(10**6))
    assert len(list(series)) == 200 - 66


def test_those_of_a_series_do_not_say_that_there_is_none(estimator: RecordingSegmenter):
    assert estimate(estimator, 0, 0, 0) == NuclearSize(0.0, Fraction(1))


def series(path: Path, count: int = 4) -> Path:
    stack = np.stack([draw_squares(2, value=100 + t) for t in range(count)])
    tifffile.imwrite(path, stack, photometric="minisblack", metadata={"axes": "TYX"})
    return path


def test_all_images_of_a_file_are_seen_with_one_size(tmp_path: Path):
    segmenter = RecordingSegmenter()

    results = list(process(series(tmp_path / "a.tif"), segmenter))

    assert len(segmenter.sampled) == 2
    assert len(segmenter.told) == 4
    (size,) = set(segmenter.told)
    assert {result.nuclear_diameter for result in results} == {size.diameter}


@pytest.mark.parametrize(("diameter", "zoom"), [("30", 1), ("120", Fraction(1, 3))])
def test_a_diameter_that_is_given_is_not_looked_for(tmp_path: Path, diameter: str, zoom: Fraction):
    segmenter = RecordingSegmenter()

    results = list(process(series(tmp_path / "a.tif"), segmenter, ImageOptions(diameter=diameter)))

    assert segmenter.sampled == []
    assert set(segmenter.told) == {NuclearSize(float(diameter), zoom)}
    assert {result.nuclear_diameter for result in results} == {float(diameter)}


def plane(pixel_size: PixelSize) -> Plane:
    return Plane(np.zeros((5, 5, 1), np.uint8), colour=False, pixel_size=pixel_size)


def test_micrometres_are_those_of_the_image():
    assert given_diameter(Path("a.tif"), plane(PixelSize(0.25, "ome")), "12 um") == 48
    assert given_diameter(Path("a.tif"), plane(PixelSize(None, "not given")), "12") == 12


def test_micrometres_of_an_image_whose_pixel_size_is_not_known_are_refused_in_a_sentence():
    with pytest.raises(ImageError, match=r"a\.tif: its nuclei are said to be 12 um wide") as refused:
        given_diameter(Path("a.tif"), plane(PixelSize(None, "not square")), "12 um")

    assert refused.value.kind == "unknown-pixel-size"
    assert "(not square)" in str(refused.value)


@pytest.mark.parametrize(
    "rules", [Rules(default=ImageOptions(diameter="40")), Rules([Rule(path="*", diameter="12 um")])]
)
def test_a_network_of_which_nobody_knows_what_it_knows_takes_no_diameter(rules: Rules):
    ensure_diameters_are_known(RecordingSegmenter(), rules)
    with pytest.raises(SettingsError, match="'threshold' doesn't say which diameters it knows"):
        ensure_diameters_are_known(ThresholdSegmenter(), rules)


def test_without_a_diameter_every_network_will_do():
    ensure_diameters_are_known(ThresholdSegmenter(), Rules([Rule(path="*", channel="1")], DEFAULT_OPTIONS))


def test_a_network_of_which_nobody_knows_what_it_knows_sees_images_as_they_are(tmp_path: Path):
    (image,) = process(series(tmp_path / "a.tif", 1), ThresholdSegmenter())
    assert image.zoom == 1
