"""How sure the network is of each nucleus, and of each image.

Of the nuclei with a confidence of 0.8, about 80 % match a true one at an IoU above 0.5: what the maps say within and
around a nucleus becomes a probability by logistic regression (Platt 1999), fitted on images that were held out from the
training (`model.training.calibration`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from model.arrays import Labels, Maps
from model.weights.calibration import Calibration

Features = NDArray[np.float64]

FEATURES = ("inside", "edge", "peak", "contact", "border", "log_size", "log_size_squared")
"""What is known of each nucleus:

- `inside`: mean foreground probability of its pixels.
- `edge`: how much lower the foreground is a little way out of it than along its outline: sharp outlines are sure ones.
- `peak`: highest value of the distance map in it.
- `contact`: mean contact probability of its pixels.
- `border`: share of its outline that it has in common with other nuclei.
- `log_size`: natural logarithm of its diameter, as the network sees it, over `REFERENCE`; and its square.

None depends on other nuclei but those that it touches: a block of an image tells the same as the whole.
"""

REFERENCE = 30.0
"""Diameter, in pixels that the network sees, of a nucleus whose `log_size` is 0."""

AWAY = 2
"""How far out of a nucleus its surroundings are looked at, in pixels that the network sees."""

PRIOR = 0.5
"""Nuclei that an image's confidence takes for granted, so that one without any can be sure."""

DOUBTFUL = 0.1
"""Foreground probability below which a pixel is sure background."""


ALL = slice(None)


@dataclass(frozen=True)
class NucleusEvidence:
    """What the maps say of the nuclei of a label image.

    Attributes:
        maps: (H, W, outputs) float32 probabilities, in the label image's pixels.
        outputs: names of the maps.
        labels: (H, W) int32, 1..N.
        zoom: how large the network saw the image.
    """

    maps: Maps
    outputs: tuple[str, ...]
    labels: Labels
    zoom: float = 1.0

    @property
    def features(self) -> Features:
        """`FEATURES` of each nucleus: (N, features) float64."""
        size = np.log(np.maximum(self.diameters, 1.0) * self.zoom / REFERENCE)
        edge, border = self._outlines
        columns = (self._mean("foreground"), edge, self._peaks, self._mean("contact"), border, size, size**2)
        return np.stack(columns, axis=1)

    @property
    def doubtful(self) -> float:
        """Nuclei that might have been missed: foreground outside of all nuclei, over the area of a typical one."""
        return doubtful_nuclei(self.outside(), self.diameters, self.zoom)

    def outside(self, rows: slice = ALL, columns: slice = ALL) -> float:
        """Foreground outside of all nuclei, in some rows and columns, in pixels."""
        foreground = self._map("foreground")[rows, columns]
        return float(foreground[(self.labels[rows, columns] == 0) & (foreground > DOUBTFUL)].sum())

    @cached_property
    def _count(self) -> int:
        return int(self.labels.max(initial=0))

    @cached_property
    def _where(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.labels)

    @cached_property
    def _owners(self) -> Labels:
        """Nucleus of each pixel in `_where`."""
        return self.labels.reshape(-1)[self._where]

    @cached_property
    def _areas(self) -> NDArray[np.int64]:
        return np.bincount(self._owners, minlength=self._count + 1)[1:]

    @cached_property
    def diameters(self) -> NDArray[np.float64]:
        """Diameter of each nucleus, in pixels of the label image: (N,)."""
        return 2 * np.sqrt(self._areas / np.pi)

    @property
    def _peaks(self) -> NDArray[np.float64]:
        peaks = np.zeros(self._count + 1, np.float32)
        np.maximum.at(peaks, self._owners, self._map("distance").reshape(-1)[self._where])
        return peaks[1:].astype(np.float64)

    @property
    def _outlines(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`edge` and `border` of each nucleus: (N,) each."""
        fall, free, all_edges = np.zeros((3, self._count + 1))
        reach = max(1, round(AWAY / self.zoom))
        foreground = self._map("foreground")
        for labels, map_ in ((self.labels, foreground), (self.labels.T, foreground.T)):
            for owner, beside, drop in _edges(labels, map_, reach):
                all_edges += np.bincount(owner, minlength=all_edges.size)
                on_ground = beside == 0
                free += np.bincount(owner[on_ground], minlength=free.size)
                fall += np.bincount(owner[on_ground], drop[on_ground], minlength=fall.size)
        edge, border = fall / np.maximum(free, 1), 1 - free / np.maximum(all_edges, 1)
        return edge[1:], border[1:]

    def _mean(self, name: str) -> NDArray[np.float64]:
        values = self._map(name).reshape(-1)[self._where]
        total = np.bincount(self._owners, values, minlength=self._count + 1)[1:]
        return total / np.maximum(self._areas, 1)

    def _map(self, name: str) -> NDArray[np.float32]:
        return self.maps[..., self.outputs.index(name)]


def _edges(
    labels: Labels, foreground: NDArray[np.float32], reach: int
) -> Iterator[tuple[Labels, Labels, NDArray[np.float32]]]:
    """Pixels beside which, in their row, another label begins, first those to the left of it, then to the right.

    Yields:
        Their labels, the labels that begin, and how far the foreground falls beyond: (E,) each.
    """
    rows, left = np.nonzero(labels[:, :-1] != labels[:, 1:])
    right = left + 1
    beyond_right = np.minimum(left + reach, labels.shape[1] - 1)
    beyond_left = np.maximum(right - reach, 0)
    for own, beside, beyond in ((left, right, beyond_right), (right, left, beyond_left)):
        drop = foreground[rows, own] - foreground[rows, beyond]
        owner = labels[rows, own]
        yield owner[owner > 0], labels[rows, beside][owner > 0], drop[owner > 0]


def confidence_of(features: Features, calibration: Calibration) -> NDArray[np.float32]:
    """Return the probability of a match of each nucleus: (N, features) → (N,) in 0..1."""
    odds = features @ np.asarray(calibration.weights) + calibration.offset
    return (0.5 * np.tanh(0.5 * odds) + 0.5).astype(np.float32)


def doubtful_nuclei(outside: float, diameters: NDArray[np.float64], zoom: float) -> float:
    """Return how many nuclei might have been missed.

    Args:
        outside: foreground outside of all nuclei, in pixels.
        diameters: of the nuclei, in pixels: (N,).
        zoom: how large the network saw the image.
    """
    typical = np.median(diameters) if diameters.size else REFERENCE / zoom
    return outside / (np.pi / 4 * float(typical) ** 2)


def image_confidence(nuclei: NDArray[np.float32], doubtful: float) -> float:
    """Return which share of an image's nuclei, true or found, is likely right, 0..1.

    Args:
        nuclei: confidence of each nucleus that was found: (N,).
        doubtful: how many might have been missed, see `NucleusEvidence.doubtful`.
    """
    return float((nuclei.sum() + PRIOR) / (len(nuclei) + doubtful + PRIOR))
