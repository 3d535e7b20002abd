"""Images: the gallery, the viewer, and the pictures in both."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from nuqleus.database.queries.image_pages import ImageDetails, get_image, get_overview_picture, list_images
from nuqleus.database.queries.nuclei import (
    COLOURING,
    DNA_CONTENT,
    INTENSITIES,
    PAGE_SIZE,
    SHAPES,
    NucleusNumbers,
    get_nucleus,
    list_nuclei,
    values_of,
)
from web import query, viewing
from web.colours import Scale, fit_scale
from web.painter import PictureProblem
from web.site import LARGEST_ID, Site, describe_refusal, find, render, site_of
from web.turns import in_turn

CUTOUT_SIDE = 160

MARGIN = 12
"""Pixels around a nucleus in its cut-out."""

NO_SCALE = Scale(0.0, 0.0)
"""Of a measurement of which no number is known: all nuclei have the colour of that."""

SCALED_NUCLEI = 5_000
"""Nuclei of an image, about, by whose numbers the range of colours is chosen."""

KEPT = {"cache-control": "private, max-age=86400, immutable"}
"""Of pictures whose URL names the page's edition: an image that is measured anew has another number."""

NOT_KEPT = {"cache-control": "no-store"}
"""Of what is said, or shown, only until something changes: a file can be read again, another database is looked at."""

COLUMNS = ("area", "eccentricity", "solidity", "confidence")
"""Measurements in the viewer's table, where the database has them."""

COLOURS = ("0000ff", "00ff00", "ff0000", "ff00ff", "00ffff", "ffff00")


def show_gallery(request: Request) -> Response:
    """A page of pictures."""
    site, given = site_of(request), request.query_params
    path, before = query.word(given, "path"), query.number(given, "before")
    file, well = query.number(given, "file"), query.number(given, "well")
    page = list_images(site.engine, path=path, file_id=file, well_id=well, before=before)
    return render(
        request,
        "images.html",
        page=page,
        path_holds=path,
        parameters={"path": path, "file": file, "well": well},
        before=before,
    )


def show_image(request: Request) -> Response:
    """The viewer, at an image or at a nucleus in it."""
    site, image, given = site_of(request), known_image(request), request.query_params
    nucleus = known_nucleus(request) if "label" in request.path_params else None
    after = query.number(given, "after")
    if after is None:
        after = max(0, nucleus.label - PAGE_SIZE // 2) if nucleus else 0
    page = list_nuclei(site.engine, image.listed.id, after=after)
    measurement, channel = chosen_measurement(request)
    scale = scale_of(request, image) if measurement else None
    return render(
        request,
        "image.html",
        image=image,
        nucleus=nucleus,
        page=page,
        columns=[name for name in COLUMNS if name in SHAPES],
        measurement=measurement,
        measurement_channel=channel,
        scale=scale,
        colouring=COLOURING,
        intensities=INTENSITIES,
        channels=describe_channels(image),
        tile_side=viewing.TILE_SIDE,
        coarsest=viewing.COARSEST_OUTLINES,
    )


@dataclass(frozen=True)
class Drawn:
    """A picture.

    Attributes:
        content: of the file.
        media_type: of it.
        stays: whether it is never another one for the same image.
    """

    content: bytes
    media_type: str = "image/jpeg"
    stays: bool = True


def picture(draw: Callable[[Request], Drawn]) -> Callable[[Request], Response]:
    """Answer with a picture, or say in a sentence why there is none: the viewer shows it."""

    @wraps(draw)
    def answer(request: Request) -> Response:
        try:
            drawn = draw(request)
        except PictureProblem as problem:
            return PlainTextResponse(f"{problem}\n", 404, headers=NOT_KEPT)
        except HTTPException as refusal:
            return PlainTextResponse(f"{describe_refusal(refusal)}\n", refusal.status_code, headers=NOT_KEPT)
        headers = how_long(request) if drawn.stays else NOT_KEPT
        return Response(drawn.content, media_type=drawn.media_type, headers=headers)

    return answer


def how_long(request: Request) -> dict[str, str]:
    """Say how long a browser may keep an answer: one without this page's edition may be of another database's image."""
    return KEPT if request.query_params.get("v") == site_of(request).edition else NOT_KEPT


@in_turn
@picture
def overview(request: Request) -> Drawn:
    """The small picture of an image: the worker's, else one drawn now, else its outlines alone."""
    site = site_of(request)
    image_id = request.path_params["image_id"]
    stored = get_overview_picture(site.engine, image_id) if image_id <= LARGEST_ID else None
    if stored:
        return Drawn(stored)
    image = known_image(request)
    kept = site.overviews.get(image_id)
    return Drawn(kept) if kept else _draw_overview(site, image)


def _draw_overview(site: Site, image: ImageDetails) -> Drawn:
    """Draw a small picture, and keep it; outlines alone only until the file can be read again."""
    place = viewing.whole(image)
    blocks, parts = viewing.mask(site.engine, image, place)
    asked: dict[str, Any] = {"place": place, "blocks": blocks}
    try:
        asked |= {"do": "overview", "image": viewing.source(image)}
        drawn = site.painter.draw(image.listed.id, asked, parts)
    except PictureProblem:
        asked |= {"do": "outlines", "colours": None}
        return Drawn(site.painter.draw(image.listed.id, asked, parts), "image/png", stays=False)
    site.overviews.keep(image.listed.id, drawn)
    return Drawn(drawn)


@in_turn
@picture
def tile(request: Request) -> Drawn:
    """A tile of an image, with the channels that the URL names."""
    image = known_image(request)
    asked = {
        "do": "tile",
        "image": viewing.source(image),
        "place": known_place(request, image),
        "shown": viewing.shown_channels(request.query_params.getlist("c")),
    }
    return Drawn(site_of(request).painter.draw(image.listed.id, asked))


@in_turn
@picture
def outlines(request: Request) -> Drawn:
    """A tile of outlines."""
    site, image = site_of(request), known_image(request)
    place = known_place(request, image)
    if place["step"] > viewing.COARSEST_OUTLINES:
        raise HTTPException(404)
    measurement, channel = chosen_measurement(request)
    colours = None
    if measurement:
        scale = scale_of(request, image) or NO_SCALE
        near = values_of(site.engine, image.listed.id, measurement, channel, within=place)
        colours = {"labels": list(near), "rgb": [scale.colour(value) for value in near.values()]}
    blocks, parts = viewing.mask(site.engine, image, place)
    asked = {"do": "outlines", "place": place, "blocks": blocks, "colours": colours}
    drawn = site.painter.draw(image.listed.id, asked, parts)
    return Drawn(drawn, "image/png", stays=measurement != DNA_CONTENT)


@in_turn
@picture
def cutout(request: Request) -> Drawn:
    """A nucleus and what is around it; the outline alone where the file can't be read."""
    site, image, nucleus = site_of(request), known_image(request), known_nucleus(request)
    place = viewing.around(image, nucleus.bbox, MARGIN)
    blocks, parts = viewing.mask(site.engine, image, place)
    asked: dict[str, Any] = {
        "do": "cutout",
        "place": place,
        "blocks": blocks,
        "label": nucleus.label,
        "side": CUTOUT_SIDE,
        "shown": [],
    }
    try:
        return Drawn(site.painter.draw(image.listed.id, asked | {"image": viewing.source(image)}, parts))
    except PictureProblem:
        alone = site.painter.draw(image.listed.id, asked | {"image": None}, parts)
        return Drawn(alone, stays=False)


@in_turn
def nucleus_at(request: Request) -> Response:
    """The nucleus at a pixel, for programs and for the viewer.

    Raises:
        HTTPException: 400, there is no such pixel; 404, the mask can't be read.
    """
    site, image = site_of(request), known_image(request)
    row, column = (query.number(request.query_params, name) for name in ("row", "col"))
    if row is None or column is None or row >= image.listed.height or column >= image.listed.width:
        raise query.refuse("row and col", "a pixel of the image")
    place = {"top": row, "bottom": row + 1, "left": column, "right": column + 1, "step": 1}
    blocks, parts = viewing.mask(site.engine, image, place)
    try:
        label = site.painter.look_up(
            image.listed.id, {"do": "label", "place": place, "blocks": blocks}, parts
        )
    except PictureProblem as problem:
        raise HTTPException(404, str(problem)) from problem
    nucleus = get_nucleus(site.engine, image.listed.id, label) if label else None
    return JSONResponse({"nucleus": vars(nucleus) if nucleus else None}, headers=how_long(request))


def known_image(request: Request) -> ImageDetails:
    """Return the image that a URL names.

    Raises:
        HTTPException: there is none.
    """
    return find(request, get_image, "image_id")


def known_nucleus(request: Request) -> NucleusNumbers:
    """Return the nucleus that a URL names.

    Raises:
        HTTPException: there is none.
    """
    return find(request, get_nucleus, "image_id", "label")


def known_place(request: Request, image: ImageDetails) -> dict[str, int]:
    """Return the rectangle of the tile that a URL names.

    Raises:
        HTTPException: there is none.
    """
    place = viewing.tile_place(image, *(request.path_params[name] for name in ("step", "column", "row")))
    if place is None:
        raise HTTPException(404)
    return place


def chosen_measurement(request: Request) -> tuple[str | None, int]:
    """Return the measurement that outlines are coloured by, and its channel.

    Raises:
        HTTPException: there is no such measurement.
    """
    name = query.word(request.query_params, "by")
    if name is not None and name not in COLOURING:
        raise query.refuse("by", "a measurement")
    return name, query.number(request.query_params, "channel", most=999) or 0


def scale_of(request: Request, image: ImageDetails) -> Scale | None:
    """Return the colours of the measurement that a URL names, from the lowest to the highest of the image, if known."""
    measurement, channel = chosen_measurement(request)
    assert measurement
    every = -(-image.listed.n_nuclei // SCALED_NUCLEI) or 1
    values = values_of(site_of(request).engine, image.listed.id, measurement, channel, every=every)
    return fit_scale(values.values())


def describe_channels(image: ImageDetails) -> list[dict[str, Any]]:
    """Return the channels that can be switched: number, name and colour; none of a colour image.

    Of very many, they are the first, and that of the nuclei.
    """
    if image.channels == 3 and image.nuclear_channel is None:
        return []
    names = image.channel_names or tuple(f"Channel {number}" for number in range(image.channels))
    single = image.channels == 1
    numbers = list(range(len(names)))[: viewing.MOST_CHANNELS]
    if image.nuclear_channel is not None and image.nuclear_channel not in numbers:
        numbers[-1] = image.nuclear_channel
    return [
        {
            "number": number,
            "name": names[number] or f"Channel {number}",
            "colour": "ffffff" if single else COLOURS[number % len(COLOURS)],
            "is_nuclear": number == image.nuclear_channel,
        }
        for number in numbers
    ]


_TILE = "{step:int}/{column:int}/{row:int}"

ROUTES = [
    Route("/images", show_gallery),
    Route("/images/{image_id:int}", show_image),
    Route("/images/{image_id:int}/nuclei/{label:int}", show_image),
    Route("/images/{image_id:int}/overview.jpg", overview),
    Route(f"/images/{{image_id:int}}/tiles/{_TILE}", tile),
    Route(f"/images/{{image_id:int}}/outlines/{_TILE}", outlines),
    Route("/images/{image_id:int}/nuclei/{label:int}/cutout.jpg", cutout),
    Route("/api/images/{image_id:int}/at", nucleus_at),
]
