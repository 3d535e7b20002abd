"""Label images to measure: drawn by hand, drawn at random, and from pictures that packages ship."""

from functools import cache

import numpy as np
from skimage import data, io, measure
from skimage.filters import threshold_otsu

from model.samples.drawn import FieldOfView, draw_labels
from model.samples.shipped import shipped_images


def by_hand(picture: str) -> np.ndarray:
    """A label image from lines of digits; `.` is background."""
    return np.array([[int(sign.replace(".", "0")) for sign in line] for line in picture.split()], np.int32)


RING_WITH_NUCLEUS = by_hand(
    """
    .11111.
    .1...1.
    .1.2.1.
    .1...1.
    .11111.
    """
)
CLOSED_BY_CORNERS = by_hand(
    """
    .....
    ..1..
    .1.1.
    ..1..
    .....
    """
)
TWO_HOLES_AND_A_BAY = by_hand(
    """
    1111111
    1.11.11
    1.1...1
    1111111
    1..1111
    1..1...
    """
)
LOOSE_PIECES = by_hand(
    """
    11......1
    1......1.
    .........
    ....2....
    .........
    1......2.
    """
)
TOUCHING_AND_CUT = by_hand(
    """
    1122233
    1122233
    1444433
    1455433
    6455477
    6644777
    """
)
NESTED_HOLES = by_hand(
    """
    111111111
    1.......1
    1.11111.1
    1.1...1.1
    1.1.1.1.1
    1.1...1.1
    1.11111.1
    1.......1
    111111111
    """
)
TINY = by_hand(
    """
    1.22..3.
    ......3.
    .4......
    ..4..555
    .....5..
    """
)


@cache
def drawn() -> np.ndarray:
    """Forty nuclei, many of them touching."""
    return draw_labels(FieldOfView(256, 256, 40), np.random.default_rng(0))


@cache
def coins() -> np.ndarray:
    """Coins above a threshold: with holes, crumbs, and one cut by the border."""
    return measure.label(data.coins() > 110).astype(np.int32)


@cache
def nuclear() -> np.ndarray:
    """U2OS nuclei above a threshold, from mahotas; of the coins where mahotas is not installed."""
    path = shipped_images().get("nuclear.png")
    if path is None:
        return coins()
    image = io.imread(path)
    image = image if image.ndim == 2 else image[..., 0]
    return measure.label(image > threshold_otsu(image)).astype(np.int32)


def noise(seed: int, labels: int, side: int = 40) -> np.ndarray:
    """Labels thrown at random: every nucleus in shreds, every hole and corner there is."""
    return np.random.default_rng(seed).integers(0, labels + 1, (side, side)).astype(np.int32)


def with_gaps(labels: np.ndarray) -> np.ndarray:
    """The same image without every third label, and the last one far away."""
    thinned = np.where(labels % 3 == 0, 0, labels)
    thinned[thinned == thinned.max()] = 200_000
    return thinned.astype(np.int32)


def many(side: int = 2048) -> np.ndarray:
    """2,560 nuclei in an image of 2048², by repeating the drawn ones."""
    tile, count = drawn(), side // 256
    tiles = np.arange(count**2, dtype=np.int32).reshape(count, count) * tile.max()
    offsets = np.kron(tiles, np.ones_like(tile))
    repeated = np.tile(tile, (count, count))
    return np.where(repeated > 0, repeated + offsets, 0).astype(np.int32)


EXAMPLES = {
    "ring": RING_WITH_NUCLEUS,
    "corners": CLOSED_BY_CORNERS,
    "bay": TWO_HOLES_AND_A_BAY,
    "loose": LOOSE_PIECES,
    "touching": TOUCHING_AND_CUT,
    "nested": NESTED_HOLES,
    "tiny": TINY,
    "diagonal": np.eye(60, dtype=np.int32),
    "column": np.ones((50, 1), np.int32),
    "row": np.ones((1, 50), np.int32),
    "pixel": np.ones((1, 1), np.int32),
    "full": np.full((12, 17), 3, np.int32),
    "drawn": drawn(),
    "drawn, int64, turned": drawn().astype(np.int64).T,
    "coins": coins(),
    "nuclear": nuclear(),
    "gaps": with_gaps(coins()),
    "shreds": noise(0, 3),
    "sparse shreds": np.where(noise(1, 9) < 4, noise(1, 9), 0),
    "dust": noise(2, 60),
    "empty": np.zeros((7, 9), np.int32),
}
