"""The format parquet with CellProfiler's names: cellprofiler.parquet, single-cell profiles for Pycytominer."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cli.exports.cellprofiler_names import all_channel_names, channel_names, features_of, list_features
from cli.exports.exporter import Written
from cli.exports.parquet import write_images
from cli.exports.parquet_files import write_parquet
from cli.progress_bars import track_stream
from model.labels.masks import BLOCK_SIDE
from nuqleus.database.queries.snapshot import Snapshot

METADATA = {
    "Metadata_FileName": ("path", str),
    "Metadata_ImageNumber": ("image_id", int),
    "Metadata_Scene": ("scene", int),
    "Metadata_SceneName": ("scene_name", str),
    "Metadata_T": ("t", int),
    "Metadata_Z": ("z", int),
    "Metadata_Counted": ("counted", bool),
    "Metadata_DuplicateOf": ("duplicate_of", str),
}
"""What is known of the image; Pycytominer takes for features what doesn't begin with `Metadata_`."""


def export(results: Snapshot, output: Path) -> Written:
    """Write a row for each image, and one for each nucleus."""
    images = write_images(results, output)
    nuclei = write_parquet(output / "cellprofiler.parquet", _columns(results), _rows(results))
    return Written(f"{images} rows in images.parquet, {nuclei} rows in cellprofiler.parquet, in {output}")


def _columns(results: Snapshot) -> dict[str, type]:
    return {
        **{name: kind for name, (_, kind) in METADATA.items()},
        "Metadata_ObjectNumber": int,
        "Metadata_TouchesBorder": bool,
        **dict.fromkeys(list_features(all_channel_names(results)), float),
    }


def _rows(results: Snapshot) -> Iterator[dict[str, Any]]:
    for image in track_stream(results.images(), "images", results.image_count()):
        metadata = {name: image.columns[column] for name, (column, _) in METADATA.items()}
        channels = channel_names(results, image)
        for nuclei in results.nuclei_by_tile(image, BLOCK_SIDE):
            for nucleus in nuclei:
                yield metadata | _of_nucleus(nucleus) | features_of(nucleus, channels)


def _of_nucleus(nucleus: Mapping[str, Any]) -> dict[str, Any]:
    return {"Metadata_ObjectNumber": nucleus["label"], "Metadata_TouchesBorder": nucleus["touches_border"]}
