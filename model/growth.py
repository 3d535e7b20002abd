"""Markers → the whole foreground: each pixel goes to the marker that is nearest along paths inside the foreground.

The geodesic influence zones of Lantuéjoul and Beucher (1981). Where markers already fill most of each nucleus they
give what a watershed gives, without its queue: all pixels of a step are labelled together.
"""

from collections.abc import Iterator
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]
Indices = NDArray[np.intp]


def grow(markers: Labels, mask: NDArray[np.bool_]) -> Labels:
    """Let markers grow within a mask, all at the same pace, until they meet or nothing is left to reach.

    A step goes to the 4 neighbours and to all 8 in turn, so that a marker grows as an octagon. Time is proportional to
    the pixels gained and, slightly, to the number of steps.

    Args:
        markers: (H, W) int32, 0 where nothing is marked.
        mask: (H, W) bool, where to grow; markers outside it stay as they are.

    Returns:
        (H, W) int32.
    """
    height, width = markers.shape
    labels = np.pad(markers, 1).ravel()  # a border that is never free: no neighbour lies outside
    free = np.pad(mask & (markers == 0), 1).ravel()
    front = _border(np.flatnonzero(labels), free, width + 2)
    for neighbours in cycle((_four(width + 2), _eight(width + 2))):
        if not front.size:
            break
        front = np.concatenate(list(_step(front, neighbours, labels, free)))
    return labels.reshape(height + 2, width + 2)[1:-1, 1:-1]


def _step(
    front: Indices, neighbours: tuple[int, ...], labels: Labels, free: NDArray[np.bool_]
) -> Iterator[Indices]:
    """Label the free neighbours of the front; yields them, one direction after another."""
    for neighbour in neighbours:
        reached = front + neighbour
        gained = free[reached]
        new = reached[gained]
        labels[new] = labels[front[gained]]
        free[new] = False
        yield new


def _border(marked: Indices, free: NDArray[np.bool_], width: int) -> Indices:
    """Those marked pixels that have a free neighbour."""
    beside = np.zeros(marked.size, bool)
    for neighbour in _eight(width):
        beside |= free[marked + neighbour]
    return marked[beside]


def _four(width: int) -> tuple[int, ...]:
    return -width, width, -1, 1


def _eight(width: int) -> tuple[int, ...]:
    return *_four(width), -width - 1, -width + 1, width - 1, width + 1
