"""Run report: what `nuqleus run` tells the person who started it, how far it is and what came out."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Self

import click

from cli.caveats import describe_guesses, describe_ignored, describe_missing_um, describe_unsure
from cli.run_display import Display, make_display
from nuqleus.database.engine import redact_url
from nuqleus.database.file_states import UNLISTED_STATES, FileState
from nuqleus.database.queries.caveats import (
    guessed_channels,
    ignored_by_kind,
    nuclei_without_um,
    unsure_images,
)
from nuqleus.database.queries.file_summaries import summarise
from nuqleus.database.queries.status import get_status
from nuqleus.errors import RetryableError
from nuqleus.paths import escape_path

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.table import Table
    from sqlalchemy import Engine

    from nuqleus.database.queries.file_summaries import FileSummary
    from nuqleus.database.queries.status import Status
    from nuqleus.settings import Settings

log = logging.getLogger(__name__)

ROWS = 40
"""Files in the table of what came out; those that failed come first."""

QUERY = """\
SELECT path, SUM(n_nuclei) AS nuclei, t
FROM counted_images GROUP BY path, t ORDER BY nuclei DESC, path, t LIMIT 10;"""

_REFRESH_SECONDS = 0.5


class RunReport:
    """Report of a run: shows the progress, asking the database now and then, and says once what came out.

    Args:
        engine: the database.
        settings: of the run.
        page: where the page is; None without one.
        goes_on: whether it goes on watching when every file has ended.
    """

    def __init__(self, engine: Engine, settings: Settings, page: str | None = None, *, goes_on: bool) -> None:
        self._goes_on = goes_on
        self._page = page
        self._engine = engine
        self._settings = settings
        self._began = time.time()
        self._display: Display = make_display(settings.log_level, settings.log_format)
        self._due = 0.0
        self._has_concluded = self._is_ready = False

    def __enter__(self) -> Self:
        """Nothing is shown yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""
        self._display.clear()

    def update(self, folder: Collection[str] | None) -> bool:
        """Show how things stand, if it is time to look again.

        Args:
            folder: what the last scan found; None if there was none.

        Returns:
            Whether a look has just found that every file has ended.
        """
        if time.monotonic() < self._due:
            return False
        self._due = time.monotonic() + _REFRESH_SECONDS
        try:
            status = get_status(self._engine, time.time(), alive_within=self._settings.lease_seconds)
        except RetryableError:  # the scheduler says what is wrong
            return False
        self._display.show(status)
        self._say_ready(status)
        return folder is not None and self._conclude(status, folder)

    def _say_ready(self, status: Status) -> None:
        if not self._is_ready and any(worker.started_at > self._began for worker in status.workers):
            self._is_ready = True
            log.info("Ready to work.")
            if self._page:
                self._display.clear()
                click.echo(f"The page is at {self._page}")

    def _conclude(self, status: Status, folder: Collection[str]) -> bool:
        has_ended = status.ended == sum(status.counts.values())
        if has_ended and not self._has_concluded:
            self._has_concluded = True
            self._display.clear()
            if folder:
                unlisted = sum(status.counts[state] for state in UNLISTED_STATES)
                print_results(self._engine, status.ended - unlisted)
                print_caveats(self._engine)
                print_where(self._settings)
            if self._goes_on:
                click.echo(f"Watching {self._settings.input_dir}. Ctrl-C stops.")
        return has_ended


def print_results(engine: Engine, total: int) -> None:
    """Print the table of what came out of this many files, those that are ignored, or companions, left out."""
    from rich.console import Console

    console = Console()
    if total:
        console.print(_table(summarise(engine, ROWS)))
    if total > ROWS:
        console.print(f"… and {total - ROWS:,} more files.")


def print_caveats(engine: Engine) -> None:
    """Say what was ignored, which nuclei have no size in µm, which channels were guessed, and what is unsure."""
    if ignored := ignored_by_kind(engine):
        click.echo(describe_ignored(ignored))
    if missing := nuclei_without_um(engine):
        click.echo(describe_missing_um(missing))
    guessed = guessed_channels(engine)
    if guessed.files:
        click.secho(describe_guesses(guessed), fg="yellow", bold=True)
    unsure = unsure_images(engine)
    if unsure.files:
        click.secho(describe_unsure(unsure), fg="yellow", bold=True)


def print_where(settings: Settings) -> None:
    """Say where the results are, and one thing to ask them."""
    url = settings.database_url
    click.echo(f"\nThe database is {redact_url(url)}. Ask it, for example, which images hold most nuclei:\n")
    click.echo(f'{client(url)} "{QUERY}"\n')


def client(url: str) -> str:
    """The start of a shell command that sends a query to this database."""
    from sqlalchemy import make_url

    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return f"sqlite3 -header -column {parsed.database}"
    return f"psql {redact_url(str(parsed.set(drivername=parsed.get_backend_name())))} -c"


def print_failures(failed: Sequence[FileSummary]) -> None:
    """One line a file: path, kind and reason."""
    for file in failed:
        click.echo(f"{escape_path(file.path)}: {file.error_kind}: {file.error}", err=True)


def _table(files: Sequence[FileSummary]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table("file", "state")
    for name in ("nuclei", "median area"):
        table.add_column(name, justify="right")
    for file in files:
        state = f"failed: {escape(file.error or '')}" if file.state is FileState.FAILED else str(file.state)
        area = "" if file.median_area is None else f"{file.median_area:.0f} px"
        nuclei = "" if file.nuclei is None else str(file.nuclei) + _of_planes(file)
        table.add_row(escape(escape_path(file.path)), state, nuclei, area)
    return table


def _of_planes(file: FileSummary) -> str:
    """` in 1 of 5 planes`, where a number isn't that of all planes of a file."""
    return f" in {file.counted} of {file.planes} planes" if file.counted < file.planes else ""
