"""Progress bars on the terminal; nothing where output goes to a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.progress import Progress

T = TypeVar("T")


def make_progress() -> Progress:
    """Return a bar with counts, elapsed and remaining time, on stderr."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


def track(items: Sequence[T], what: str) -> Iterator[T]:
    """Yield the items while a bar shows how far the loop is."""
    return track_stream(items, what, len(items))


def track_stream(items: Iterable[T], what: str, total: int) -> Iterator[T]:
    """Yield items that come one by one, of which there will be this many, while a bar shows how far the loop is."""
    for item, _ in _track(items, what, total):
        yield item


def track_with_notes(items: Sequence[T], what: str) -> Iterator[tuple[T, Callable[[str], None]]]:
    """Do the same, and yield beside each item what writes a note next to the bar; it vanishes with the item."""
    return _track(items, what, len(items))


def _track(items: Iterable[T], what: str, total: int) -> Iterator[tuple[T, Callable[[str], None]]]:
    with make_progress() as progress:
        task = progress.add_task(what, total=total, note="")
        for item in items:
            yield item, lambda note: progress.update(task, note=note)
            progress.update(task, advance=1, note="")
