"""Small labelled images, drawn for the tests of training."""

import numpy as np

from model.training.dataset import Example
from model.training.targets import distance_map


def draw_example(seed: int, *, kind: str = "dots", channels: int = 1, side: int = 96) -> Example:
    """Bright discs on a dark ground, some of which touch."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    labels = np.zeros((side, side), np.int32)
    for label in range(1, 9):
        row, column = rng.uniform(10, side - 10, 2)
        labels[(np.hypot(rows - row, columns - column) < 8) & (labels == 0)] = label
    gray = (labels > 0) * 0.8 + rng.normal(0.1, 0.03, labels.shape)
    image = np.repeat(gray[..., None], channels, axis=2).astype(np.float32)
    return Example(f"{kind}{seed}", kind, image, labels, distance_map(labels), 16.0)
