"""Pieces of nuclei that lie within other nuclei are no nuclei: bright chromocentres, nucleoli; and holes are filled."""

import cc3d
import numpy as np
from numpy.typing import NDArray

from model.arrays import Labels

Numbers = NDArray[np.int64]


def absorb_enclosed(labels: Labels, share: float) -> Labels:
    """Give to a nucleus what lies within it: its holes, what lies in these, and smaller nuclei along its inside.

    Args:
        labels: (H, W) int32, 0 background; numbers may have gaps.
        share: of its outline, in edges of pixels, that a smaller nucleus must have in common with a single larger one
            to be a piece of it; the border of the image is in common with nobody.

    Returns:
        (H, W) int32; numbers may have gaps.
    """
    labels = _fill_holes(labels)
    while (fewer := _absorb_pieces(labels, share)) is not labels:
        labels = fewer
    return labels


def _absorb_pieces(labels: Labels, share: float) -> Labels:
    """Return the same labels where nothing is enclosed."""
    inner, outer, common = _count_common_edges(labels)
    if not inner.size:
        return labels
    areas = np.bincount(labels.reshape(-1))
    smaller = (areas[inner] < areas[outer]) | ((areas[inner] == areas[outer]) & (inner > outer))
    enclosed = smaller & (common >= share * _outlines(labels, areas.size)[inner])
    owners = np.arange(areas.size, dtype=np.int32)
    owners[inner[enclosed]] = outer[enclosed]
    return _follow(owners)[labels] if enclosed.any() else labels


def _fill_holes(labels: Labels) -> Labels:
    """Background that a single nucleus surrounds becomes a part of it, with all nuclei that touch nothing else."""
    ground = cc3d.connected_components(labels == 0, connectivity=4, out_dtype=np.uint32).view(np.int32)
    is_hole = np.ones(int(ground.max(initial=0)) + 1, np.bool_)
    for edge in (ground[0], ground[-1], ground[:, 0], ground[:, -1]):
        is_hole[edge] = False
    is_hole[0] = False
    if not is_hole.any():
        return labels
    count = int(labels.max(initial=0))
    holes = ground + np.int32(count)  # they are numbered after the nuclei
    pieces = np.where(is_hole[ground], holes, labels)
    return _merge_holes(labels, pieces, count)


def _merge_holes(labels: Labels, pieces: Labels, count: int) -> Labels:
    hole, nucleus, edges = _count_common_edges(pieces)
    between = (hole > count) & (nucleus <= count)
    hole, nucleus, edges = hole[between], nucleus[between], edges[between]
    inside = edges == _outlines(labels, int(pieces.max()) + 1)[nucleus]  # its whole outline is the hole's
    around = np.bincount(hole[~inside], minlength=int(pieces.max()) + 1)
    owners = np.arange(around.size, dtype=np.int32)
    closed = around[hole] == 1
    owners[hole[closed & ~inside]] = nucleus[closed & ~inside]
    owners[nucleus[closed & inside]] = owners[hole[closed & inside]]
    owners[count + 1 :][owners[count + 1 :] > count] = 0
    return owners[pieces]


def _count_common_edges(labels: Labels) -> tuple[Numbers, Numbers, Numbers]:
    """Ordered pairs of labels above 0 with common edges of pixels, and how many: (P,) each."""
    sides = []
    for one, other in _neighbours(labels):
        differ = (one != other) & (one > 0) & (other > 0)
        sides.append(np.stack((one[differ], other[differ])))
    one, other = np.concatenate(sides, axis=1).astype(np.int64)
    size = int(labels.max(initial=0)) + 1
    codes, counts = np.unique(np.concatenate((one * size + other, other * size + one)), return_counts=True)
    inner, outer = np.divmod(codes, size)
    return inner, outer, counts


def _outlines(labels: Labels, size: int) -> Numbers:
    """Length of each nucleus' outline in edges of pixels, the border of the image included: (size,)."""
    length = np.zeros(size, np.int64)
    for one, other in _neighbours(np.pad(labels, 1)):
        differ = one != other
        length += np.bincount(one[differ], minlength=size) + np.bincount(other[differ], minlength=size)
    return length


def _neighbours(labels: Labels) -> tuple[tuple[Labels, Labels], tuple[Labels, Labels]]:
    return (labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])


def _follow(owners: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the last owner of each: areas grow from owner to owner, so there is one."""
    while not np.array_equal(further := owners[owners], owners):
        owners = further
    return owners
