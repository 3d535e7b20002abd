"""nuqleus beside StarDist: the same images to train on for the same time, the same pixels to find nuclei in.

    python benchmarks/versus_stardist.py train DIR --output FOLDER --seconds N
    python benchmarks/versus_stardist.py compare DIR --model FOLDER [--weights FILE] [--rounds 5] [--json FILE]

DIR holds train/ and val/, or sets of labelled images, as for `nuqleus train`; of sets, the groups that no training sees
take the place of val/. Nothing is installed: where StarDist is missing, the commands say what to install.

**Trained** is StarDist's own network by its own library, as its example notebooks do it: 32 rays, grid 2 × 2, RGB (gray
repeated), batches of 4 crops of 256², its augmentation (orientations, intensities, noise), its learning rates, 100
steps an epoch. Training ends after N seconds, the looks at DIR/val after each epoch included; the epoch with the lowest
loss there stays. Then `optimize_thresholds` chooses its two thresholds on DIR/val, where nuqleus chooses its own; that
time comes on top, and is recorded.

**Timed** is the whole path from an image's decoded pixels (a NumPy array of the file's dtype, gray or RGB) to its label
image (a NumPy array), one image at a time: `Segmenter.segment` (normalise, network, instances) on our side; the
percentile normalisation (and, for gray, the repeating) of StarDist's notebooks and `predict_instances` on theirs. Not
timed: reading files, measuring nuclei, comparing with the truth. Both run in this process, on the same TensorFlow and
threads. Every image went through both sides before (for the scores), and one of each shape once more, so that whatever
is compiled for a shape is compiled. In a round each side takes all images of DIR/val; the next round begins with the
other side. The ratio is how many times faster nuqleus was in a round.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks.head_to_head import (
    Labelled,
    Race,
    Segment,
    accuracy_table,
    load_labelled,
    race,
    race_table,
    score,
    spread,
)
from benchmarks.stardist_side import Lesson, Training, load, pad, prepare, require_stardist, train, versions
from cli.progress_bars import make_progress, track
from model.evaluation.scores import Summary
from model.network.quiet_start import quiet_start

OURS, THEIRS = "nuqleus", "StarDist"

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
NEW_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def main() -> None:
    """Measure nuqleus beside StarDist."""


@main.command(name="train")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--output", required=True, type=NEW_FOLDER, help="A new folder for the model.")
@click.option("--seconds", required=True, type=click.IntRange(min=1), help="How long to train.")
@click.option("--seed", type=int, default=2018, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=os.cpu_count(), show_default=True)
def train_command(folder: Path, output: Path, seconds: int, seed: int, threads: int) -> None:
    """Train StarDist on DIR/train, or on all sets in DIR but their held-out groups, for this many seconds."""
    if output.exists():
        raise click.UsageError(f"{output} is there already; choose a new folder by --output")
    start_backend(threads)
    trained_on, measured_on = (lesson_images(folder, held_out=held_out) for held_out in (False, True))
    lesson = Lesson(trained_on, measured_on, seconds, seed)
    with make_progress() as progress:
        task = progress.add_task("Training StarDist (seconds)", total=seconds, note="")

        def on_step(elapsed: float, steps: int) -> None:
            progress.update(task, completed=int(elapsed), note=f"step {steps}")

        training = train(lesson, output, on_step)
    click.echo(
        f"{training.steps} steps in {training.seconds:.0f} s, thresholds {training.thresholds}: {output}"
    )


@main.command(name="compare")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--model", required=True, type=FOLDER, help="A StarDist that `train` made.")
@click.option(
    "--weights", envvar="NUQLEUS_WEIGHTS", type=FILE, help="Ours, instead of those that come with nuqleus."
)
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=os.cpu_count(), show_default=True)
@click.option("--json", "json_file", type=FILE, help="Write figures here.")
def compare_command(
    folder: Path, model: Path, weights: Path | None, rounds: int, threads: int, json_file: Path | None
) -> None:
    """Compare masks and speed on DIR/val, or on the held-out groups of all sets in DIR."""
    start_backend(threads)
    theirs, training = load(model)
    sides = {OURS: load_ours(weights), THEIRS: theirs}
    images = load_labelled(folder, held_out=True, track=track)
    accuracy = {name: score(images, segment, track, name) for name, segment in sides.items()}
    warm_up(images, sides)
    result = race(images, sides, rounds, track)
    report(accuracy, result, training, threads)
    if json_file is not None:
        figures = to_json(accuracy, result, training) | {"threads": threads}
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


def start_backend(threads: int) -> None:
    """Give TensorFlow and what uses OpenMP this many threads; both sides share them."""
    require_stardist()
    os.environ |= {"OMP_NUM_THREADS": str(threads), "NUMBA_NUM_THREADS": str(threads)}
    with quiet_start():
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def lesson_images(folder: Path, *, held_out: bool) -> list[tuple[Any, Any]]:
    """Read what StarDist is trained on; holes in labels are filled, as in its notebook, and small images are padded."""
    from stardist import fill_label_holes

    images = load_labelled(folder, held_out=held_out, track=track)
    return [(pad(prepare(image.pixels)), pad(fill_label_holes(image.labels))) for image in images]


def load_ours(weights: Path | None) -> Segment:
    """Return what finds nuclei with our network."""
    from model.segmentation.segmenter import Segmenter

    segmenter = Segmenter.load(weights)
    return lambda pixels: segmenter.segment(pixels).labels


def warm_up(images: list[Labelled], sides: dict[str, Segment]) -> None:
    """Show each side one image of each shape."""
    shapes = {image.pixels.shape: image for image in images}
    for image in track(list(shapes.values()), "Warming up"):
        for segment in sides.values():
            segment(image.pixels)


def report(accuracy: dict[str, list[Summary]], result: Race, training: Training, threads: int) -> None:
    """Print versions, scores and speeds."""
    console = Console()
    console.print(f"{', '.join(' '.join(pair) for pair in versions().items())}; {threads} threads")
    console.print(
        f"StarDist: {training.steps} steps in {training.seconds:.0f} s on {training.images} images, "
        f"thresholds {training.thresholds}"
    )
    console.print(accuracy_table(accuracy), race_table(result))


def to_json(accuracy: dict[str, list[Summary]], result: Race, training: Training) -> dict[str, Any]:
    """Return all figures as JSON values."""
    return {
        "versions": versions(),
        "training": asdict(training),
        "accuracy": {name: [asdict(row) for row in rows] for name, rows in accuracy.items()},
        "rounds": asdict(result) | {"megapixels_per_second": result.speeds, "ratios": result.ratios},
        "ratio": asdict(spread(result.ratios)),
    }


if __name__ == "__main__":
    main()
