"""The format coco: coco.json, with the mask of each nucleus run-length encoded, as COCO's own library reads it.

https://cocodataset.org/#format-data
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from pycocotools import mask as coco_masks

from cli.exports.exporter import Written
from cli.progress_bars import track_stream
from model.arrays import Bools
from model.errors import MaskError
from nuqleus.csv_files import defused
from nuqleus.database.queries.snapshot import Snapshot, StoredImage
from nuqleus.paths import escape_path
from nuqleus.results.masks import cut_out_nuclei
from nuqleus.whole_files import whole_file

NUCLEUS = 1
"""The only category."""


def export(results: Snapshot, output: Path) -> Written:
    """Write every image and nucleus."""
    path = output / "coco.json"
    with whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8") as file:
        categories = [{"id": NUCLEUS, "name": "nucleus", "supercategory": "nucleus"}]
        file.write(f'{{"categories": {json.dumps(categories)},\n"images": ')
        images = _write_list(file, (_image(number, image) for number, image in _numbered(results)))
        file.write(',\n"annotations": ')
        annotations = _write_list(file, _annotations(results))
        file.write("}\n")
    return Written(f"{images} images and {annotations} annotations in {path}")


def _write_list(file: TextIO, items: Iterable[dict[str, Any]]) -> int:
    number = 0
    for number, item in enumerate(items, 1):
        file.write("[\n" if number == 1 else ",\n")
        file.write(json.dumps(item, allow_nan=False))
    file.write("\n]" if number else "[]")
    return number


def _numbered(results: Snapshot) -> Iterator[tuple[int, StoredImage]]:
    """Yield the images with numbers of their own: a duplicate shares the `image_id` of its original."""
    return enumerate(results.images(), 1)


def _image(number: int, image: StoredImage) -> dict[str, Any]:
    place = {name: image.columns[name] for name in ("scene", "t", "z", "counted", "height", "width")}
    return {"id": number, "file_name": defused(image.path), **place}


def _annotations(results: Snapshot) -> Iterator[dict[str, Any]]:
    ids = count(1)
    for number, image in track_stream(_numbered(results), "images", results.image_count()):
        try:
            for nucleus, pixels in cut_out_nuclei(results, image):
                identity = {"id": next(ids), "image_id": number, "category_id": NUCLEUS, "iscrowd": 0}
                yield identity | _annotation(nucleus, pixels, image.shape)
        except MaskError as error:
            raise MaskError(f"{escape_path(image.path)}: {error}") from error


def _annotation(nucleus: Mapping[str, Any], pixels: Bools, shape: tuple[int, int]) -> dict[str, Any]:
    row0, col0 = nucleus["bbox_row0"], nucleus["bbox_col0"]
    return {
        "label": nucleus["label"],
        "area": int(nucleus["area"]),
        "bbox": [col0, row0, nucleus["bbox_col1"] - col0, nucleus["bbox_row1"] - row0],
        "segmentation": _encode(pixels, row0, col0, shape),
    }


def _encode(pixels: Bools, row0: int, col0: int, shape: tuple[int, int]) -> dict[str, Any]:
    """Return the run-length encoding of an image of that shape, which shows the pixels (h, w) at (row0, col0)."""
    height, width = shape
    cols, rows = np.nonzero(pixels.T)  # down the columns, as COCO goes
    place = (cols + col0) * height + rows + row0
    ends = np.flatnonzero(np.diff(place) > 1)
    starts, stops = place[np.r_[0, ends + 1]], place[np.r_[ends, len(place) - 1]] + 1
    edges = np.column_stack([starts, stops]).reshape(-1)
    runs = np.diff(edges, prepend=0, append=height * width)
    encoded = coco_masks.frPyObjects({"counts": runs.tolist(), "size": [height, width]}, height, width)
    return {"size": [height, width], "counts": encoded["counts"].decode("ascii")}
