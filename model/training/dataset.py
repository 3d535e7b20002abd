"""Training data: a folder of images and label images, read into memory.

DIR/images/<name>.png|tif…   DIR/labels/<name>.png|tif   DIR/../index.csv or DIR/index.csv (optional: id, kind)

Label images may also be called as `nuqleus segment` calls them, <name>.png.label.tif and so on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import cc3d
import numpy as np
from numpy.typing import NDArray

from model.errors import DatasetError
from model.labels.label_files import ENDING
from model.preprocessing.normalisation import normalise
from model.reading import SUFFIXES, read_planes
from model.reading.channels import nuclear_pixels
from model.reading.single_colour import was_coloured
from model.training.index import UNKNOWN_KIND, read_kinds
from model.training.targets import contact_map, distance_map

WHITE = (255, 65535)
"""What drawing programs write for every pixel of a mask."""


@dataclass(frozen=True)
class Example:
    """Example to train or measure on: a labelled image.

    Attributes:
        name: file name without its ending.
        kind: what the index says it shows, for balanced sampling and scores per kind.
        image: (H, W, 1) or (H, W, 3) float32, normalised.
        labels: (H, W) int32, 0 background, 1..N nuclei.
        distance: (H, W) float32, see `distance_map`.
        diameter: median equivalent diameter of its nuclei in pixels; 0 without nuclei.
        teacher_maps: (H, W, maps) float32, what a teacher predicts for it (`model.training.teacher`); None without one.
        weight: how often it is drawn, among images of its kind.
        zoom: how much larger it is than the image in its file.
    """

    name: str
    kind: str
    image: NDArray[np.float32]
    labels: NDArray[np.int32]
    distance: NDArray[np.float32]
    diameter: float
    teacher_maps: NDArray[np.float32] | None = None
    weight: float = 1.0
    zoom: Fraction = Fraction(1)

    @cached_property
    def contact_points(self) -> NDArray[np.intp]:
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

    Files whose endings are those of no image, and folders, are left out: notes, what file managers leave.

    Raises:
        DatasetError: the folder has no `images`, or none in it, or an image hasn't one label image; or its index
            can't be read.
    """
    pairs = find_images(folder)
    kinds = read_kinds(folder)
    return [replace(pair, kind=kinds.get(pair.name, UNKNOWN_KIND)) for pair in pairs]


def find_images(folder: Path) -> list[Pair]:
    """Return what `find_pairs` does, all of an unknown kind: no index is read.

    Raises:
        DatasetError: the folder has no `images`, or none in it, or an image hasn't one label image.
    """
    if not (folder / "images").is_dir():
        raise DatasetError(f"{folder} has no folder 'images' (and 'labels') with labelled images.")
    images = sorted(path for path in (folder / "images").iterdir() if _is_image(path))
    if not images:
        raise DatasetError(f"{folder / 'images'} holds no images ({', '.join(SUFFIXES)}).")
    return [Pair(path.stem, UNKNOWN_KIND, path, _labels_of(path, folder)) for path in images]


def load_examples(
    pairs: list[Pair], progress: Callable[[list[Pair]], Iterable[Pair]] = iter
) -> list[Example]:
    """Read labelled images into memory; `progress` may wrap the loop to show how far it is."""
    return [_load(pair) for pair in progress(pairs)]


def read_image(path: Path) -> NDArray[np.generic]:
    """Read what the network sees of the first plane of an image: (H, W, 1) or (H, W, 3) in the file's dtype.

    Of several channels it is the one that `nuqleus segment` chooses.
    """
    return np.asarray(nuclear_pixels(next(iter(read_planes(path)))))


def read_labels(path: Path) -> NDArray[np.int32]:
    """Read a label image: (H, W) int32.

    Raises:
        DatasetError: it isn't one image of one number a nucleus.
    """
    planes = read_planes(path)
    plane = next(planes)
    pixels = np.asarray(plane.pixels)
    if next(planes, None) is not None:
        raise DatasetError(f"{path} has several pages: a label image has one. Save that of its image alone.")
    labels = pixels[..., 0]
    if was_coloured(plane) or (pixels.shape[2] > 1 and (pixels != labels[..., None]).any()):
        raise DatasetError(
            f"{path} is a colour image or has several channels: a label image has one, with a number for each "
            "nucleus. Save the numbers, as 16-bit TIFF or PNG, not a picture of them."
        )
    _check_numbers(path, labels)
    return labels.astype(np.int32)


def _check_numbers(path: Path, labels: NDArray[np.generic]) -> None:
    highest = np.iinfo(np.int32).max
    if not (labels.min() >= 0 and float(labels.max()) <= highest and (labels == np.rint(labels)).all()):
        raise DatasetError(
            f"{path} has other values than whole numbers from 0 to {highest:,}: 0 is background, 1 and up are nuclei."
        )
    if labels.max() in WHITE and np.isin(labels, (0, labels.max())).all() and _count_pieces(labels) > 1:
        raise DatasetError(
            f"{path} is a mask: all its nuclei are {labels.max()}. A label image has one number a nucleus; label "
            "the connected components of the mask, and part those that touch."
        )


def _count_pieces(labels: NDArray[np.generic]) -> int:
    return int(cc3d.connected_components(labels != 0, connectivity=8, return_N=True)[1])


def _load(pair: Pair) -> Example:
    labels = read_labels(pair.labels)
    image = normalise(read_image(pair.image))
    if image.shape[:2] != labels.shape:
        raise DatasetError(
            f"{pair.labels} is {labels.shape}, but its image is {image.shape[:2]}: not a pair."
        )
    return Example(pair.name, pair.kind, image, labels, distance_map(labels), median_diameter(labels))


def median_diameter(labels: NDArray[np.int32]) -> float:
    """Return the median equivalent diameter of the nuclei of a label image (H, W) in pixels; 0 without nuclei."""
    areas = np.bincount(labels.ravel())[1:]
    areas = areas[areas > 0]
    return float(np.median(2 * np.sqrt(areas / np.pi))) if areas.size else 0.0


def _is_image(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _labels_of(image: Path, folder: Path) -> Path:
    endings = (image.suffix, ".png", ".tif", ".tiff", image.suffix + ENDING)
    candidates = dict.fromkeys(folder / "labels" / (image.stem + ending) for ending in endings)
    found = [path for path in candidates if path.is_file()]
    if not found:
        raise DatasetError(
            f"{image} has no label image {folder / 'labels' / image.stem}.png, .tif or {image.suffix}{ENDING}."
        )
    if len({path.name.casefold() for path in found}) > 1:
        raise DatasetError(f"{image} has several label images: {found[0]}, {found[1].name}. Keep one.")
    return found[0]
