"""`nuqleus run [--input DIR] [--database URL] [--once] [--workers N] [--overlays DIR] [--no-web]`."""

from __future__ import annotations

import socket
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from cli.options import database_option, image_options, input_option, overlays_option, rules_option

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from cli.processes.local_stack import LocalStack
    from cli.processes.stop_signals import StopSignals
    from cli.run_report import RunReport
    from nuqleus.database.queries.file_summaries import FileSummary
    from nuqleus.settings import Settings
    from scheduler.scheduler_loop import SchedulerLoop

INTERRUPTED = 130
"""Exit status of shells for a program that Ctrl-C ended."""

_POLL = 0.2


@click.command(name="run")
@input_option()
@database_option()
@click.option("--once", is_flag=True, help="End when every file has ended; status 1 if any failed.")
@click.option("--workers", type=int, metavar="N", help="Worker processes.")
@overlays_option("Draw outlines into this folder.")
@image_options
@rules_option()
@click.option(
    "--web/--no-web", default=None, help="Serve the page, too; so it does, unless it ends by --once."
)
def command(*, once: bool, web: bool | None, **given: Any) -> None:
    """Watch a folder: scheduler, broker and workers on one machine.

    Ctrl-C stops everything in seconds, once the images at hand are finished; a second one at once.
    """
    from cli.processes.shared_memory import ensure_shared_memory
    from nuqleus.settings import get_settings
    from scheduler.inbox import check_inbox, create_default_inbox

    settings = get_settings(**given)
    create_default_inbox(settings)
    check_inbox(settings)
    ensure_shared_memory()
    sys.exit(run(settings, once=once, web=not once if web is None else web))


def run(settings: Settings, *, once: bool, web: bool) -> int:
    """Run everything until told to stop, or until every file has ended.

    Args:
        settings: of the run.
        once: whether it ends when every file has ended.
        web: whether it serves the page.

    Returns:
        The exit status: 0; with `once` also 1 if files failed, and 130 if it was stopped before all had ended.

    Raises:
        NuqleusError: something is wrong that a person must put right.
    """
    from cli.processes.local_stack import LocalStack
    from cli.processes.run_lock import hold_run_lock
    from cli.processes.stop_signals import StopSignals
    from web.listening import bind_page

    with ExitStack() as held:
        held.enter_context(hold_run_lock(settings.state_dir))
        page = held.enter_context(bind_page(settings)) if web else None
        signals = held.enter_context(StopSignals())
        stack = held.enter_context(LocalStack(settings))
        try:
            status = _run_all(stack, signals, page, once=once)
            stack.stop()
        except KeyboardInterrupt:
            return INTERRUPTED
    return status


def _run_all(stack: LocalStack, signals: StopSignals, page: socket.socket | None, *, once: bool) -> int:
    """Start all processes, the slowest first, and supervise them."""
    settings = stack.start()

    from cli.run_report import RunReport
    from nuqleus.database.engine import open_database
    from nuqleus.database.queries.file_summaries import failures
    from nuqleus.queue import make_app
    from scheduler.factory import make_scheduler_loop, run_in_thread
    from scheduler.metrics import serve_scheduler_metrics
    from web.listening import page_url

    engine, app = open_database(settings.database_url, busy_seconds=settings.busy_seconds), make_app(settings)
    loop = make_scheduler_loop(settings, engine, app)
    serve_scheduler_metrics(settings, engine, app)
    if page:
        stack.serve_page(page)
    url = page_url(page) if page else None
    with RunReport(engine, settings, url, goes_on=not once) as report, run_in_thread(settings, loop):
        has_ended = _supervise(stack, loop, report, signals, once=once)
    if not once:
        return 0
    if not has_ended:
        return INTERRUPTED
    _finish_background_work(engine)
    return _report_failures(settings, loop, failures(engine))


def _finish_background_work(engine: Engine) -> None:
    """Do at once what the scheduler does by and by."""
    from nuqleus.database.group_statistics import GroupStatistics
    from nuqleus.database.plate_moves import merge_moved_plates
    from nuqleus.database.well_statistics import WellStatistics

    merge_moved_plates(engine)
    WellStatistics(engine).refresh_all()
    GroupStatistics(engine).refresh_all()


def _supervise(
    stack: LocalStack, loop: SchedulerLoop, report: RunReport, signals: StopSignals, *, once: bool
) -> bool:
    """Keep everything going until told to stop; with `once`, return True when every file has ended."""
    signals.deferring = True
    while not signals.received:
        stack.check()
        if once:
            stack.raise_if_crash_looping()
        may_end = not (once and loop.is_expecting)
        if report.update(loop.found_paths if may_end else None) and once:
            return True
        time.sleep(_POLL)
    click.echo("Stopping as soon as the images at hand are finished. Ctrl-C again stops at once.", err=True)
    return False


def _report_failures(settings: Settings, loop: SchedulerLoop, failed: list[FileSummary]) -> int:
    from cli.run_report import print_failures

    assert loop.found_paths is not None
    if not loop.found_paths:
        click.echo(f"There are no files to process in {settings.input_dir}.")
    here = [file for file in failed if file.path in loop.found_paths]
    print_failures(here)
    return 1 if here else 0
