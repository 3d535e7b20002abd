"""Intensity of each nucleus in each channel."""

import numpy as np

from model.arrays import AnyLabels, Bools, Floats, Ints, PixelArray
from model.measurements.columns import INTENSITY_COLUMNS, Table, in_table_order
from model.measurements.outlines import find_outline
from model.measurements.pixel_groups import Groups, NucleusPixels, list_pixels, measure_finite
from model.measurements.runs import find_runs

# pixels of nuclei that are worked on at a time: bounds the memory, and stays in the processor's cache
BATCH_PIXELS = 1 << 17

QUARTILES = np.array([0.25, 0.5, 0.75])


def measure_intensities(labels: AnyLabels, pixels: PixelArray) -> Table:
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
    for batch in runs.batches(BATCH_PIXELS // max(1, pixels.shape[2])):
        members = list_pixels(batch, labels.shape[1])
        rows = slice(begin, begin := begin + len(batch))
        for name, values in _measure(channels, members, edges, len(batch)).items():
            table[name][:, rows] = values
    return in_table_order({name: values.reshape(-1) for name, values in table.items()}, INTENSITY_COLUMNS)


def _empty_table(labels: Ints, channels: int) -> Table:
    shape = (channels, len(labels))
    table: Table = {name: np.empty(shape) for name in INTENSITY_COLUMNS}
    table["label"] = np.broadcast_to(labels, shape)
    table["channel"] = np.broadcast_to(np.arange(channels)[:, None], shape)
    return table


def _measure(channels: PixelArray, members: NucleusPixels, edges: Bools, nuclei: int) -> Table:
    """Return the columns (C, nuclei) of some nuclei; `channels` is (H · W, C)."""
    values = channels.take(members.flat, axis=0).T.astype(np.float64)
    on_edge = edges[members.flat]
    return measure_finite(_statistics, values, members, nuclei) | measure_finite(
        _edge_statistics, values[:, on_edge], members.at(on_edge), nuclei
    )


def _statistics(values: Floats, members: NucleusPixels, groups: Groups) -> Table:
    ordered = groups.sort(values)
    total = groups.total(values)
    mean = total / groups.count
    lower, median, upper = groups.quantiles(ordered, QUARTILES).swapaxes(0, 1)
    return {
        "intensity_mean": mean,
        "intensity_median": median,
        "intensity_min": ordered[:, groups.first],
        "intensity_max": ordered[:, groups.first + groups.count - 1],
        "intensity_std": groups.deviation(values, mean),
        "intensity_integrated": total,
        "intensity_lower_quartile": lower,
        "intensity_upper_quartile": upper,
        "intensity_mad": groups.median_deviation(values, median),
        "mass_displacement": _mass_displacement(values, total, members, groups),
    }


def _edge_statistics(values: Floats, _members: NucleusPixels, groups: Groups) -> Table:
    mean = groups.total(values) / groups.count
    return {"intensity_edge_mean": mean, "intensity_edge_std": groups.deviation(values, mean)}


def _mass_displacement(values: Floats, total: Floats, members: NucleusPixels, groups: Groups) -> Floats:
    """Return the distance between the centroid and the centroid weighted by intensity; NaN if the sum is 0."""
    weight = np.where(total == 0, np.nan, total)

    def shift(axis: Ints) -> Floats:
        return groups.total(values * axis) / weight - groups.total(axis) / groups.count

    return np.hypot(shift(members.row), shift(members.col))
