"""JSON for programs: the same as the pages show, read-only but for trying again."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nuqleus.database.queries.file_pages import ListedFile, list_files
from nuqleus.database.queries.image_pages import first_images, list_images
from nuqleus.database.queries.nuclei import list_nuclei
from nuqleus.paths import escape_path
from web import query
from web.openapi import DESCRIPTION
from web.pages.dashboard import describe_dashboard
from web.pages.files import file_filter, known_file, retry_in_turn
from web.pages.images import known_image, known_nucleus
from web.pages.login import form_of
from web.refreshed_answer import PROGRAM_SECONDS
from web.site import site_of

PATHS = ("path", "example")
"""Names of values that may hold what no text may: bytes that are no characters."""


def describe_api(_: Request) -> Response:
    """The description of all this, as OpenAPI has it."""
    return JSONResponse(DESCRIPTION)


async def status(request: Request) -> Response:
    """How things stand."""
    dated = await site_of(request).dashboard.look(PROGRAM_SECONDS)
    if dated.answer is None or dated.trouble:
        raise HTTPException(503, dated.trouble or "The database is being asked; try again in a moment.")
    return JSONResponse({"as_of": dated.as_of, **_plain(describe_dashboard(dated.answer))})


def files(request: Request) -> Response:
    """A page of files."""
    given = request.query_params
    page = list_files(site_of(request).engine, file_filter(given), before=query.number(given, "before"))
    return JSONResponse({"files": [_file(file) for file in page.files], "next_before": page.next_before})


def file(request: Request) -> Response:
    """A file, and the first of its images."""
    found = known_file(request)
    first = first_images(site_of(request).engine, found.duplicate_of or found.id)
    left_out = found.images - len(first)
    described = [_plain(asdict(image)) for image in first]
    return JSONResponse(_file(found) | {"images": described, "images_left_out": left_out})


async def retry(request: Request) -> Response:
    """Queue again, as the button does."""
    return JSONResponse({"retried": await retry_in_turn(request, await form_of(request))})


def images(request: Request) -> Response:
    """A page of images."""
    given = request.query_params
    page = list_images(
        site_of(request).engine,
        path=query.word(given, "path"),
        file_id=query.number(given, "file"),
        well_id=query.number(given, "well"),
        before=query.number(given, "before"),
    )
    return JSONResponse(
        {"images": [_plain(asdict(image)) for image in page.images], "next_before": page.next_before}
    )


def image(request: Request) -> Response:
    """What is known of an image."""
    found = known_image(request)
    described = asdict(found)
    listed = described.pop("listed")
    for inner in ("stat", "sha256", "is_pending"):
        del described[inner]
    return JSONResponse(_plain(listed | described))


def nuclei(request: Request) -> Response:
    """A page of an image's nuclei."""
    found = known_image(request)
    after = query.number(request.query_params, "after") or 0
    return JSONResponse(vars(list_nuclei(site_of(request).engine, found.listed.id, after=after)))


def nucleus(request: Request) -> Response:
    """All numbers of a nucleus."""
    return JSONResponse(vars(known_nucleus(request)))


def _file(found: ListedFile) -> dict[str, Any]:
    return _plain(asdict(found))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that JSON knows; paths as the database writes them."""
    return {name: _plain_value(name, value) for name, value in values.items()}


def _plain_value(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _plain(value)
    if name == "field":
        return [_plain(part) for part in value]
    return escape_path(value) if name in PATHS and value else value


ROUTES = [
    Route("/api/openapi.json", describe_api),
    Route("/api/status", status),
    Route("/api/files", files),
    Route("/api/files/retry", retry, methods=["POST"]),
    Route("/api/files/{file_id:int}", file),
    Route("/api/images", images),
    Route("/api/images/{image_id:int}", image),
    Route("/api/images/{image_id:int}/nuclei", nuclei),
    Route("/api/images/{image_id:int}/nuclei/{label:int}", nucleus),
]
