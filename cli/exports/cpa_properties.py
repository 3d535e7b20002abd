"""The properties file that CellProfiler Analyst opens: where tables and images are, and how they are shown."""

from collections.abc import Sequence

from cli.exports.cellprofiler_names import OFTEN_MISSING
from nuqleus.database.queries.snapshot import Snapshot

COLORS = ("blue", "green", "red", "magenta", "cyan", "yellow", "gray")
"""Of channels, as CellProfiler Analyst calls them; those that follow are `none`: not shown at first."""

ORIGINAL = "Original"
"""What the file of an image is called, if its channels aren't in files of their own."""

PROPERTY_LINES = """\
db_type = sqlite
db_sqlite_file = {database}

image_table = Per_Image
object_table = Per_Object
image_id = ImageNumber
object_id = ObjectNumber
cell_x_loc = Nuclei_Location_Center_X
cell_y_loc = Nuclei_Location_Center_Y
object_name = nucleus, nuclei
classification_type = object

image_path_cols = {path_columns}
image_file_cols = {file_columns}
image_names = {names}
channels_per_image = {channels}
image_channel_colors = {colors}
image_tile_size = {tile_size}

# where nuclei lie, and how they are numbered, says nothing of what they are; from {first_missing} on, some lack a value
classifier_ignore_columns = .*_Location_.*, .*_Center_.*, .*_BoundingBoxM.*, Nuclei_Metadata_.*, {often_missing}

# with yes, CellProfiler Analyst works on a copy without the nuclei that lack any value, those of absent channels too
check_tables = no

filter_SQL_Counted = SELECT ImageNumber FROM Per_Image WHERE Image_Metadata_Counted = 1
group_SQL_File = SELECT ImageNumber, {path_columns}, {file_columns} FROM Per_Image
"""

PLATE_LINES = """\

plate_id = Image_Metadata_Plate
well_id = Image_Metadata_Well
well_format = A01
{shape}
group_SQL_Well = SELECT ImageNumber, Image_Metadata_Plate, Image_Metadata_Well FROM Per_Image
"""
"""What the plate viewer needs besides."""

PLATE_TYPES = {(2, 3): 6, (4, 6): 24, (8, 12): 96, (16, 24): 384, (32, 48): 1536}
"""Plates that CellProfiler Analyst knows by their number of wells."""


def properties_text(results: Snapshot, database: str, files: Sequence[str], tile_size: int) -> str:
    """Return the text of the file.

    Args:
        results: the results.
        database: name of the file with the tables, beside it.
        files: what the files of an image are called.
        tile_size: side of the picture of a nucleus, in pixels.
    """
    channels = [1] * len(files)
    if files == [ORIGINAL]:
        channels = [min((image.columns["channels"] for image in results.images()), default=1)]
    colors = [*COLORS[: sum(channels)], *["none"] * (sum(channels) - len(COLORS))]
    lines = PROPERTY_LINES.format(
        database=database,
        first_missing=OFTEN_MISSING[0],
        often_missing=", ".join(OFTEN_MISSING),
        path_columns=", ".join(f"Image_PathName_{name}" for name in files),
        file_columns=", ".join(f"Image_FileName_{name}" for name in files),
        names=", ".join(files),
        channels=", ".join(map(str, channels)),
        colors=", ".join(colors),
        tile_size=tile_size,
    )
    shape = results.plate_shape()
    return lines + PLATE_LINES.format(shape=_plate_type(*shape)) if shape else lines


def _plate_type(rows: int, cols: int) -> str:
    wells = PLATE_TYPES.get((rows, cols))
    return f"plate_type = {wells}" if wells else f"plate_shape = {rows}, {cols}"
