"""The format geojson with `--cells`: each nucleus in a cell that reaches as far as its ring, as QuPath imports it."""

from collections.abc import Iterator
from pathlib import Path

from cli.exports.exporter import Written
from cli.exports.geojson import Outlined, write_collections
from nuqleus.database.queries.snapshot import Snapshot, StoredImage
from nuqleus.results.masks import outlined_cells


def export(results: Snapshot, output: Path) -> Written:
    """Write a FeatureCollection of cells for each image below `geojson/`, compressed by gzip."""
    return write_collections(results, output, "cell", _outlines)


def _outlines(results: Snapshot, image: StoredImage) -> Iterator[Outlined]:
    for nucleus, cell, of_nucleus in outlined_cells(results, image):
        yield nucleus, {"geometry": cell, "nucleusGeometry": of_nucleus}
