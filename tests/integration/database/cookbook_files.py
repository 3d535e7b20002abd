"""The files that the examples of docs/queries.md are asked about."""

from dataclasses import replace

import numpy as np
from sqlalchemy import insert, select, update

from nuqleus.database.engine import writing
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.results import ImageResult
from nuqleus.database.group_statistics import GroupStatistics
from nuqleus.database.plate_maps import attach_plate_map
from nuqleus.database.plates import record_fields
from nuqleus.database.tables import File, Image, ImageQuality, Well
from nuqleus.database.well_statistics import WellStatistics
from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.well_names import WellPlace
from tests.examples import image_result
from tests.integration.database.conftest import Archive

NAMED = replace(
    image_result(3, channels=2, pixel_size_um=0.5),
    nuclear_channel=1,
    nuclear_channel_by="name",
    channel_names=("GFP", "DAPI"),
    pixel_size_from="OME",
    nuclear_diameter=60.0,
    zoom=0.5,
    confidence=0.9,
)
GUESSED = replace(
    image_result(2, channels=2, cut=True),
    nuclear_channel=0,
    nuclear_channel_by="guess",
    channel_names=("RFP", "GFP"),
    pixel_size_from="not square",
    confidence=0.4,
)
STACK = [image_result(nuclei, z=z) for z, nuclei in enumerate([2, 3, 3, 1])]
SERIES = [image_result(nuclei, t=t, z=z) for t, z, nuclei in ((0, 0, 2), (0, 1, 1), (1, 0, 3), (1, 1, 4))]
SCENES = [image_result(nuclei, scene=scene) for scene, nuclei in enumerate([1, 2])]

QUALITY = [
    {"background": 100.0, "fraction_at_max": 0.142},
    {"background": 200.0, "fraction_at_max": 1e-5},
]
"""Of the channels of one file."""


def fill(archive: Archive) -> None:
    """A stack, a series of stacks, scenes, a duplicate, nuclei at the border, a guess, an empty image, failures."""
    first = archive.done("plate 1/a.png", "abc", [NAMED])
    archive.duplicate("b.png", of=first)
    archive.done("plate 1/cut.png", "cut", [GUESSED])
    archive.done("old plates/empty.png", "empty", [image_result(0)])
    archive.done("stacks/stack.tif", "stack", STACK)
    archive.done("stacks/series.tif", "series", SERIES)
    archive.done("scenes.tif", "scenes", SCENES)
    archive.failed("broken.png")
    archive.files.observe([SeenFile(name, 1, 1, "metadata") for name in ("notes.txt", "a.xml")])
    archive.files.observe([SeenFile("plate 1/a_mask.png", 1, 1, "mask")])
    _put_on_a_plate(archive, {"B02": "plate 1/a.png", "B03": "plate 1/cut.png"})
    _measure_quality(archive, "plate 1/cut.png")
    GroupStatistics(archive.engine, archive.clock).refresh_all()


def _measure_quality(archive: Archive, path: str) -> None:
    """A file of this version; all others are of an earlier one. Its channel 0 is saturated."""
    with writing(archive.engine) as connection:
        of_file = Image.file_id == select(File.id).where(File.path == path).scalar_subquery()
        connection.execute(update(Image).where(of_file).values(area_fraction=0.1))
        image_id = connection.scalar(select(Image.id).where(of_file))
        quality = [{"image_id": image_id, "channel": channel, **QUALITY[channel]} for channel in range(2)]
        connection.execute(insert(ImageQuality), quality)


def _put_on_a_plate(archive: Archive, paths: dict[str, str]) -> None:
    """A plate of two wells, annotated, with statistics; the second lacks a channel."""
    files = [
        FieldFile("ImageXpress", FieldPlace("plate 1", "P", well, 1, 0), None, channel)
        for well in paths
        for channel in ("w1", "w2")
    ]
    with writing(archive.engine) as connection:
        record_fields(connection, files)
        for well, path in paths.items():
            well_id = select(Well.id).where(Well.name == well).scalar_subquery()
            of_file = Image.file_id == select(File.id).where(File.path == path).scalar_subquery()
            lacks = "w3" if well == "B03" else None
            place = {"well_id": well_id, "site": 1, "missing_channels": lacks}
            connection.execute(update(Image).where(of_file).values(place))
        plate_map = {WellPlace(1, 1): {"compound": "drug"}, WellPlace(1, 2): {"compound": "DMSO"}}
    attach_plate_map(archive.engine, 1, plate_map)
    WellStatistics(archive.engine, archive.clock).refresh_all()


def areas(*results: ImageResult) -> np.ndarray:
    """Areas of the nuclei of these images that the border doesn't cut."""
    return np.concatenate([result.nuclei["area"][~result.nuclei["touches_border"]] for result in results])
