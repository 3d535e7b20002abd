"""Fine-tuning on images of a kind that a network has not seen: what it gains there, and what it forgets.

`python benchmarks/fine_tuning.py DIR --set SET --weights FILE --output FOLDER`. DIR is a collection as `nuqleus train`
takes it. One of its sets plays the lab: weights that have not learnt from it (an earlier version's, out of the history)
are fine-tuned on a few of its images, and all or a share of what they learn is kept. All are measured on its held-out
images, and on those of the sets that the weights do know.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from cli.progress_bars import make_progress, track
from model.evaluation.matching import match_nuclei
from model.segmentation.segmenter import Segmenter
from model.training.callbacks import Callbacks
from model.training.collection import Member, find_members, load_members
from model.training.dataset import Example
from model.training.recipe import adapt
from model.training.session import TrainingPlan, TrainingStart, fine_tune, run_session
from model.training.training_data import SHOWN, TrainingData, show_at_known_sizes

MEASURED = 6
"""Of the lab's images, one in so many is held out to fit the thresholds."""


def choose_lab(members: Sequence[Member], source: str, images: int, seed: int) -> TrainingData:
    """Return the lab's images, chosen by lot from those of its set that are not held out."""
    own = [member for member in members if member.source == source and not member.held_out]
    lot = np.random.default_rng(seed).permutation(len(own))[:images]
    fitted = images // MEASURED
    lab = load_members([own[i] for i in lot], lambda chosen: track(chosen, f"Reading {source}"))
    return TrainingData(lab[fitted:], lab[:fitted], {"name": source})


def tune(start: TrainingStart, data: TrainingData, blend: float, steps: int, folder: Path) -> Path:
    """Fine-tune, unless that was done before, and keep a share of what was learnt."""
    weights = folder / "tuned.weights.h5"
    if weights.is_file():
        return weights
    folder.mkdir(parents=True, exist_ok=True)
    start = replace(start, recipe=adapt(start.recipe, steps=steps, blend=blend))
    plan = TrainingPlan(
        start, folder, "tuned", data.description, "benchmark", resume=True, diameters=data.diameters
    )
    with make_progress() as progress:
        task = progress.add_task(f"Tuning, {blend:.0%} kept", total=steps, note="")
        run_session(
            plan,
            data.train,
            data.val,
            Callbacks(lambda step, loss: progress.update(task, completed=step, note=f"loss {loss:.3f}")),
        )
    return weights


def measure(weights: Path, examples: Sequence[Example]) -> float:
    """Return the mean figure of the Data Science Bowl."""
    segmenter = Segmenter.load(weights)
    scores = [
        match_nuclei(example.labels, segmenter.segment_normalised(example.image).labels).score
        for example in track(list(examples), f"Measuring {weights.parent.name}")
    ]
    return float(np.mean(scores))


def load_held_out(members: Sequence[Member], sources: Sequence[str]) -> list[Example]:
    """Return the held-out images of some sets."""
    return load_members([member for member in members if member.held_out and member.source in sources])


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--set", "source", required=True, help="The set that plays the lab.")
@click.option(
    "--known", multiple=True, default=["dsb2018"], show_default=True, help="Sets that the weights know."
)
@click.option("--weights", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--images", default=20, show_default=True, help="Images of it to fine-tune on.")
@click.option("--steps", default=300, show_default=True, help="Of the fine-tuning.")
@click.option(
    "--blend", "blends", multiple=True, default=[0.75, 1.0], show_default=True, help="Share that is kept."
)
@click.option("--seed", default=1, show_default=True, help="Of the choice of images.")
@click.option("--output", required=True, type=click.Path(file_okay=False, path_type=Path))
def main(
    folder: Path,
    source: str,
    known: tuple[str, ...],
    weights: Path,
    images: int,
    steps: int,
    blends: tuple[float, ...],
    seed: int,
    output: Path,
) -> None:
    """Fine-tune on a few images of a set, and show what that gained there and cost elsewhere."""
    members = find_members(folder)
    unseen, others = load_held_out(members, [source]), load_held_out(members, known)
    start = fine_tune(weights)
    lab = show_at_known_sizes(choose_lab(members, source, images, seed), start.diameters or SHOWN)
    table = Table("network", f"{source}, {len(unseen)} images", f"{', '.join(known)}, {len(others)} images")
    table.add_row("before", f"{measure(weights, unseen):.3f}", f"{measure(weights, others):.3f}")
    for blend in blends:
        tuned = tune(start, lab, blend, steps, output / f"kept-{blend:.2f}")
        name = f"fine-tuned on {images} images, {blend:.0%} of it kept"
        table.add_row(name, f"{measure(tuned, unseen):.3f}", f"{measure(tuned, others):.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()
