"""The format parquet with CellProfiler's names: cellprofiler.parquet, single-cell profiles for Pycytominer."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cli.exports.cellprofiler_names import (
    Features,
    all_channel_names,
    annotation_columns,
    channel_names,
    features_of,
    plate_labels,
)
from cli.exports.exporter import Written
from cli.exports.parquet import write_images_and_wells
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
    "Metadata_Plate": ("plate", str),
    "Metadata_PlateFolder": ("plate_folder", str),
    "Metadata_Well": ("well", str),
    "Metadata_Site": ("site", int),
    "Metadata_StandsOut": ("stands_out", bool),
    "Metadata_StandsOutBecause": ("stands_out_because", str),
}
"""What is known of the image; Pycytominer takes for features what doesn't begin with `Metadata_`."""


OF_NUCLEUS = {
    "Metadata_ObjectNumber": ("label", int),
    "Metadata_TouchesBorder": ("touches_border", bool),
    "Metadata_DNAContent": ("dna_content", float),
    "Metadata_Phase": ("phase", str),
}
"""What is known of the nucleus, besides its features."""


def export(results: Snapshot, output: Path) -> Written:
    """Write a row for each image, and one for each nucleus."""
    others = write_images_and_wells(results, output)
    annotations = annotation_columns(results, taken=(*METADATA, *OF_NUCLEUS))
    features = Features(results)
    columns = {
        **{name: kind for name, (_, kind) in (METADATA | OF_NUCLEUS).items()},
        **dict.fromkeys(annotations.values(), str),
        **dict.fromkeys(features.names(all_channel_names(results)), float),
    }
    nuclei = write_parquet(output / "cellprofiler.parquet", columns, _rows(results, annotations, features))
    return Written(f"{others}, {nuclei} rows in cellprofiler.parquet, in {output}")


def _rows(results: Snapshot, annotations: Mapping[str, str], features: Features) -> Iterator[dict[str, Any]]:
    plates = plate_labels(results)
    for image in track_stream(results.images(), "images", results.image_count()):
        metadata = {name: image.columns[column] for name, (column, _) in METADATA.items()}
        metadata["Metadata_Plate"] = plates.get((image.columns["plate_folder"], image.columns["plate"]))
        metadata |= {annotations[name]: value for name, value in results.annotations(image).items()}
        of_channels = features.of_channels(channel_names(results, image))
        for nuclei in results.nuclei_by_tile(image, BLOCK_SIDE):
            for nucleus in nuclei:
                of_nucleus = {name: nucleus[column] for name, (column, _) in OF_NUCLEUS.items()}
                yield metadata | of_nucleus | features_of(nucleus, of_channels)
