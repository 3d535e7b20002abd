"""The format labels: a label image for each image, as a TIFF."""

from pathlib import Path

from cli.exports.exporter import Written
from cli.exports.file_per_image import write_each_image
from model.labels.label_files import ENDING, write_label_image
from nuqleus.database.queries.snapshot import Snapshot
from nuqleus.results.masks import load_mask


def export(results: Snapshot, output: Path) -> Written:
    """Write the label images below `labels/`."""
    return write_each_image(
        results,
        output / "labels",
        ending=ENDING,
        what="label images",
        write=lambda path, image: write_label_image(path, load_mask(results, image)),
    )
