"""`nuqleus work`: one worker alone."""

from __future__ import annotations

import os
from typing import Any

import click

from cli.options import (
    broker_option,
    database_option,
    image_options,
    input_option,
    overlays_option,
    rules_option,
    weights_option,
)


@click.command()
@input_option()
@database_option("Where results go.")
@broker_option("Where jobs come from (redis://…).")
@weights_option("Weights of a network.")
@overlays_option("Draw a picture of each image into this folder.")
@image_options
@rules_option()
def command(**given: Any) -> None:
    """Take files off the queue and process them, several at a time where many wait, until told to stop.

    Ctrl-C and SIGTERM let it finish the files that it has begun; others go back to the queue. Options replace the
    NUQLEUS_ environment variables; this is the same as `celery -A worker.app worker` with these variables set.
    """
    from cli.processes.shared_memory import ensure_shared_memory
    from nuqleus.settings import as_environment, get_settings

    get_settings(**given)  # says what makes no sense before Celery starts
    ensure_shared_memory()
    # worker processes are fresh interpreters, which only the environment reaches
    os.environ.update(as_environment(given))
    from worker.app import app
    from worker.celery_app import run_worker

    raise SystemExit(run_worker(app))
