"""Label images of discs, whose mistakes are known because they were made on purpose."""

import numpy as np

SHAPE = (64, 96)
ROWS, COLUMNS = np.mgrid[: SHAPE[0], : SHAPE[1]]


def disc(row: float, column: float, radius: float) -> np.ndarray:
    """Where a disc is: bool."""
    return np.hypot(ROWS - row, COLUMNS - column) <= radius


def label(*nuclei: np.ndarray) -> np.ndarray:
    """A label image of these nuclei, numbered from 1; where two overlap, the first wins."""
    labels = np.zeros(SHAPE, np.int32)
    for number, nucleus in enumerate(nuclei, 1):
        labels[nucleus & (labels == 0)] = number
    return labels


NOTHING = label()
LEFT, RIGHT = disc(32, 24, 12), disc(32, 50, 12)
BRIDGE = (abs(ROWS - 32) < 4) & (COLUMNS > 24) & (COLUMNS < 50)
UPPER, LOWER = LEFT & (ROWS < 32), LEFT & (ROWS > 32)
