"""Plates: the plate as the map, each well in the colour of its number or of what is in it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nuqleus.csv_files import defused
from nuqleus.database.queries.plate_pages import (
    ListedPlate,
    Statistic,
    WellValue,
    choices_of,
    get_plate,
    list_plates,
    well_values,
)
from nuqleus.database.queries.well_counts import WELL_COUNTS
from nuqleus.database.statistic_names import STATISTIC_NAMES
from nuqleus.database.tables import WHOLE
from nuqleus.paths import escape_path
from nuqleus.well_names import WellPlace
from web import query
from web.colours import UNKNOWN, Scale, fit_scale
from web.site import LARGEST_ID, find, render, site_of
from web.templates import with_query, words

DEFAULT = Statistic("nuclei", WHOLE)

WELL, EDGE = 30, 34
"""Side of a well in the picture, and what its rows' and columns' names take."""

ENLARGED_TO = 720
"""Width that the map of a plate with few wells is drawn in, unless its wells would be as large as coins."""

GROUPS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")
"""Colours of what is in wells, which the colour-blind tell apart (Tol, 2021)."""


@dataclass(frozen=True)
class DrawnWell:
    """A well in the picture."""

    well: WellValue
    x: float
    y: float
    colour: str
    text: str


def show_plates(request: Request) -> Response:
    """The list."""
    before = query.number(request.query_params, "before")
    page = list_plates(site_of(request).engine, before=before)
    return render(request, "plates.html", page=page, before=before)


def show_plate(request: Request) -> Response:
    """A plate as a map."""
    engine, plate = site_of(request).engine, known_plate(request)
    choices = choices_of(engine, plate.id)
    statistic, group = chosen_statistic(request), query.word(request.query_params, "group")
    wells = chosen_wells(request, plate, statistic)
    scale = fit_scale(well.value for well in wells)
    groups = sorted({well.annotations[group] for well in wells if group in well.annotations}) if group else []
    return render(
        request,
        "plate.html",
        plate=plate,
        choices=choices,
        statistic=statistic,
        t=query.number(request.query_params, "t"),
        z=query.number(request.query_params, "z"),
        table=with_query(f"/plates/{plate.id}/wells.csv", dict(request.query_params)),
        scale=None if group else scale,
        group=group,
        groups={value: GROUPS[number % len(GROUPS)] for number, value in enumerate(groups)},
        annotations=sorted({name for well in wells for name in well.annotations}),
        outdated=sum(well.is_outdated for well in wells),
        wells=[_draw(well, statistic, scale, group, groups) for well in wells],
        whole=WHOLE,
        **_grid(plate, wells),
    )


def show_csv(request: Request) -> Response:
    """The numbers of the map, as a table; those of earlier images are left out, as in exported tables."""
    plate, statistic = known_plate(request), chosen_statistic(request)
    wells = chosen_wells(request, plate, statistic)
    names = sorted({name for well in wells for name in well.annotations})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["well", _name(statistic), *map(defused, names)])
    for well in wells:
        said = [defused(well.annotations.get(name, "")) for name in names]
        is_known = well.value is not None and not well.is_outdated
        writer.writerow([well.name, well.value if is_known else "", *said])
    headers = {"content-disposition": 'attachment; filename="wells.csv"'}
    return Response(text.getvalue(), media_type="text/csv", headers=headers)


def plates_json(request: Request) -> Response:
    """The list, for programs."""
    page = list_plates(site_of(request).engine, before=query.number(request.query_params, "before"))
    described = [_described(plate) for plate in page.plates]
    return JSONResponse({"plates": described, "next_before": page.next_before})


def plate_json(request: Request) -> Response:
    """A plate and a statistic of its wells, for programs."""
    plate, statistic = known_plate(request), chosen_statistic(request)
    wells = chosen_wells(request, plate, statistic)
    return JSONResponse(
        _described(plate) | {"statistic": vars(statistic), "wells": [vars(well) for well in wells]}
    )


def known_plate(request: Request) -> ListedPlate:
    """Return the plate that a URL names.

    Raises:
        HTTPException: there is none.
    """
    return find(request, get_plate, "plate_id")


def chosen_wells(request: Request, plate: ListedPlate, statistic: Statistic) -> list[WellValue]:
    """Return the wells of a plate with a statistic, at the time point `t` and the step `z` that a URL may name."""
    t, z = (query.number(request.query_params, name, most=LARGEST_ID) for name in ("t", "z"))
    return well_values(site_of(request).engine, plate.id, statistic, t, z)


def chosen_statistic(request: Request) -> Statistic:
    """Return what a URL colours the wells by: `name`, or `name:channel`.

    Raises:
        HTTPException: there is no such statistic.
    """
    name, _, channel = (query.word(request.query_params, "by") or "").partition(":")
    if not name:
        return DEFAULT
    is_channel = channel.isascii() and channel.isdigit() and len(channel) < 4
    if name not in {*STATISTIC_NAMES, *WELL_COUNTS} or (channel and not is_channel):
        raise query.refuse("by", "a statistic, like nuclei or mean_intensity_mean:0")
    return Statistic(name, int(channel) if channel else WHOLE)


def _draw(
    well: WellValue, statistic: Statistic, scale: Scale | None, group: str | None, groups: list[str]
) -> DrawnWell:
    said = "".join(f", {name} {value}" for name, value in sorted(well.annotations.items()))
    value = "not known" if well.value is None else f"{well.value:.6g}"
    text = f"{well.name}: {words(_name(statistic))} {value}{', of earlier images' * well.is_outdated}{said}"
    colour = f"#{UNKNOWN:06x}"
    if group:
        if group in well.annotations:
            colour = GROUPS[groups.index(well.annotations[group]) % len(GROUPS)]
    elif scale:
        colour = scale.css(well.value)
    return DrawnWell(well, EDGE + well.col * WELL, EDGE + well.row * WELL, colour, text)


def _grid(plate: ListedPlate, wells: Sequence[WellValue]) -> dict[str, Any]:
    """What the template draws the map's rows and columns by."""
    rows = _most(plate.rows, [well.row for well in wells])
    columns = _most(plate.cols, [well.col for well in wells])
    return {
        "rows": [WellPlace(row, 0).name.removesuffix("01") for row in range(rows)],
        "columns": columns,
        "side": WELL,
        "edge": EDGE,
        "enlarged": max(1.0, min(2.5, ENLARGED_TO / (EDGE + columns * WELL))),
    }


def _most(stated: int | None, places: list[int]) -> int:
    return max([stated or 0, *(place + 1 for place in places)])


def _name(statistic: Statistic) -> str:
    channel = "" if statistic.channel == WHOLE else f", channel {statistic.channel}"
    return f"{statistic.name}{channel}"


def _described(plate: ListedPlate) -> dict[str, object]:
    return vars(plate) | {"name": escape_path(plate.name), "folder": escape_path(plate.folder)}


ROUTES = [
    Route("/plates", show_plates),
    Route("/plates/{plate_id:int}", show_plate),
    Route("/plates/{plate_id:int}/wells.csv", show_csv),
    Route("/api/plates", plates_json),
    Route("/api/plates/{plate_id:int}", plate_json),
]
