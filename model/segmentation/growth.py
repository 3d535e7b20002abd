"""Geodesic influence zones: each pixel of a mask goes to the marker that is nearest along paths inside the mask.

They are those of Lantuéjoul and Beucher (1981). Where markers already fill most of each nucleus they
give what a watershed gives, without its queue: all pixels of a step are labelled together.
"""

from itertools import cycle

import numpy as np

from model.arrays import Bools, Indices, Labels


def grow(markers: Labels, mask: Bools) -> Labels:
    """Let markers grow within a mask, all at the same pace, until they meet or nothing is left to reach.

    A step goes to the 4 neighbours and to all 8 in turn, so that a marker grows as an octagon. Time is proportional to
    the pixels gained and, slightly, to the number of steps.

    Args:
        markers: (H, W) int32, 0 where nothing is marked.
        mask: (H, W) bool, where to grow; markers outside it stay as they are.

    Returns:
        (H, W) int32.
    """
    height, width = markers.shape[0] + 2, markers.shape[1] + 2
    labels, free = np.zeros((height, width), np.int32), np.zeros((height, width), np.bool_)
    labels[1:-1, 1:-1] = markers
    free[1:-1, 1:-1] = mask & (markers == 0)  # a border that is never free: no neighbour lies outside
    zones = _InfluenceZones(labels.reshape(-1), free.reshape(-1))
    front = np.flatnonzero(_dilated(zones.free, width) & (zones.labels != 0))
    for neighbours in cycle((_neighbours_4(width), _neighbours_8(width))):
        if not front.size:
            break
        front = zones.extend(front, neighbours)
    return labels[1:-1, 1:-1]


class _InfluenceZones:
    """Pixels with a label and pixels that are free to get one, in a flattened image."""

    def __init__(self, labels: Labels, free: Bools) -> None:
        self.labels = labels
        self.free = free

    def extend(self, front: Indices, neighbours: Indices) -> Indices:
        """Label the free neighbours of the front, and return them; the first who comes has them."""
        reached = (front + neighbours[:, None]).reshape(-1)
        arrivals = np.flatnonzero(self.free[reached])
        new = reached[arrivals]
        self.labels[new[::-1]] = arrivals[::-1]  # of those that reach a pixel, the last one written stays
        first = self.labels[new] == arrivals
        new, arrivals = new[first], arrivals[first]
        self.labels[new] = self.labels[front[arrivals % front.size]]
        self.free[new] = False
        return new


def _dilated(mask: Bools, width: int) -> Bools:
    """Add the 8 neighbours of all pixels to a flattened mask whose border is False; what it says of that is void."""
    for step in (1, width):
        wider = mask.copy()
        wider[step:] |= mask[:-step]
        wider[:-step] |= mask[step:]
        mask = wider
    return mask


def _neighbours_4(width: int) -> Indices:
    return np.array([-width, width, -1, 1])


def _neighbours_8(width: int) -> Indices:
    return np.append(_neighbours_4(width), [-width - 1, -width + 1, width - 1, width + 1])
