"""Train/validation split of a folder of labelled images, and the digest that tells which images these are."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import DatasetError
from model.hashing import hash_file
from model.training.dataset import Pair, find_pairs

VALIDATION_SHARE = 8
"""Of a folder without a validation set of its own, one image in this many is held out."""


@dataclass(frozen=True)
class Split:
    """Split of the images: which are trained on, and which the result is measured on."""

    train: list[Pair]
    val: list[Pair]


def split_folder(folder: Path) -> Split:
    """Return `folder/train` and `folder/val` where they exist, else a fixed split of `folder` by name.

    Raises:
        DatasetError: there aren't images to train on and others to measure on; see also `find_pairs`.
    """
    if (folder / "train").is_dir():
        return Split(find_pairs(folder / "train"), find_pairs(folder / "val"))
    pairs = find_pairs(folder)
    names = {pair.name for pair in pairs}
    if len(names) < 2:
        raise DatasetError(
            f"{folder} has one labelled image: it takes two at least, of which one is held out to measure on."
        )
    held_out = {name for name in names if _is_held_out(name)}
    if held_out in (set(), names):
        held_out = {pairs[0].name}
    return Split(
        [pair for pair in pairs if pair.name not in held_out],
        [pair for pair in pairs if pair.name in held_out],
    )


def describe_data(folder: Path, split: Split) -> dict[str, Any]:
    """Say which images these are: counts, and a digest over the bytes of all images and label images."""
    return {
        "name": folder.resolve().name,
        "train": len(split.train),
        "val": len(split.val),
        "sha256": digest_of([*split.train, *split.val]),
    }


def digest_of(pairs: list[Pair]) -> str:
    """Return the SHA-256 of the digests of all images and label images, in this order."""
    digest = hashlib.sha256()
    for pair in pairs:
        for path in (pair.image, pair.labels):
            digest.update(hash_file(path).encode())
    return digest.hexdigest()


def _is_held_out(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % VALIDATION_SHARE == 0
