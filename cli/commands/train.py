"""`nuqleus train DIR`: a network from labelled images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nuqleus import __version__

if TYPE_CHECKING:
    from model.training.session import TrainingStart
    from model.training.training_data import TrainingData
    from model.weights import ModelCard
    from model.weights.diameters import KnownDiameters


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs/nuclei"),
    show_default=True,
    help="Where weights, checkpoints, log and pictures go.",
)
@click.option(
    "--name",
    default="nuclei",
    show_default=True,
    callback=lambda _context, _option, name: _file_name(name),
    help="Name of the network, and of its files.",
)
@click.option(
    "--preset",
    type=click.Choice(["nuqleus", "notebook"]),
    help="What new network to train, and how.  [default: nuqleus]",
)
@click.option("--steps", type=click.IntRange(min=1), help="Batches in all, instead of the recipe's.")
@click.option(
    "--batch", "batch_size", type=click.IntRange(min=1), help="Crops in a batch, instead of the recipe's."
)
@click.option(
    "--rate",
    "learning_rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Learning rate, instead of the recipe's.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Seed, instead of the recipe's.")
@click.option(
    "--from",
    "weights",
    metavar="WEIGHTS",
    help="Fine-tune these weights, a file or `shipped`, in few small steps, instead of starting from nothing.",
)
@click.option(
    "--blend",
    type=click.FloatRange(0, 1, min_open=True),
    help="Share of what fine-tuning learns that is kept; the rest are the weights as they were, so that the network "
    "doesn't forget what it knew.  [default: 0.75]",
)
@click.option("--resume", is_flag=True, help="Go on with the interrupted training in the output folder.")
def command(
    folder: Path,
    output: Path,
    name: str,
    preset: str | None,
    weights: str | None,
    blend: float | None,
    resume: bool,
    **changes: Any,
) -> None:
    """Train a network on labelled images, from nothing or (--from) from trained weights.

    DIR holds train/ and val/ with images/ and labels/ each, or images/ and labels/ itself, of which one image in
    eight is then held out. An index.csv with the columns id and kind balances kinds and gives figures for each.
    Or DIR holds several folders of that form, those of several laboratories, each with an index.csv.
    """
    _refuse_to_overwrite(output, resume)
    _refuse_contradictions(preset, weights, blend)
    _make_folder(output)
    from model.network.quiet_start import quiet_start

    with quiet_start():
        start = _fine_tune(weights) if weights else _start_anew(preset)
        start = _adapt(start, blend=blend, **changes)
        data = _read(folder, start.diameters)
    _report(_train(start, data, output, name, resume), output)


def _refuse_contradictions(preset: str | None, weights: str | None, blend: float | None) -> None:
    if preset and weights:
        raise click.UsageError(
            "--preset says what new network to build, --from gives a built one: choose one."
        )
    if blend is not None and not weights:
        raise click.UsageError("--blend is for fine-tuning (--from): a new network has nothing to forget.")


def _start_anew(preset: str | None) -> TrainingStart:
    from model.training.recipe import PRESETS
    from model.training.session import TrainingStart

    return TrainingStart(PRESETS[preset or "nuqleus"])


def _fine_tune(weights: str) -> TrainingStart:
    from model.training.session import fine_tune
    from model.weights import SHIPPED

    return fine_tune(SHIPPED if weights == "shipped" else Path(weights))


def _adapt(start: TrainingStart, **changes: Any) -> TrainingStart:
    from model.training.recipe import adapt

    return replace(start, recipe=adapt(start.recipe, **changes))


def _read(folder: Path, known: KnownDiameters | None) -> TrainingData:
    from cli.progress_bars import track
    from model.training.training_data import read_training_data, show_at_known_sizes

    data = read_training_data(
        folder,
        track,
        lambda names: click.echo(f"Held out to measure on: {', '.join(names)}"),
    )
    return show_at_known_sizes(data, known) if known else data


def _train(start: TrainingStart, data: TrainingData, output: Path, name: str, resume: bool) -> ModelCard:
    from cli.progress_bars import make_progress
    from model.training.callbacks import Callbacks
    from model.training.session import TrainingPlan, run_session

    plan = TrainingPlan(start, output, name, data.description, __version__, resume, data.diameters)
    with make_progress() as progress:
        steps = progress.add_task("Training", total=start.recipe.steps, note="")
        trials = progress.add_task("Fitting the rules", total=None, note="")
        callbacks = Callbacks(
            lambda step, loss: progress.update(steps, completed=step, note=f"loss {loss:.3f}"),
            lambda done, total: progress.update(steps, note=f"teacher: image {done} of {total}"),
            lambda rules, score: progress.update(trials, advance=1, note=f"DSB {score:.3f} {rules}"),
        )
        return run_session(plan, data.train, data.val, callbacks)


def _refuse_to_overwrite(output: Path, resume: bool) -> None:
    from model.training.stage_files import holds_training

    if not resume and holds_training(output):
        raise click.UsageError(
            f"{output} holds a training already. Go on with it by --resume, or choose another folder by --output."
        )


def _file_name(name: str) -> str:
    if name in ("", ".", "..") or set(name) & set("/\\"):
        raise click.BadParameter(f"{name!r} can't be the name of a file.")
    return name


def _make_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.UsageError(f"--output {output} can't be made: {error.strerror}.") from error


def _report(card: ModelCard, output: Path) -> None:
    from cli.score_table import print_scores
    from model.evaluation.scores import Summary

    if initial := card.training["from"]:
        click.echo(f"Before, with {initial['file']}, on the same images:")
        print_scores([Summary(**summary) for summary in initial["metrics"].values()])
        click.echo("And now:")
    print_scores([Summary(**summary) for summary in card.metrics.values()])
    click.echo(
        f"Weights, card, curve and examples are in {output}: {card.name}.weights.h5, {card.name}.json,"
    )
    click.echo("curve.png, examples.png. Use them with NUQLEUS_WEIGHTS or --weights.")
