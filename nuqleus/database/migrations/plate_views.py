"""The view of migration 0011: a row of `well_summary` is a well at a time point and z, its statistics side by side.

`well_statistics` has all of them, one a row; here are those of shapes, and of the mean intensity in the first channels.
"""

from nuqleus.database.migrations.first_views import AREAS, CHANNELS, LENGTHS

SHAPES = (*AREAS, *LENGTHS, "circularity", "eccentricity", "form_factor", "solidity")
WHOLE = -1


def _well_summary() -> str:
    columns = {
        "plate_id": "p.id",
        "plate": "p.name",
        "folder": "p.folder",
        "well_id": "w.id",
        "well": "w.name",
        "row": "w.row",
        "col": "w.col",
        "t": "s.t",
        "z": "s.z",
        "as_of": "w.statistics_at",
        "fields": f"CAST({_value('fields', WHOLE)} AS INTEGER)",
        "nuclei": f"CAST({_value('nuclei', WHOLE)} AS INTEGER)",
        **{f"{of}_{shape}": _value(f"{of}_{shape}", WHOLE) for shape in SHAPES for of in ("mean", "median")},
        **{
            f"{of}_intensity_mean_ch{channel}": _value(f"{of}_intensity_mean", channel)
            for channel in CHANNELS
            for of in ("mean", "median")
        },
    }
    named = ", ".join(f'{expression} AS "{name}"' for name, expression in columns.items())
    source = "FROM wells w JOIN plates p ON p.id = w.plate_id JOIN well_statistics s ON s.well_id = w.id"
    return f"SELECT {named} {source} GROUP BY p.id, w.id, s.t, s.z"


def _value(name: str, channel: int) -> str:
    return f"max(CASE WHEN s.name = '{name}' AND s.channel = {channel} THEN s.value END)"


VIEWS = {"well_summary": _well_summary()}
