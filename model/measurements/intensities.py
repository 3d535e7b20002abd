"""Intensity of every nucleus in every channel."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from model.measurements.columns import INTENSITY_COLUMNS, Table, in_table_order
from model.measurements.outlines import find_outline
from model.measurements.pixelgroups import Groups, Places, find_places
from model.measurements.runs import Bools, Floats, Ints, Labels, find_runs

Pixels = NDArray[np.generic]

# pixels of nuclei that are worked on at a time: bounds the memory, and stays in the processor's cache
BATCH_PIXELS = 1 << 17


def measure_intensities(labels: Labels, pixels: Pixels) -> Table:
    """Measure the intensity of each nucleus in each channel, in the numbers of the image.

    Pixels that are not finite are left out; where that leaves none, everything is NaN. The edge of a nucleus is its
    pixels that share an edge with a pixel of another label (CellProfiler's edge); without one, its columns are NaN.

    Args:
        labels: label image (H, W) of integers: 0 background, the others nuclei; numbers may be left out.
        pixels: the image (H, W, C), of any real dtype.

    Returns:
        The columns of `INTENSITY_COLUMNS`, in that order: arrays (C · N,), channel by channel, each in order of
        label.

    Raises:
        ValueError: `labels` is not a label image, or `pixels` has not its height and width.
    """
    if pixels.ndim != 3 or pixels.shape[:2] != labels.shape:
        raise ValueError(
            f"pixels must be {(*labels.shape, 'channels')} as the labels are; received {pixels.shape}"
        )
    runs = find_runs(labels)
    edges = find_outline(labels).reshape(-1)
    channels = pixels.reshape(labels.size, pixels.shape[2])
    table = _empty_table(runs.labels, pixels.shape[2])
    begin = 0
    for batch in runs.batches(BATCH_PIXELS):
        places = find_places(batch, labels.shape[1])
        rows = slice(begin, begin := begin + len(batch))
        for channel, measured in enumerate(_measure_channels(channels, places, edges, len(batch))):
            for name, values in measured.items():
                table[name][channel, rows] = values
    return in_table_order({name: values.reshape(-1) for name, values in table.items()}, INTENSITY_COLUMNS)


def _empty_table(labels: Ints, channels: int) -> Table:
    shape = (channels, len(labels))
    table: Table = {name: np.full(shape, np.nan) for name in INTENSITY_COLUMNS}
    table["label"] = np.broadcast_to(labels, shape)
    table["channel"] = np.broadcast_to(np.arange(channels)[:, None], shape)
    return table


def _measure_channels(channels: Pixels, places: Places, edges: Bools, nuclei: int) -> Iterator[Table]:
    """Yield the columns of each channel of `channels` (H · W, C) for some nuclei."""
    on_edge = edges[places.flat]
    for channel in channels.T:
        values = channel[places.flat].astype(np.float64)
        use = np.isfinite(values)
        yield _grouped(_statistics, values, places, use, nuclei) | _grouped(
            _edge_statistics, values, places, use & on_edge, nuclei
        )


def _grouped(
    measure: Callable[[Floats, Places, Groups], Table],
    values: Floats,
    places: Places,
    use: Bools,
    nuclei: int,
) -> Table:
    """Measure the values to use; nuclei without any get NaN."""
    if not use.all():
        values, places = values[use], places.at(use)
    count = np.bincount(places.nucleus, minlength=nuclei)
    some = count > 0
    measured = measure(values, places, Groups(count[some]))
    return {name: _spread(column, some) for name, column in measured.items()}


def _spread(column: Floats, some: Bools) -> Floats:
    spread = np.full(len(some), np.nan)
    spread[some] = column
    return spread


def _statistics(values: Floats, places: Places, groups: Groups) -> Table:
    ordered = groups.sort(values)
    mean = groups.mean(values)
    return {
        "intensity_mean": mean,
        "intensity_median": groups.quantile(ordered, 0.5),
        "intensity_min": ordered[groups.first],
        "intensity_max": ordered[groups.first + groups.count - 1],
        "intensity_std": groups.deviation(values, mean),
        "intensity_integrated": groups.total(values),
        "intensity_lower_quartile": groups.quantile(ordered, 0.25),
        "intensity_upper_quartile": groups.quantile(ordered, 0.75),
        "intensity_mad": groups.median_deviation(ordered),
        "mass_displacement": _mass_displacement(values, places, groups),
    }


def _edge_statistics(values: Floats, _places: Places, groups: Groups) -> Table:
    mean = groups.mean(values)
    return {"intensity_edge_mean": mean, "intensity_edge_std": groups.deviation(values, mean)}


def _mass_displacement(values: Floats, places: Places, groups: Groups) -> Floats:
    """Return the distance between the centroid and the centroid weighted by intensity; NaN if the sum is 0."""
    total = groups.total(values)
    weight = np.where(total == 0, np.nan, total)

    def shift(axis: Ints) -> Floats:
        return groups.total(values * axis) / weight - groups.mean(axis)

    return np.hypot(shift(places.row), shift(places.col))
