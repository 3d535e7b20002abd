"""The format geojson: outlines and measurements, as QuPath imports them.

Its keys are those of QuPath 0.4 and later, which reads them in `PathObjectTypeAdapters` and `ROITypeAdapters`.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from gzip import GzipFile
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID, uuid5

from cli.exports.exporter import Written
from cli.exports.file_per_image import write_each_image
from model.labels.outline_polygons import Polygon, Ring
from nuqleus.database.queries.snapshot import Snapshot, StoredImage
from nuqleus.paths import escape_path
from nuqleus.results.masks import outlined_nuclei

NAMESPACE = UUID("5c0ab1d4-3f3b-4c0e-9a55-0d5b7a9f1e2c")
"""Of the ids: the same nucleus of the same image has the same id each time that it is written."""


Outlined: TypeAlias = tuple[dict[str, Any], dict[str, list[Polygon]]]
"""A nucleus, and its outlines by GeoJSON's names."""

Outlines: TypeAlias = Callable[[Snapshot, StoredImage], Iterator[Outlined]]
"""Yields the nuclei of an image."""


def export(results: Snapshot, output: Path) -> Written:
    """Write a FeatureCollection for each image below `geojson/`, compressed by gzip."""
    return write_collections(results, output, "detection", _outlines)


def write_collections(results: Snapshot, output: Path, object_type: str, outlines: Outlines) -> Written:
    """Write a FeatureCollection for each image.

    Args:
        results: the images.
        output: the folder.
        object_type: what a nucleus is in QuPath.
        outlines: of the nuclei of an image.
    """
    return write_each_image(
        results,
        output / "geojson",
        ending=".geojson.gz",
        what="GeoJSON files",
        write=lambda path, image: _write(path, _features(image, object_type, outlines(results, image))),
    )


def _outlines(results: Snapshot, image: StoredImage) -> Iterator[Outlined]:
    for nucleus, polygons in outlined_nuclei(results, image):
        yield nucleus, {"geometry": polygons}


def _write(path: Path, features: Iterable[dict[str, Any]]) -> None:
    # neither name nor time in the header: equal results are equal files
    with path.open("wb") as file, GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as compressed:
        compressed.write(b'{"type": "FeatureCollection", "features": [')
        for number, feature in enumerate(features):
            compressed.write(b",\n" if number else b"\n")
            compressed.write(json.dumps(feature, allow_nan=False).encode())
        compressed.write(b"\n]}\n")


def _features(image: StoredImage, object_type: str, nuclei: Iterable[Outlined]) -> Iterator[dict[str, Any]]:
    # of a stack, QuPath shows an outline in its plane alone
    plane = {"c": -1, "z": image.columns["z"], "t": image.columns["t"]} if image.images_in_file > 1 else None
    identity = uuid5(NAMESPACE, "{scene} {t} {z} ".format_map(image.columns) + escape_path(image.path))
    for nucleus, outlines in nuclei:
        label = nucleus.pop("label")
        yield {
            "type": "Feature",
            "id": str(uuid5(identity, str(label))),
            **{
                name: _geometry(polygons) | ({"plane": plane} if plane else {})
                for name, polygons in outlines.items()
            },
            "properties": {
                "objectType": object_type,
                "name": str(label),
                "measurements": _measurements(nucleus),
            },
        }


def _geometry(polygons: list[Polygon]) -> dict[str, Any]:
    rings = [[_closed(ring) for ring in (polygon.shell, *polygon.holes)] for polygon in polygons]
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings[0]}
    return {"type": "MultiPolygon", "coordinates": rings}


def _closed(ring: Ring) -> Ring:
    return [*ring, ring[0]]


def _measurements(nucleus: Mapping[str, Any]) -> dict[str, int | float]:
    """Return what is a number: yes is 1, no is 0, and what isn't known is left out, as are words."""
    return {
        name: int(value) if isinstance(value, bool) else value
        for name, value in nucleus.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
