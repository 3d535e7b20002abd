"""Dashboard: how things stand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nuqleus.database.file_states import FileState
from nuqleus.database.queries.dashboard import Dashboard
from nuqleus.database.queries.status_details import RunningFile
from web.site import render, site_of

STATES = {
    FileState.WAITING: "Being copied, or about to be queued",
    FileState.QUEUED: "Wait for a worker",
    FileState.RUNNING: "Being measured now",
    FileState.DONE: "Measured",
    FileState.DUPLICATE: "Copies of measured files, whose results count for them",
    FileState.COMPANION: "Further channels or z-steps of measured fields",
    FileState.FAILED: "Could not be measured; the reason is known",
    FileState.IGNORED: "Are no images, or are not wanted",
}
"""What each state means, in the order in which they are shown."""

SHOWN_WARNINGS = 10
"""Of what is odd about plates."""


async def show_dashboard(request: Request) -> Response:
    """The page, which calls itself "Overview"."""
    return await _render(request, "dashboard.html")


async def show_fragment(request: Request) -> Response:
    """Its changing part, which the page asks for every few seconds."""
    return await _render(request, "dashboard_fragment.html")


async def _render(request: Request, template: str) -> Response:
    """Without a thread: all of them may wait for a database that has fallen silent, of which this page tells."""
    dated = await site_of(request).dashboard.look()
    seen = dated.answer
    return render(
        request,
        template,
        dated=dated,
        seen=seen,
        states=STATES,
        total=sum(seen.status.counts.values()) if seen else 0,
        running=by_owner(seen.details.running) if seen else {},
        shown_warnings=SHOWN_WARNINGS,
    )


def by_owner(files: Sequence[RunningFile]) -> Mapping[str, list[RunningFile]]:
    """Files that are being measured, by the worker that does."""
    of_owner: dict[str, list[RunningFile]] = defaultdict(list)
    for file in files:
        of_owner[file.owner].append(file)
    return of_owner


def describe_dashboard(seen: Dashboard) -> dict[str, object]:
    """The same for programs."""
    status, details = seen.status, seen.details
    return {
        "counts": {state.value: number for state, number in status.counts.items()},
        "files_per_minute": status.files_per_minute,
        "seconds_left": status.seconds_left,
        "queue_age_seconds": details.queue_age_seconds,
        "throughput_per_minute": vars(seen.throughput) if seen.throughput else None,
        "failures_by_kind": details.failures_by_kind,
        "ignored_by_kind": details.ignored_by_kind,
        "guessed_channels": vars(details.guessed_channels),
        "unsure_images": vars(details.unsure_images),
        "plate_warnings": [vars(warning) for warning in details.plate_warnings],
        "standing_out": vars(details.standing_out),
        "leader": details.leader,
        "last_scan_at": seen.watched.scanned_at if seen.watched else None,
        "trouble": seen.watched.trouble if seen.watched else None,
        "workers": [vars(worker) for worker in status.workers],
    }


ROUTES = [
    Route("/", show_dashboard),
    Route("/overview", show_fragment),
]
