"""Files: which there are, why some failed, and a button to try again."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from nuqleus.database.file_states import RETRYABLE_STATES, FileState
from nuqleus.database.files.retry import retry_matching
from nuqleus.database.queries.file_pages import FileFilter, ListedFile, get_listed, list_files
from nuqleus.database.queries.image_pages import first_images
from nuqleus.database.tables import File
from web import query
from web.pages.login import form_of
from web.site import find, render, site_of
from web.templates import with_query

RETRY_FIELDS = {"id", "state", "reason", "path"}
"""What names files that are to be tried again."""


def show_files(request: Request) -> Response:
    """A page of the list."""
    site, given = site_of(request), request.query_params
    wanted, before = file_filter(given), query.number(given, "before")
    page = list_files(site.engine, wanted, before=before)
    return render(
        request,
        "files.html",
        wanted=wanted,
        parameters=as_parameters(wanted),
        page=page,
        before=before,
        states=list(FileState),
        reasons=site.ignored_reasons,
        retried=query.number(given, "retried"),
    )


def show_file(request: Request) -> Response:
    """One file, and its images."""
    site = site_of(request)
    file = known_file(request)
    original = get_listed(site.engine, file.duplicate_of) if file.duplicate_of else None
    images = first_images(site.engine, file.duplicate_of or file.id)
    return render(
        request,
        "file.html",
        file=file,
        original=original,
        images=images,
        reasons=site.ignored_reasons,
        retryable=file.state in RETRYABLE_STATES,
    )


async def retry(request: Request) -> Response:
    """Queue again: one file, or those that failed and that a filter lets through."""
    form = await form_of(request)
    number = await retry_in_turn(request, form)
    onward = {name: form.get(name) for name in ("state", "reason", "path")}
    return RedirectResponse(with_query("/files", onward, retried=number), 303)


async def retry_in_turn(request: Request, form: Mapping[str, str]) -> int:
    """Queue again what a form names, in turn: the database may be busy. Say how many files that are."""
    async with site_of(request).turns.writing:
        return await run_in_threadpool(_retry, request, form)


def _retry(request: Request, form: Mapping[str, str]) -> int:
    """Queue again what a form names.

    Raises:
        HTTPException: it names nothing that is known: what would be left is a filter that lets all failures through.
    """
    engine = site_of(request).engine
    if not form.keys() <= RETRY_FIELDS:
        raise HTTPException(
            400, f"What is to be tried again is named by {', '.join(sorted(RETRY_FIELDS))} alone."
        )
    if "id" in form:
        file_id = query.number(form, "id")
        if file_id is None:
            raise query.refuse("id", "a whole number")
        return len(retry_matching(engine, File.id == file_id, only_failed=False))
    return len(retry_matching(engine, _condition(file_filter(form))))


def file_filter(given: Mapping[str, str]) -> FileFilter:
    """Read the filter of a URL or a form."""
    return FileFilter(
        query.choice(given, "state", FileState), query.word(given, "reason"), query.word(given, "path")
    )


def as_parameters(wanted: FileFilter) -> dict[str, str | None]:
    """Write it."""
    return {"state": wanted.state and wanted.state.value, "reason": wanted.reason, "path": wanted.path}


def known_file(request: Request) -> ListedFile:
    """Return the file that a URL names.

    Raises:
        HTTPException: there is none.
    """
    return find(request, get_listed, "file_id")


def _condition(wanted: FileFilter) -> ColumnElement[bool]:
    return FileFilter(FileState.FAILED, wanted.reason, wanted.path).condition()


ROUTES = [
    Route("/files", show_files),
    Route("/files/retry", retry, methods=["POST"]),
    Route("/files/{file_id:int}", show_file),
]
