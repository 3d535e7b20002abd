"""Status view: counts, workers and failures, drawn for a terminal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.caveats import (
    describe_guesses,
    describe_ignored,
    describe_missed,
    describe_plate_warnings,
    describe_plates,
    describe_restorable,
    describe_standing_out,
    describe_ungrouped,
    describe_unsure,
)
from nuqleus.paths import escape_path

if TYPE_CHECKING:
    from nuqleus.database.queries.status import Status
    from nuqleus.database.queries.status_details import RunningFile, StatusDetails
    from nuqleus.database.workers import LiveWorker


def draw(status: Status, details: StatusDetails, now: float) -> RenderableType:
    """The whole view.

    Args:
        status: how things stand.
        details: seen closer.
        now: seconds since 1970.
    """
    return Group(*_parts(status, details, now))


def _parts(status: Status, details: StatusDetails, now: float) -> Iterator[RenderableType]:
    yield Text(_counts(status))
    yield from _bar(status)
    yield Text(_pace(status, details))
    yield from map(Text, _notes(details))
    yield from (Text(warning, style="bold yellow") for warning in _warnings(details))
    yield Text(f"scheduler: {details.leader}" if details.leader else "no scheduler at work")
    yield _workers(status.workers, details.running, now) if status.workers else Text("no live workers")
    if status.failures:
        yield _failures(status, details)


def _notes(details: StatusDetails) -> Iterator[str]:
    if details.stage_seconds:
        yield _stages(details.stage_seconds)
    if details.plates_by_convention:
        yield describe_plates(details.plates_by_convention)
    if details.ignored_by_kind:
        yield describe_ignored(details.ignored_by_kind)
    if details.missed:
        yield describe_missed(details.missed)
    if details.standing_out.images:
        yield describe_standing_out(details.standing_out)


def _warnings(details: StatusDetails) -> Iterator[str]:
    if details.guessed_channels.files:
        yield describe_guesses(details.guessed_channels)
    if details.unsure_images.files:
        yield describe_unsure(details.unsure_images)
    if details.restorable:
        yield describe_restorable(details.restorable)
    if details.ungrouped:
        yield describe_ungrouped(details.ungrouped)
    yield from describe_plate_warnings(details.plate_warnings)


def _counts(status: Status) -> str:
    counts = [f"{count:,} {state}" for state, count in status.counts.items() if count]
    return ", ".join(counts) or "no files yet"


def _bar(status: Status) -> Iterator[RenderableType]:
    """Nothing where there is nothing left to do."""
    total, done = sum(status.counts.values()), status.ended
    if done < total:
        line = Table.grid(padding=(0, 1))
        line.add_row(ProgressBar(total, done, width=40), f"{done / total:.1%} of {total:,} files")
        yield line


def _pace(status: Status, details: StatusDetails) -> str:
    parts = ["nothing ended in the last five minutes"]
    if status.files_per_minute is not None:
        parts = [f"{status.files_per_minute:,.1f} files per minute"]
        if status.seconds_left:
            parts.append(f"about {_duration(status.seconds_left)} left")
    if details.queue_age_seconds is not None:
        parts.append(f"the queue's first file waits for {_duration(details.queue_age_seconds)}")
    return ", ".join(parts)


def _stages(seconds: dict[str, float]) -> str:
    total = sum(seconds.values()) or 1.0
    return "time spent: " + ", ".join(f"{stage} {took / total:.0%}" for stage, took in seconds.items())


def _workers(workers: list[LiveWorker], running: list[RunningFile], now: float) -> Table:
    theirs = defaultdict(list)
    for file in running:
        theirs[file.owner].append(file)
    columns = ("worker", "device", "up for", "files", "last seen", "working on")
    table = Table(*columns, title="Workers", title_justify="left")
    for worker in workers:
        name, seen = f"{worker.host} {worker.pid}", f"{_duration(now - worker.seen_at)} ago"
        up, doing = _duration(now - worker.started_at), _doing(theirs[worker.owner], now)
        table.add_row(name, worker.device, up, f"{worker.files_done:,}", seen, escape(doing))
    return table


def _doing(files: list[RunningFile], now: float) -> str:
    """The file that was begun first, and how many others there are."""
    if not files:
        return ""
    others = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{escape_path(files[0].path)} ({_duration(now - files[0].started_at)}){others}"


def _failures(status: Status, details: StatusDetails) -> Table:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in details.failures_by_kind.items())
    table = Table("file", "reason", "", title=f"Last failures, of {kinds}", title_justify="left")
    for failure in status.failures:
        table.add_row(escape(escape_path(failure.path)), failure.kind, escape(failure.error))
    return table


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=max(0, round(seconds))))
