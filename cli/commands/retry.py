"""`nuqleus retry [--failed] [--model-changed] [--regroup] [PATH…]`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from cli.options import database_option, input_option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Engine

    from nuqleus.settings import Settings

    Retry: TypeAlias = Callable[[list[str] | None], int]
    """Queues files at some paths again, or everywhere (None), and returns how many."""


@click.command(name="retry")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--failed", is_flag=True, help="Only files that failed; without PATH, all of them.")
@click.option(
    "--model-changed",
    is_flag=True,
    help="Only files whose results another model made than the present one; without PATH, all of them.",
)
@click.option(
    "--regroup",
    is_flag=True,
    help="Only files of plates that were processed one by one, by an earlier version or another setting: make fields "
    "of them.",
)
@input_option()
@database_option()
def command(
    paths: tuple[str, ...],
    failed: bool,
    model_changed: bool,
    regroup: bool,
    input_dir: Path | None,
    database_url: str | None,
) -> None:
    """Process files again: those at PATH (files or folders), or all that failed or that an older model processed.

    A PATH is one of the file system, or one as `nuqleus status` shows it, relative to the watched folder. The present
    model is that of NUQLEUS_WEIGHTS, or comes with nuqleus. Results that a file has stay until new ones replace them.
    The scheduler (`nuqleus run`, `nuqleus schedule`) takes it from there.
    """
    if not (paths or failed or model_changed or regroup):
        raise click.UsageError(
            "say what to process again: --failed, --model-changed, --regroup, or files and folders"
        )
    from nuqleus.database.engine import existing_database
    from nuqleus.settings import get_settings

    settings = get_settings(input_dir=input_dir, database_url=database_url)
    with existing_database(settings.database_url) as engine:
        if regroup:
            chosen: dict[str, Retry] = {"": partial(_regroup, engine, settings)}
        else:
            chosen = _choose(engine, failed, model_changed, settings.weights)
        _retry(chosen, paths, settings.input_dir)


def _choose(engine: Engine, failed: bool, model_changed: bool, weights: Path | None) -> dict[str, Retry]:
    """What to queue again, by the words that tell it from the rest."""
    chosen = _by_model(engine, weights) if model_changed else {}
    if failed or not model_changed:
        chosen[""] = partial(_retry_ended, engine, only_failed=failed)
    return chosen


def _retry_ended(engine: Engine, paths: list[str] | None, *, only_failed: bool) -> int:
    from nuqleus.database.files.retry import retry_files

    return len(retry_files(engine, paths, only_failed=only_failed))


def _regroup(engine: Engine, settings: Settings, paths: list[str] | None) -> int:
    from nuqleus.database.files.regrouping import processed_alone, regroup_files
    from nuqleus.database.files.scheduler_files import SchedulerFiles
    from scheduler.factory import make_plate_names
    from scheduler.file_stats import FileStats
    from scheduler.plates.field_files import find_placements
    from scheduler.scanner import Scan

    recorded = Scan(FileStats(SchedulerFiles(engine).stats()))
    placements = find_placements(make_plate_names(settings, engine), processed_alone(engine, paths), recorded)
    regroup_files(engine, placements)
    return len(placements)


def _by_model(engine: Engine, weights: Path | None) -> dict[str, Retry]:
    from model.weights import SHIPPED, read_card
    from nuqleus.database.files.retry import retry_produced_by
    from nuqleus.database.model_registry import other_models

    present = read_card(weights or SHIPPED)
    return {
        f"by {model.name} (weights {model.sha256[:12]})": partial(retry_produced_by, engine, model.id)
        for model in other_models(engine, present.sha256)
    }


def _retry(chosen: Mapping[str, Retry], paths: tuple[str, ...], folder: Path) -> None:
    """Queue again and say how many; a path where there was nothing to queue is an error, once all are through."""
    from cli.stored_paths import stored_paths

    places = {path: stored_paths(path, folder) for path in paths} or {"": None}
    counts = {
        path: {words: retry(candidates) for words, retry in chosen.items()}
        for path, candidates in places.items()
    }
    _report({words: sum(found[words] for found in counts.values()) for words in chosen})
    missed = [path for path in paths if not any(counts[path].values())]
    if missed:
        names = ", ".join(map(repr, missed))
        raise click.ClickException(
            f"nothing to process again at {names}: unknown, ignored, not ended yet, or not chosen"
        )


def _report(counts: Mapping[str, int]) -> None:
    total = sum(counts.values())
    click.echo(f"{total} {'file' if total == 1 else 'files'} will be processed again.")
    for words, count in counts.items():
        if count and words:
            click.echo(f"{count} of them {words}.")
