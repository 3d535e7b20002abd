"""The views of migration 0008, as SQL that SQLite and PostgreSQL both take.

`counted_images` holds the rule for counts that `docs/queries.md` begins with: a row of `nuclei` is a nucleus in a
plane, so of each z-stack one plane counts, that with most nuclei (of several, the lowest).

`nuclei_um`, `Per_Image` and `Per_Object` are those of version 0001 (`first_views`), and say besides which plane a
nucleus lies in, whether the border cuts it, what the channels are called, and which one shows the nuclei. Joins that a
query doesn't need are left joins: both databases leave them out.
"""

from collections.abc import Mapping

from nuqleus.database.migrations.first_views import AREAS, CHANNELS, INTENSITIES, LENGTHS
from nuqleus.database.migrations.first_views import SHAPES as FIRST_SHAPES

Columns = Mapping[str, str]
"""Expressions by the names that a view gives them."""

NONE: Columns = {}

SHAPES = {
    "AreaShape_Center_X": "n.centroid_col",
    "AreaShape_Center_Y": "n.centroid_row",
    **FIRST_SHAPES,
}

COUNTED = (
    "NOT EXISTS (SELECT 1 FROM images other WHERE other.file_id = i.file_id AND other.scene = i.scene "
    "AND other.t = i.t AND (other.n_nuclei > i.n_nuclei OR (other.n_nuclei = i.n_nuclei AND other.z < i.z)))"
)
"""An image `i` is the plane of its stack that counts."""


def counted_images_view(further: tuple[str, ...] = ()) -> str:
    """Return the query of `counted_images`, with further columns of `images`."""
    columns = (
        "scene",
        "scene_name",
        "t",
        "z",
        "n_nuclei",
        "nuclear_channel",
        "pixel_size_um",
        "pixel_size_from",
        *further,
    )
    named = ", ".join(f"i.{name}" for name in columns)
    source = f"FROM images i JOIN files f ON f.id = i.file_id WHERE {COUNTED}"
    return f"SELECT i.id AS image_id, i.file_id, f.path, {named} {source}"


def nuclei_um_view(
    further: tuple[str, ...] = (),
    *,
    lengths: tuple[str, ...] = (),
    areas: tuple[str, ...] = (),
    densities: tuple[str, ...] = (),
) -> str:
    """Return the query of `nuclei_um`, with further columns of `nuclei`: as they are, and of each unit."""
    squared = "(i.pixel_size_um * i.pixel_size_um)"
    all_lengths = ("centroid_row", "centroid_col", *LENGTHS, *lengths)
    columns = [
        *(f"n.{name} * i.pixel_size_um AS {name}_um" for name in all_lengths),
        *(f"n.{name} * i.pixel_size_um * i.pixel_size_um AS {name}_um2" for name in (*AREAS, *areas)),
        *(f"n.{name} / {squared} AS {name}_per_um2" for name in densities),
    ]
    place = "n.image_id, n.label, i.scene, i.t, i.z, n.touches_border, i.pixel_size_um"
    place += "".join(f", n.{name}" for name in further)
    source = "FROM nuclei n JOIN images i ON i.id = n.image_id WHERE i.pixel_size_um IS NOT NULL"
    return f"SELECT {place}, {', '.join(columns)} {source}"


def per_image_view(further: Columns = NONE, of_channel: Columns = NONE) -> str:
    """Return the query of `Per_Image`.

    Args:
        further: columns of an image `i`.
        of_channel: of a channel `q` of it, whose number follows their names.
    """
    columns = {
        "ImageNumber": "i.id",
        "Image_FileName_Original": "f.path",
        "Image_Metadata_Scene": "i.scene",
        "Image_Metadata_SceneName": "i.scene_name",
        "Image_Metadata_T": "i.t",
        "Image_Metadata_Z": "i.z",
        "Image_Metadata_Counted": f"CASE WHEN {COUNTED} THEN 1 ELSE 0 END",
        "Image_Metadata_NuclearChannel": "i.nuclear_channel",
        "Image_Metadata_NuclearChannelName": "nuclear.name",
        "Image_Metadata_NuclearChannelBy": "i.nuclear_channel_by",
        **{f"Image_Metadata_ChannelName_Ch{channel}": f"name{channel}.name" for channel in CHANNELS},
        "Image_Metadata_PixelSize_um": "i.pixel_size_um",
        "Image_Height_Original": "i.height",
        "Image_Width_Original": "i.width",
        "Image_Count_Nuclei": "i.n_nuclei",
        **further,
    }
    joined = [_names("i.id"), _name("nuclear", "i.id", "i.nuclear_channel")]
    for channel in CHANNELS if of_channel else ():
        columns |= _of_channel(of_channel, "q", channel)
        joined.append(_row_of_channel("image_quality", f"q{channel}", "i.id", str(channel)))
    source = f"FROM images i JOIN files f ON f.id = i.file_id {' '.join(joined)}"
    return f"SELECT {_named(columns)} {source}"


def per_object_view(further: Columns = NONE, of_channel: Columns = NONE) -> str:
    """Return the query of `Per_Object`.

    Args:
        further: columns of a nucleus `n`.
        of_channel: of a nucleus in a channel, `c`, whose number follows their names.
    """
    columns = {"ImageNumber": "n.image_id", "ObjectNumber": "n.label", "touches_border": "n.touches_border"}
    columns |= {f"Nuclei_{name}": expression for name, expression in SHAPES.items()}
    columns["Nuclei_Number_Object_Number"] = "n.label"
    columns["Nuclei_Metadata_T"] = "i.t"
    columns["Nuclei_Metadata_Z"] = "i.z"
    columns |= {"Nuclei_Metadata_NuclearChannel": "i.nuclear_channel", **further}
    for channel in CHANNELS:
        columns[f"Nuclei_Metadata_ChannelName_Ch{channel}"] = f"name{channel}.name"
        columns |= {
            f"Nuclei_Intensity_{name}_Ch{channel}": f"c{channel}.{column}"
            for name, column in INTENSITIES.items()
        }
        columns |= _of_channel(of_channel, "c", channel)
    measured = " ".join(_intensities(channel) for channel in CHANNELS)
    source = f"FROM nuclei n LEFT JOIN images i ON i.id = n.image_id {measured} {_names('n.image_id')}"
    return f"SELECT {_named(columns)} {source}"


def _of_channel(columns: Columns, table: str, channel: int) -> dict[str, str]:
    """Return the columns of a channel: `{table}` in an expression is its row."""
    return {
        f"{name}_Ch{channel}": expression.format_map({table: f"{table}{channel}"})
        for name, expression in columns.items()
    }


def _intensities(channel: int) -> str:
    table = f"c{channel}"
    return (
        f"LEFT JOIN intensities {table} ON {table}.image_id = n.image_id AND {table}.label = n.label "
        f"AND {table}.channel = {channel}"
    )


def _names(image_id: str) -> str:
    return " ".join(_name(f"name{channel}", image_id, str(channel)) for channel in CHANNELS)


def _name(alias: str, image_id: str, channel: str) -> str:
    return _row_of_channel("channels", alias, image_id, channel)


def _row_of_channel(table: str, alias: str, image_id: str, channel: str) -> str:
    return f"LEFT JOIN {table} {alias} ON {alias}.image_id = {image_id} AND {alias}.channel = {channel}"


def _named(columns: dict[str, str]) -> str:
    return ", ".join(f'{expression} AS "{name}"' for name, expression in columns.items())


VIEWS = {
    "counted_images": counted_images_view(),
    "nuclei_um": nuclei_um_view(),
    "Per_Image": per_image_view(),
    "Per_Object": per_object_view(),
}
