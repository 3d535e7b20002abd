"""Stored masks as label images, and the outlines of the nuclei in them."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from model.arrays import Bools, Labels
from model.errors import MaskError
from model.labels.cells import grow_labels
from model.labels.masks import BLOCK_SIDE, LabelImage, LazyLabelImage, MaskBlock
from model.labels.outline_polygons import Polygon, trace_polygons
from nuqleus.database.queries.snapshot import Snapshot, StoredImage


class SelectedLabels:
    """Label image in which other nuclei are background, to be sliced as `mask` is.

    Attributes:
        shape: (H, W).
    """

    def __init__(self, mask: LazyLabelImage, labels: Sequence[int]) -> None:
        self.shape = mask.shape
        self._mask = mask
        self._labels = np.asarray(labels, np.int32)

    def __getitem__(self, key: tuple[slice, slice], /) -> Labels:
        """Put a region together."""
        region = self._mask[key]
        region[~np.isin(region, self._labels)] = 0
        return region


def load_mask(results: Snapshot, image: StoredImage) -> LazyLabelImage | SelectedLabels:
    """Return the label image (H, W) of an image, whose blocks are decoded where it is sliced."""
    blocks = (MaskBlock(**block) for block in results.mask_blocks(image))
    mask = LazyLabelImage(blocks, *image.shape)
    return SelectedLabels(mask, results.labels(image)) if results.leaves_out_nuclei else mask


def outlined_nuclei(results: Snapshot, image: StoredImage) -> Iterator[tuple[dict[str, Any], list[Polygon]]]:
    """Yield the nuclei of an image, each with its outlines, block by block of its mask.

    Raises:
        MaskError: a block can't be read, or a nucleus isn't in the mask.
    """
    mask = load_mask(results, image)
    for nuclei in results.nuclei_by_tile(image, BLOCK_SIDE):
        polygons = _trace(mask, nuclei)
        for nucleus in nuclei:
            label = nucleus["label"]
            if label not in polygons:
                raise _not_in_mask(label)
            yield nucleus, polygons.pop(label)


def outlined_cells(
    results: Snapshot, image: StoredImage
) -> Iterator[tuple[dict[str, Any], list[Polygon], list[Polygon]]]:
    """Yield the nuclei of an image, each with the outlines of its cell, then its own, block by block of its mask.

    A cell has the pixels that are nearer to its nucleus than to any other, as far as the ring reaches.

    Raises:
        MaskError: a block can't be read, a nucleus isn't in the mask, or an earlier version measured no rings.
    """
    mask = LazyLabelImage((MaskBlock(**block) for block in results.mask_blocks(image)), *image.shape)
    reach = _ring_reach(image) if image.columns["n_nuclei"] else 0.0
    for nuclei in results.nuclei_by_tile(image, BLOCK_SIDE):
        polygons, cells = _trace(mask, nuclei), _trace_cells(mask, nuclei, reach)
        for nucleus in nuclei:
            label = nucleus["label"]
            if label not in polygons:
                raise _not_in_mask(label)
            yield nucleus, cells.pop(label), polygons.pop(label)


def _ring_reach(image: StoredImage) -> float:
    gap, width = image.columns["ring_gap"], image.columns["ring_width"]
    if gap is None or width is None:
        raise MaskError(
            "an earlier version measured no rings, as far as which cells reach: `nuqleus retry` it first"
        )
    return float(gap + width)


def _trace_cells(
    mask: LazyLabelImage, nuclei: list[dict[str, Any]], reach: float
) -> dict[int, list[Polygon]]:
    """Return the outlines of the cells of the nuclei, and pieces of others nearby."""
    margin = math.ceil(reach)
    row0, col0, row1, col1 = _bounding_box(nuclei)
    # cells reach that far beyond the box, and whose nucleus is nearest is known a second time as far beyond
    top, left = max(0, row0 - 2 * margin), max(0, col0 - 2 * margin)
    grown = grow_labels(mask[top : row1 + 2 * margin, left : col1 + 2 * margin], reach)
    inner_top, inner_left = max(0, row0 - margin), max(0, col0 - margin)
    inner = grown[inner_top - top : row1 + margin - top, inner_left - left : col1 + margin - left]
    return trace_polygons(inner, inner_top, inner_left)


def cut_out_nuclei(results: Snapshot, image: StoredImage) -> Iterator[tuple[dict[str, Any], Bools]]:
    """Yield the nuclei of an image, each with its pixels in its bounding box, (h, w), block by block of its mask.

    Raises:
        MaskError: a block can't be read, or a nucleus isn't in the mask.
    """
    mask = load_mask(results, image)
    for nuclei in results.nuclei_by_tile(image, BLOCK_SIDE):
        row0, col0, row1, col1 = _bounding_box(nuclei)
        region = mask[row0:row1, col0:col1]
        for nucleus in nuclei:
            rows = slice(nucleus["bbox_row0"] - row0, nucleus["bbox_row1"] - row0)
            cols = slice(nucleus["bbox_col0"] - col0, nucleus["bbox_col1"] - col0)
            pixels = region[rows, cols] == nucleus["label"]
            if not pixels.any():
                raise _not_in_mask(nucleus["label"])
            yield nucleus, pixels


def _not_in_mask(label: int) -> MaskError:
    return MaskError(f"nucleus {label} has measurements, but is not in the mask")


def _trace(mask: LabelImage, nuclei: list[dict[str, Any]]) -> dict[int, list[Polygon]]:
    """Return the outlines of the nuclei, and pieces of others nearby."""
    row0, col0, row1, col1 = _bounding_box(nuclei)
    return trace_polygons(mask[row0:row1, col0:col1], row0, col0)


def _bounding_box(nuclei: list[dict[str, Any]]) -> tuple[int, int, int, int]:
    """Return the first row and column of any of the nuclei, and those after the last."""
    row0, col0 = (min(nucleus[side] for nucleus in nuclei) for side in ("bbox_row0", "bbox_col0"))
    row1, col1 = (max(nucleus[side] for nucleus in nuclei) for side in ("bbox_row1", "bbox_col1"))
    return row0, col0, row1, col1
