"""`nuqleus schedule`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from cli.options import broker_option, database_option, input_option, rules_option

_POLL = 0.2


@click.command(name="schedule")
@input_option()
@database_option()
@broker_option()
@rules_option()
def command(
    input_dir: Path | None, database_url: str | None, broker_url: str | None, rules: Path | None
) -> None:
    """Run the scheduler alone: watch a folder and queue its files for workers elsewhere.

    Ctrl-C or SIGTERM stops it.
    """
    from cli.processes.stop_signals import StopSignals
    from nuqleus.database.engine import open_database
    from nuqleus.logs import configure_logs
    from nuqleus.queue import make_app
    from nuqleus.settings import get_settings
    from scheduler.factory import make_scheduler_loop, run_in_thread
    from scheduler.metrics import serve_scheduler_metrics

    settings = get_settings(
        input_dir=input_dir, database_url=database_url, broker_url=broker_url, rules=rules
    )
    configure_logs(settings.log_level, log_format=settings.log_format)
    app, engine = make_app(settings), open_database(settings.database_url, busy_seconds=settings.busy_seconds)
    loop = make_scheduler_loop(settings, engine, app)
    serve_scheduler_metrics(settings, engine, app)
    with StopSignals() as signals, run_in_thread(settings, loop):
        signals.deferring = True
        while not signals.received:
            time.sleep(_POLL)
