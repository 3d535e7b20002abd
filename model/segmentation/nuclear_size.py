"""How large the nuclei of an image are, and at which zoom the network sees them as large as it knows them.

A first pass at low zoom tells whether there are nuclei too large for the network: shrunk, they are whole, where at
their own size it would see pieces. Only where there are none does an image's own size tell how small its nuclei are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.arrays import Labels
from model.segmentation.nuclei import Nuclei

OWN_SIZE = Fraction(1)

ROUGH_ZOOM = Fraction(1, 3)
"""Zoom of the first pass: nuclei of 30 to 150 pixels are recognised there, at a ninth of the price of the whole."""

ROUGH_ZOOM_STEP = Fraction(1, 4)
"""How much smaller the image is shown next, where nuclei are too large even so."""

LOWEST_ZOOM = Fraction(1, 16)

CONFIRMED_SHARE = 0.5
"""Share of the diameter found at low zoom that must be found again, or else that was a cluster of small nuclei."""

SURE = 0.85
"""Confidence of an image below which what it shows shrunk is not believed: large nuclei had 0.9 and more in images held
out, the vessels and glands of a stained kidney 0.72."""

PROBABLE = 0.75
"""Confidence of an image from which what it shows shrunk is believed if its own size shows nothing, or is less sure.
Large nuclei that were enlarged had 0.76 and more, vessels of a kidney and glands of a colon at most 0.72."""

LIKELY = 0.5
"""Confidence of an image below which what it shows enlarged is not believed: specks, as small as a lens can show them,
had 0.4 and less."""

SMALLEST = 6.0
"""Diameter, in pixels of the image, below which what it shows enlarged is not believed: nuclei as small as that can't
be told from specks of dust, of which a network is as sure (0.65 to 0.78 in drawn fields), unless it is crowded."""

CROWDED = 0.03
"""Share of an image that small nuclei cover where they lie side by side; specks of dust hardly ever do."""

CERTAIN = 0.8
"""Confidence of a small image from which what it shows at its own size is believed without a pass at low zoom."""

WELL_BELOW = 0.9
"""Share of the largest known diameter up to which such nuclei are believed to be whole."""

Areas = NDArray[Any]
"""Pixels of each nucleus."""


@dataclass(frozen=True)
class NuclearSize:
    """How large the nuclei of a file are, and how large a network sees them; one for all of its images.

    Attributes:
        diameter: area-weighted median of their diameters, in pixels; 0 without nuclei.
        zoom: at which they are shown.
    """

    diameter: float
    zoom: Fraction = OWN_SIZE


@dataclass(frozen=True)
class Detection:
    """Nuclei that a network detected in an image, or in windows of it, at a zoom.

    Attributes:
        zoom: at which it saw them.
        areas: of the nuclei, in pixels of the image: (N,).
        confidence: how sure it was, 0..1; None if nobody knows.
        nuclei: if it saw the whole image.
        pixels: of the image, or of its windows.
    """

    zoom: Fraction
    areas: Areas = field(default_factory=lambda: np.zeros(0, np.int64))
    confidence: float | None = None
    nuclei: Nuclei | None = None
    pixels: int = 0

    @property
    def diameter(self) -> float:
        """Area-weighted median of the diameters, in pixels of the image; 0 without nuclei."""
        return weighted_median_diameter(self.areas)

    @property
    def is_doubtful(self) -> bool:
        """Whether it may as well be parts of a tissue: shrunk, they look like large nuclei."""
        return self.confidence is not None and self.confidence < SURE

    @property
    def is_unlikely(self) -> bool:
        """Whether it may as well be dust: enlarged, that looks like small nuclei."""
        is_speck = self.diameter < SMALLEST and self.areas.sum() < CROWDED * self.pixels
        return is_speck or (self.confidence is not None and self.confidence < LIKELY)

    @property
    def is_probable(self) -> bool:
        """Whether it is likelier nuclei than parts of a tissue, though one can't be sure."""
        return self.confidence is not None and self.confidence >= PROBABLE

    def is_likelier_than(self, other: "Detection") -> bool:
        """Whether it is surer of its nuclei, or has several where the other one, which drops pieces, has none."""
        if self.confidence is None or other.confidence is None:
            return False
        if not other.areas.size:
            return self.areas.size > 1  # a single one may be glare
        return self.confidence > other.confidence

    def shows_no_larger_than(self, diameter: float) -> bool:
        """Whether these are certainly nuclei, and well below a diameter, in pixels of the image."""
        return (self.confidence or 0.0) >= CERTAIN and 0 < self.diameter <= WELL_BELOW * diameter


Detector = Callable[[Fraction], Detection]
"""Shows an image to a network at a zoom, whole or in windows, and returns what it detects."""


def search_zoom(
    detect_roughly: Detector,
    detect: Detector,
    choose_zoom: Callable[[float], Fraction],
    largest: float,
    own_size_first: bool = False,
) -> Detection:
    """Detect nuclei at low zoom, then at the zoom that this suggests, then, if needed, at the image's own size.

    Args:
        detect_roughly: shows the image at low zoom, for a rough idea.
        detect: shows it to find its nuclei.
        choose_zoom: which zoom suits nuclei of a diameter.
        largest: nuclei above this diameter, in pixels that it sees, are too large for the network.
        own_size_first: show it at low zoom only if its own size leaves doubts.
    """
    detect = cache(detect)
    if own_size_first and detect(OWN_SIZE).shows_no_larger_than(largest):
        return _refine_zoom(detect, choose_zoom, detect(OWN_SIZE))
    first = estimate_diameter(detect_roughly, largest)
    zoom = choose_zoom(first) if first > largest else OWN_SIZE
    detected = detect(zoom)
    is_confirmed = detected.diameter >= CONFIRMED_SHARE * first
    if zoom == 1 or (is_confirmed and not detected.is_doubtful):
        return _refine_zoom(detect, choose_zoom, detected)
    own = detect(OWN_SIZE)
    return detected if is_confirmed and detected.is_probable and detected.is_likelier_than(own) else own


def _refine_zoom(
    detect: Detector, choose_zoom: Callable[[float], Fraction], detected: Detection
) -> Detection:
    """Detect at the zoom that suits what was found: only an image's own size tells that it should be enlarged."""
    better = choose_zoom(detected.diameter)
    if better == detected.zoom or OWN_SIZE not in {detected.zoom, better}:
        return detected
    refined = detect(better)
    is_worse = refined.is_unlikely if better > 1 else not refined.areas.size
    return detected if is_worse else refined


def estimate_diameter(detect_roughly: Detector, largest: float) -> float:
    """Return the area-weighted median diameter of large nuclei, as low zooms show them.

    Args:
        detect_roughly: shows the image at a low zoom.
        largest: nuclei above this diameter, in pixels that it sees, are too large for the network.

    Returns:
        Diameter in pixels of the image; 0 if nothing is found. What is below about 10 / `ROUGH_ZOOM` pixels may be
        missed or merged.
    """
    zoom = ROUGH_ZOOM
    while True:
        diameter = detect_roughly(zoom).diameter
        if diameter * zoom <= largest or zoom * ROUGH_ZOOM_STEP < LOWEST_ZOOM:
            return diameter
        zoom *= ROUGH_ZOOM_STEP


def pool_detections(detections: Iterable[Detection]) -> NuclearSize:
    """Return the size of the nuclei of a file from what some of its images show.

    They are shown at the zoom at which most of their pixels were seen, counted in pixels of the images.
    """
    areas: dict[Fraction, list[Areas]] = {}
    for detection in detections:
        areas.setdefault(detection.zoom, []).append(detection.areas)
    pooled = {zoom: np.concatenate(found) for zoom, found in areas.items()}
    zoom = max(pooled, key=lambda zoom: (pooled[zoom].sum(), zoom == OWN_SIZE), default=OWN_SIZE)
    if not pooled or not pooled[zoom].sum():
        return NuclearSize(0.0)
    return NuclearSize(weighted_median_diameter(pooled[zoom]), zoom)


def area_weighted_diameter(labels: Labels) -> float:
    """Return the median diameter of nuclei (H, W), each weighted by its area, in pixels; 0 without nuclei.

    Half of all nuclear pixels are of nuclei that are at least as large: specks do not count, however many.
    """
    return weighted_median_diameter(areas_of(labels))


def weighted_median_diameter(areas: Areas) -> float:
    """Return the same of nuclei of these areas, in pixels, in any order."""
    sorted_areas = np.sort(areas[areas > 0])
    if not sorted_areas.size:
        return 0.0
    middle = np.searchsorted(np.cumsum(sorted_areas), sorted_areas.sum() / 2)
    return float(2 * np.sqrt(sorted_areas[middle] / np.pi))


def areas_of(labels: Labels) -> Areas:
    """Return the pixels of each nucleus of a label image 1..N: (N,)."""
    return np.bincount(labels.reshape(-1))[1:]
