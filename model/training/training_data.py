"""What a training is made from: a folder of labelled images, or a collection of such folders."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from model.training.collection import (
    find_members,
    is_collection,
    load_collection,
    load_members,
    show_at_zooms,
)
from model.training.dataset import Example, load_examples
from model.training.split import describe_data, digest_of, split_folder
from model.weights.diameters import KnownDiameters

SHOWN = KnownDiameters(smallest=12.0, largest=50.0, best=42.0)
"""What cards of networks that are trained on a collection say that they know: better, on held-out images, than exactly
the diameters at which `model.training.collection` mostly shows nuclei."""

Progress = Callable[[list[Any], str], Iterable[Any]]
"""Wraps a loop to show how far it is, with what it does."""


@dataclass(frozen=True)
class TrainingData:
    """Images to train on and to measure on.

    Attributes:
        train: to train on.
        val: to measure on.
        description: what they are, for the card.
        diameters: sizes at which nuclei are shown, if images are zoomed to these.
    """

    train: list[Example]
    val: list[Example]
    description: dict[str, Any]
    diameters: KnownDiameters | None = None


def read_training_data(
    folder: Path, track: Progress, on_held_out: Callable[[list[str]], None] = lambda _names: None
) -> TrainingData:
    """Read a folder of labelled images, as `split_folder` splits it, or a collection of such folders.

    Args:
        folder: of images/ and labels/, of train/ and val/ with these, or of several such folders.
        track: shows how far it is.
        on_held_out: told the names of files that are held out, where that isn't for the folder to say.

    Raises:
        DatasetError: see `split_folder`, `load_examples` and `find_members`.
    """
    if is_collection(folder):
        return _read_collection(folder, track)
    split = split_folder(folder)
    if not (folder / "train").is_dir():
        on_held_out([pair.image.name for pair in split.val])
    return TrainingData(
        train=load_examples(split.train, lambda pairs: track(pairs, "Reading images to train on")),
        val=load_examples(split.val, lambda pairs: track(pairs, "Reading images to measure on")),
        description=describe_data(folder, split),
    )


def show_at_known_sizes(data: TrainingData, known: KnownDiameters) -> TrainingData:
    """Return data whose images are shown as a network sees them that knows these sizes; a collection's are already."""
    if data.diameters:
        return data
    return replace(data, train=list(chain.from_iterable(map(show_at_zooms, data.train))), diameters=known)


def _read_collection(folder: Path, track: Progress) -> TrainingData:
    members = find_members(folder)
    train = [member for member in members if not member.held_out]
    val = [member for member in members if member.held_out]
    sources = {member.source for member in members}
    counts = {
        source: {
            "train": sum(member.source == source for member in train),
            "val": sum(member.source == source for member in val),
        }
        for source in sorted(sources)
    }
    return TrainingData(
        train=load_collection(train, lambda chosen: track(chosen, "Reading images to train on")),
        val=load_members(val, lambda chosen: track(chosen, "Reading images to measure on")),
        description={
            "name": folder.resolve().name,
            "train": len(train),
            "val": len(val),
            "sets": counts,
            "sha256": digest_of([member.pair for member in (*train, *val)]),
        },
        diameters=SHOWN,
    )
