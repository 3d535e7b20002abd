"""Make the crops that fine-tuning rehearses: `python benchmarks/rehearsal_crops.py DIR`.

DIR is the collection that the shipped network is trained on. Crops are cut from images to train on alone, one from an
image, at the zoom at which the network is shown it; of each kind, one in five is held out.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from skimage.segmentation import relabel_sequential

from cli.progress_bars import track
from model.training.collection import Member, find_members, load_members, show_at_zooms
from model.training.dataset import Example
from model.training.rehearsal.crops import CROPS, Crop, write_crops

COUNTS = {
    "fluo-small": 45,
    "fluo-large": 20,
    "grayscale-brightfield": 8,
    "purple-on-purple": 15,
    "purple-on-white": 10,
    "s_bsst265": 36,
    "aitslab1": 20,
    "bbbc050": 15,
    "bbbc039": 7,
    "nuinsseg": 15,
}
"""Crops of each kind: a few megabytes in all."""

SIDE = 208
"""Of a crop in pixels: a little more than what the network is shown of it in training."""

HELD_OUT = 5
"""Of the crops of a kind, one in so many is held out."""

SEED = 3


def choose(members: list[Member]) -> list[Member]:
    """Return the images that crops are cut from: of each kind by lot, the better their labels, the more likely."""
    rng = np.random.default_rng(SEED)
    chosen: list[Member] = []
    for kind, count in COUNTS.items():
        candidates = [member for member in members if member.pair.kind == kind and not member.held_out]
        trust = np.array([member.trust for member in candidates])
        lot = rng.choice(len(candidates), min(count, len(candidates)), replace=False, p=trust / trust.sum())
        chosen += [candidates[i] for i in lot]
    return chosen


def cut(example: Example, number: int) -> Crop:
    """Return a crop around a nucleus, within the image, at the zoom at which that is mostly shown."""
    shown = max(show_at_zooms(example), key=lambda zoomed: zoomed.weight)
    window = _window(shown, np.random.default_rng((SEED, number)))
    image = shown.image[window]
    low, high = round(float(image.min()), 4), round(float(image.max()), 4)
    pixels = np.rint((image - low) * (255 / max(high - low, 1e-6))).clip(0, 255).astype(np.uint8)
    labels, _, _ = relabel_sequential(shown.labels[window])
    held_out = number % HELD_OUT == 0
    return Crop(shown.name, example.kind, held_out, low, high, pixels, labels.astype(np.uint16))


def _window(example: Example, rng: np.random.Generator) -> tuple[slice, slice]:
    """Return rows and columns around a nucleus: `SIDE` of each, or all where there are fewer."""
    places = np.argwhere(example.labels) if example.labels.any() else np.argwhere(example.labels == 0)
    centre = places[rng.integers(len(places))]
    firsts = [
        int(np.clip(place - SIDE // 2, 0, max(0, side - SIDE)))
        for place, side in zip(centre, example.labels.shape, strict=True)
    ]
    return slice(firsts[0], firsts[0] + SIDE), slice(firsts[1], firsts[1] + SIDE)


def cut_all(members: list[Member]) -> Iterator[Crop]:
    """Yield a crop of each image."""
    for number, member in enumerate(track(members, "Cutting crops")):
        yield cut(load_members([member])[0], number)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--output", default=CROPS, type=click.Path(dir_okay=False, path_type=Path))
def main(folder: Path, output: Path) -> None:
    """Cut the crops and write them where the package looks for them."""
    crops = list(cut_all(choose(find_members(folder))))
    write_crops(crops, output)
    click.echo(f"{len(crops)} crops, {output.stat().st_size / 1e6:.1f} MB: {output}")


if __name__ == "__main__":
    main()
