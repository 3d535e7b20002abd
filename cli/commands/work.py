"""`nuqleus work`: one worker alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from cli.options import channel_option, rules_option, z_option


@click.command()
@click.option(
    "--input", "input_dir", type=click.Path(file_okay=False, path_type=Path), help="The watched folder."
)
@click.option("--database", "database_url", metavar="URL", help="Where results go.")
@click.option("--broker", "broker_url", metavar="URL", help="Where jobs come from (redis://…).")
@click.option(
    "--weights", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Weights of a network."
)
@click.option(
    "--overlays",
    "overlay_dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Draw a picture of each image into this folder.",
)
@channel_option
@z_option
@rules_option
def command(**given: Any) -> None:
    """Take files off the queue and process them, several at a time where many wait, until told to stop.

    Ctrl-C and SIGTERM let it finish the files that it has begun; others go back to the queue. Options replace the
    NUQLEUS_ environment variables; this is the same as `celery -A worker.app worker` with these variables set.
    """
    from nuqleus.settings import get_settings

    get_settings(**given)  # says what makes no sense before Celery starts
    # worker processes are fresh interpreters, which only the environment reaches
    os.environ.update(
        {f"NUQLEUS_{name.upper()}": str(value) for name, value in given.items() if value is not None}
    )
    from worker.app import app
    from worker.task import run_worker

    raise SystemExit(run_worker(app))
