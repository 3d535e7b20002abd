"""Fine-tuning on a kind that was held out: `python benchmarks/fine_tuning.py DIR --kind KIND --output FOLDER`.

DIR is a folder as `nuqleus train` takes it, with an index.csv that says each image's kind. One kind plays the lab whose
images nobody has seen: a network is trained on all other kinds, then fine-tuned on a few images of that one, and both
are measured on the rest of it, and on the validation images of the other kinds, to see what is forgotten. All by the
commands that a user would type; FOLDER keeps what they leave, and a second call goes on where the first one ended.
"""

import csv
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from model.training.dataset import Pair, find_pairs

THRESHOLD = "0.50"
"""IoU of the average precision that is shown."""


@dataclass(frozen=True)
class Roles:
    """Who plays what: labelled images to train on, to tune on, and to measure on."""

    train: list[Pair]
    val: list[Pair]
    lab: list[Pair]
    unseen: list[Pair]


def deal_roles(folder: Path, kind: str, images: int, seed: int) -> Roles:
    """Deal the images of a folder: all other kinds as they are, this kind by lot."""
    train, val = find_pairs(folder / "train"), find_pairs(folder / "val")
    strangers = [pair for pair in (*train, *val) if pair.kind == kind]
    if len(strangers) <= images:
        raise click.UsageError(
            f"{folder} has {len(strangers)} images of kind {kind!r}: too few to tune on {images}."
        )
    lot = np.random.default_rng(seed).permutation(len(strangers))
    return Roles(
        [pair for pair in train if pair.kind != kind],
        [pair for pair in val if pair.kind != kind],
        [strangers[i] for i in lot[:images]],
        [strangers[i] for i in lot[images:]],
    )


def lay_out(pairs: Iterable[Pair], folder: Path) -> Path:
    """Make a folder of links to labelled images, with an index of their kinds."""
    rows = [{"id": pair.name, "kind": pair.kind} for pair in pairs]
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for pair in pairs:
        for part, path in (("images", pair.image), ("labels", pair.labels)):
            (folder / part / path.name).unlink(missing_ok=True)
            (folder / part / path.name).symlink_to(path.resolve())
    with (folder / "index.csv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, ["id", "kind"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def nuqleus(*arguments: object) -> None:
    """Run a command of nuqleus as a user would."""
    subprocess.run([sys.executable, "-m", "cli.main", *map(str, arguments)], check=True)


def train_once(weights: Path, *arguments: object) -> Path:
    """Train to these weights unless that was done before; goes on with what was cut off."""
    if not weights.is_file():
        name = weights.name.removesuffix(".weights.h5")
        resume = ["--resume"] if weights.parent.is_dir() else []
        nuqleus("train", *arguments, "--output", weights.parent, "--name", name, *resume)
    return weights


def measure(folder: Path, weights: Path) -> tuple[float, float]:
    """Return the Data Science Bowl's figure and the average precision of a network on a folder."""
    figures = weights.with_name(f"{folder.name}.figures.json")
    nuqleus("evaluate", folder, "--weights", weights, "--json", figures)
    everything = json.loads(figures.read_text())["summaries"][0]
    return everything["dsb"], everything["average_precision"][THRESHOLD]


def print_table(kind: str, folders: dict[str, Path], networks: dict[str, Path]) -> None:
    """Measure every network on every folder and print a row for each."""
    table = Table("measured on", "network", "DSB", f"AP {THRESHOLD}", title=f"Kind held out: {kind}")
    for what, folder in folders.items():
        for name, weights in networks.items():
            table.add_row(what, name, *(f"{figure:.3f}" for figure in measure(folder, weights)))
    Console().print(table)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--kind", required=True, help="The kind that is held out.")
@click.option("--images", default=20, show_default=True, help="Images of it to fine-tune on.")
@click.option("--steps", default=600, show_default=True, help="Steps of the training on the other kinds.")
@click.option("--tune-steps", default=300, show_default=True, help="Steps of the fine-tuning.")
@click.option("--seed", default=0, show_default=True, help="Of the choice of images.")
@click.option("--output", required=True, type=click.Path(file_okay=False, path_type=Path))
def main(folder: Path, kind: str, images: int, steps: int, tune_steps: int, seed: int, output: Path) -> None:
    """Train without a kind, fine-tune on a few images of it, and show what that gained."""
    roles = deal_roles(folder, kind, images, seed)
    others = lay_out(roles.train, output / "others" / "train").parent
    val = lay_out(roles.val, others / "val")
    lab, unseen = lay_out(roles.lab, output / "lab"), lay_out(roles.unseen, output / "unseen")
    base = train_once(output / "base" / "base.weights.h5", others, "--steps", steps)
    tuned = train_once(output / "tuned" / "tuned.weights.h5", lab, "--from", base, "--steps", tune_steps)
    folders = {f"{len(roles.unseen)} other images of this kind": unseen, "the other kinds": val}
    print_table(kind, folders, {"trained without": base, f"fine-tuned on {images} images": tuned})


if __name__ == "__main__":
    main()
