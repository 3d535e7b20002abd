"""Surroundings of every nucleus: its ring and its neighbours; and the quality of the image that it lies in."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model.arrays import AnyLabels, Floats, PixelArray
from model.measurements.cells import Cell, cut_cells
from model.measurements.columns import NEIGHBOR_COLUMNS, RATIO_4, RING_COLUMNS, Table, in_table_order
from model.measurements.distances import Distances
from model.measurements.neighbors import measure_contacts, measure_density, measure_nearest
from model.measurements.quality import ImageQualityMeasurement
from model.measurements.rings import find_rings, measure_rings
from model.measurements.sharpness import measure_edge_gradients
from model.measurements.textures import REQUESTS, measure_textures


class Sliceable(Protocol):
    """An array, or what reads the regions of one that it is asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W) or (H, W, C)."""

    def __getitem__(self, key: tuple[slice, slice], /) -> NDArray[Any]:
        """Return a region."""


@dataclass(frozen=True)
class Surroundings:
    """Surroundings of the nuclei of an image.

    Attributes:
        nuclei: `NEIGHBOR_COLUMNS`, (N,) each.
        intensities: `RING_COLUMNS`, (C · N,) each, channel by channel.
        quality: `QUALITY_COLUMNS`, (C,) each.
        textures: what was asked for, and `label` and `channel`, (C · N,) each; empty if nothing was.
    """

    nuclei: Table
    intensities: Table
    quality: Table
    textures: Table


class SurroundingsMeasurement:
    """Measures what is around each nucleus, and how good each channel is. Iterate once: each step measures a cell.

    An image is measured a cell at a time, each with all that lies around its nuclei: the numbers don't depend on the
    cells, and memory doesn't on the size of the image.

    Args:
        labels: label image (H, W): 0 background, the others nuclei.
        pixels: the image (H, W, C).
        nuclei: as `measure_shapes` returns them, in order of label.
        intensities: as `measure_intensities` returns them.
        distances: how far rings and neighbours reach.
        requested: what is measured only if somebody asks for it: keys of `REQUESTS`.
    """

    def __init__(
        self,
        labels: Sliceable,
        pixels: Sliceable,
        nuclei: Table,
        intensities: Table,
        distances: Distances,
        requested: Collection[str] = (),
    ) -> None:
        self._labels, self._pixels = labels, pixels
        self._nuclei, self._intensities = nuclei, intensities
        self._distances = distances
        self._size = labels.shape[0], labels.shape[1]
        self._quality = ImageQualityMeasurement(self._size, pixels.shape[2])
        self._found = _Found(nuclei, pixels.shape[2])
        self._requested = requested

    def __iter__(self) -> Iterator[Cell]:
        for cell in cut_cells(self._size, self._nuclei, self._distances.margin):
            self._measure(cell)
            yield cell

    def _measure(self, cell: Cell) -> None:
        labels, pixels = self._labels[cell.window], np.asarray(self._pixels[cell.window])
        with np.errstate(invalid="ignore", over="ignore"):  # what isn't finite is no number, as everywhere
            background = self._found.measure(labels, pixels, cell, self._distances)
            self._found.measure_requested(labels, pixels, cell, self._requested)
            self._quality.add(pixels, background, cell)

    def result(self) -> Surroundings:
        """Return what was found, once all cells are measured."""
        quality = self._quality.table()
        around = self._found.nuclei | measure_nearest(self._nuclei)
        around["neighbor_density"] = measure_density(self._nuclei, self._size, self._distances.density_side)
        background = quality["background"].astype(np.float64)
        return Surroundings(
            in_table_order(around, NEIGHBOR_COLUMNS),
            _compare(self._found.intensities, self._nuclei["area"], self._intensities, background),
            quality,
            self._textures(),
        )

    def _textures(self) -> Table:
        if not self._requested:
            return {}
        key = {name: self._intensities[name] for name in ("label", "channel")}
        names = [name for request in self._requested for name in REQUESTS[request][1]]
        values = {name: self._found.textures[name].reshape(-1) for name in names}
        return {**key, **in_table_order(values, dict.fromkeys(names, RATIO_4))}


def measure_surroundings(
    labels: Sliceable,
    pixels: Sliceable,
    nuclei: Table,
    intensities: Table,
    distances: Distances,
    requested: Collection[str] = (),
) -> Surroundings:
    """Measure all at once: see `SurroundingsMeasurement`."""
    measurement = SurroundingsMeasurement(labels, pixels, nuclei, intensities, distances, requested)
    for _ in measurement:
        pass
    return measurement.result()


class _Found:
    """Columns of N nuclei, filled in cell by cell."""

    def __init__(self, nuclei: Table, channels: int) -> None:
        count = len(nuclei["label"])
        self._shape = channels, count
        self._labels = nuclei["label"]
        self._boxes = np.stack([nuclei[f"bbox_{side}"] for side in ("row0", "col0", "row1", "col1")], axis=1)
        self.nuclei: Table = {
            "ring_area": np.zeros(count, np.int64),
            "neighbor_count": np.zeros(count, np.int64),
            "neighbor_touching_fraction": np.full(count, np.nan),
        }
        self.intensities: Table = {
            name: np.full((channels, count), np.nan)
            for name in (
                "intensity_ring_mean",
                "intensity_ring_median",
                "intensity_ring_integrated",
                "edge_gradient",
            )
        }
        self.textures: Table = {}

    def measure(
        self, labels: AnyLabels, pixels: PixelArray, cell: Cell, distances: Distances
    ) -> NDArray[np.bool_]:
        """Measure the nuclei of a cell in its window; return which pixels (h, w) of that are background."""
        wanted = self._labels[cell.nuclei]
        rings = find_rings(labels, wanted, distances)
        if len(wanted):
            around = measure_contacts(labels, wanted, distances.neighbor_distance)
            around["ring_area"] = np.bincount(rings.pixels.nucleus, minlength=len(wanted))
            measured = measure_rings(pixels, rings, len(wanted))
            measured["edge_gradient"] = measure_edge_gradients(labels, pixels, wanted)
            for name, column in around.items():
                self.nuclei[name][cell.nuclei] = column
            for name, column in measured.items():
                self.intensities[name][:, cell.nuclei] = column
        return rings.background

    def measure_requested(
        self, labels: AnyLabels, pixels: PixelArray, cell: Cell, requested: Collection[str]
    ) -> None:
        """Measure what is asked for of the nuclei of a cell."""
        row0, column0 = (side.start for side in cell.window)
        boxes = self._boxes[cell.nuclei] - [row0, column0, row0, column0]
        for request in requested:
            measured = measure_textures(labels, pixels, boxes, self._labels[cell.nuclei], request)
            for name, column in measured.items():
                of_all = self.textures.setdefault(name, np.full(self._shape, np.nan))
                of_all[:, cell.nuclei] = column


def _compare(rings: Table, area: NDArray[Any], intensities: Table, background: Floats) -> Table:
    """Compare each nucleus (C, N) with its ring and the background (C,); returns `RING_COLUMNS`, (C · N,) each."""
    shape = rings["edge_gradient"].shape
    mean, total = (intensities[f"intensity_{name}"].reshape(shape) for name in ("mean", "integrated"))
    ring, ground = rings["intensity_ring_mean"], background[:, None]
    counted = np.divide(total, mean, out=np.broadcast_to(area, shape).astype(np.float64), where=mean != 0)
    columns = {
        **rings,
        "intensity_ring_ratio": _ratio(mean, ring),
        "intensity_ring_ratio_corrected": _ratio(mean - ground, ring - ground),
        "intensity_mean_corrected": mean - ground,
        "intensity_integrated_corrected": total - np.rint(counted) * ground,
        "edge_sharpness": _ratio(rings["edge_gradient"], mean - ring),
    }
    return in_table_order({name: values.reshape(-1) for name, values in columns.items()}, RING_COLUMNS)


def _ratio(over: Floats, under: Floats) -> Floats:
    """Return a ratio where what it is over is above 0, else NaN."""
    return np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 0)
