"""Rehearsal crops: labelled pieces of images, in one ZIP file of PNGs with an index."""

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.training.dataset import Example, median_diameter
from model.training.targets import distance_map

CROPS = Path(__file__).parent / "crops.zip"
"""The crops that come with the package."""

COLUMNS = ("name", "kind", "held_out", "low", "high")
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Date of all members: the same crops make the same file."""


@dataclass(frozen=True)
class Crop:
    """A labelled piece of an image, as large as the network is shown it.

    Attributes:
        name: of the image, and its zoom.
        kind: what it shows.
        held_out: whether it is measured on rather than learnt from.
        low: what 0 stands for, in the normalised image.
        high: what 255 stands for.
        image: (S, S, 1) or (S, S, 3) uint8.
        labels: (S, S) uint16, 0 background, 1..N nuclei.
    """

    name: str
    kind: str
    held_out: bool
    low: float
    high: float
    image: NDArray[np.uint8]
    labels: NDArray[np.uint16]

    def to_example(self) -> Example:
        """Return what a training takes."""
        labels = self.labels.astype(np.int32)
        image = self.low + self.image * np.float32((self.high - self.low) / 255)
        return Example(self.name, self.kind, image, labels, distance_map(labels), median_diameter(labels))


def read_crops(path: Path = CROPS) -> list[Crop]:
    """Read all crops of a file, in its order."""
    with zipfile.ZipFile(path) as archive:
        index = io.StringIO(archive.read("index.csv").decode())
        return [
            Crop(
                row["name"],
                row["kind"],
                row["held_out"] == "yes",
                float(row["low"]),
                float(row["high"]),
                np.atleast_3d(_read_png(archive, f"images/{number}.png")),
                _read_png(archive, f"labels/{number}.png"),
            )
            for number, row in enumerate(csv.DictReader(index))
        ]


def write_crops(crops: Sequence[Crop], path: Path) -> None:
    """Write crops; the same ones make the same bytes."""
    index = io.StringIO(newline="")
    rows = csv.writer(index, lineterminator="\n")
    rows.writerow(COLUMNS)
    with zipfile.ZipFile(path, "w") as archive:
        for number, crop in enumerate(crops):
            rows.writerow((crop.name, crop.kind, "yes" if crop.held_out else "no", crop.low, crop.high))
            pixels = crop.image[..., 0] if crop.image.shape[2] == 1 else crop.image
            archive.writestr(zipfile.ZipInfo(f"images/{number}.png", EPOCH), _to_png(pixels))
            archive.writestr(zipfile.ZipInfo(f"labels/{number}.png", EPOCH), _to_png(crop.labels))
        archive.writestr(zipfile.ZipInfo("index.csv", EPOCH), index.getvalue())


def _read_png(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with Image.open(io.BytesIO(archive.read(name))) as image:
        return np.asarray(image)


def _to_png(pixels: NDArray[Any]) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", optimize=True)
    return data.getvalue()
