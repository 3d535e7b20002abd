"""A folder of images and label images, read into memory.

DIR/images/<name>.png|tif…   DIR/labels/<name>.png|tif   DIR/../index.csv or DIR/index.csv (optional: id, kind)
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import DatasetError
from model.normalise import normalise
from model.reading import read_planes
from model.training.targets import contact_map, distance_map

UNKNOWN_KIND = "image"


@dataclass(frozen=True)
class Example:
    """A labelled image.

    Attributes:
        name: file name without its ending.
        kind: what the index says it shows, for balanced sampling and scores per kind.
        image: (H, W, 1) or (H, W, 3) float32, normalised.
        labels: (H, W) int32, 0 background, 1..N nuclei.
        distance: (H, W) float32, see `distance_map`.
        diameter: median equivalent diameter of its nuclei in pixels; 0 without nuclei.
    """

    name: str
    kind: str
    image: NDArray[np.float32]
    labels: NDArray[np.int32]
    distance: NDArray[np.float32]
    diameter: float

    @cached_property
    def contacts(self) -> NDArray[np.intp]:
        """Where two nuclei are close to each other, see `contact_map`: (N, 2) rows and columns."""
        return np.argwhere(contact_map(self.labels))


@dataclass(frozen=True)
class Pair:
    """Where a labelled image lies, and what kind it is."""

    name: str
    kind: str
    image: Path
    labels: Path


def find_pairs(folder: Path) -> list[Pair]:
    """Return the labelled images of a folder, in the order of their names.

    Raises:
        DatasetError: the folder has no `images`, or an image has no label image.
    """
    if not (folder / "images").is_dir():
        raise DatasetError(f"{folder} has no folder 'images' (and 'labels') with labelled images.")
    kinds = _read_kinds(folder)
    images = sorted(path for path in (folder / "images").iterdir() if not path.name.startswith("."))
    return [Pair(p.stem, kinds.get(p.stem, UNKNOWN_KIND), p, _labels_of(p, folder)) for p in images]


def load_examples(
    pairs: list[Pair], progress: Callable[[list[Pair]], Iterator[Pair]] = iter
) -> list[Example]:
    """Read labelled images into memory; `progress` may wrap the loop to show how far it is."""
    return [_load(pair) for pair in progress(pairs)]


def read_image(path: Path) -> NDArray[np.generic]:
    """Read the first plane of an image: (H, W, C) in the file's dtype."""
    return np.asarray(next(iter(read_planes(path))).pixels)


def read_labels(path: Path) -> NDArray[np.int32]:
    """Read a label image: (H, W) int32."""
    return read_image(path)[..., 0].astype(np.int32)


def _load(pair: Pair) -> Example:
    labels = read_labels(pair.labels)
    image = normalise(read_image(pair.image))
    if image.shape[:2] != labels.shape:
        raise DatasetError(
            f"{pair.labels} is {labels.shape}, but its image is {image.shape[:2]}: not a pair."
        )
    return Example(pair.name, pair.kind, image, labels, distance_map(labels), _median_diameter(labels))


def _median_diameter(labels: NDArray[np.int32]) -> float:
    areas = np.bincount(labels.ravel())[1:]
    areas = areas[areas > 0]
    return float(np.median(2 * np.sqrt(areas / np.pi))) if areas.size else 0.0


def _labels_of(image: Path, folder: Path) -> Path:
    for suffix in (image.suffix, ".png", ".tif", ".tiff"):
        candidate = folder / "labels" / (image.stem + suffix)
        if candidate.is_file():
            return candidate
    raise DatasetError(f"{image} has no label image {folder / 'labels' / image.stem}.png or .tif.")


def _read_kinds(folder: Path) -> dict[str, str]:
    for index in (folder / "index.csv", folder.parent / "index.csv"):
        if index.is_file():
            with index.open(newline="") as lines:
                return {row["id"]: row["kind"] for row in csv.DictReader(lines)}
    return {}
