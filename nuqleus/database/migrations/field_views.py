"""The views of migration 0016: those of 0012 (`confidence_views`), and the plate, well, site and files of an image."""

from nuqleus.database.migrations import confidence_views
from nuqleus.database.migrations.counting_views import per_image_view
from nuqleus.database.migrations.first_views import CHANNELS

WELL = "FROM wells w JOIN plates p ON p.id = w.plate_id WHERE w.id = i.well_id"


def _of_channel(channel: int, part: str) -> str:
    """The file of a channel: of a field, the one whose channel has that number on the plate, its first plane."""
    files = "FROM files c JOIN plate_channels k ON k.key = c.field_channel"
    of_field = (
        f"SELECT {part.format(path='c.path')} {files} "
        "JOIN wells w ON w.plate_id = k.plate_id WHERE w.id = i.well_id AND c.field_key = f.field_key "
        f"AND k.channel = {channel} ORDER BY c.field_z IS NOT NULL, c.field_z, c.path LIMIT 1"
    )
    alone = f"CASE WHEN i.channels > {channel} THEN {part.format(path='f.path')} END"
    return f"CASE WHEN f.field_key IS NULL THEN {alone} ELSE ({of_field}) END"


FOLDER = "rtrim({path}, replace({path}, '/', ''))"
"""A path without its last part: all characters but slashes are taken off its end."""

NAME_PART = f"substr({{path}}, length({FOLDER}) + 1)"
FOLDER_PART = f"rtrim({FOLDER}, '/')"

OF_IMAGE = {
    **confidence_views.OF_IMAGE,
    "Image_Metadata_Plate": f"(SELECT p.name {WELL})",
    "Image_Metadata_Well": f"(SELECT w.name {WELL})",
    "Image_Metadata_Site": "i.site",
    **{f"Image_FileName_Ch{channel}": _of_channel(channel, NAME_PART) for channel in CHANNELS},
    **{f"Image_PathName_Ch{channel}": _of_channel(channel, FOLDER_PART) for channel in CHANNELS},
}

VIEWS = {**confidence_views.VIEWS, "Per_Image": per_image_view(OF_IMAGE)}
