"""Labelled images of several laboratories → examples to train on, and others held out to choose on.

DIR/<set>/images, DIR/<set>/labels and DIR/<set>/index.csv, with a column `group` (or `split`, or subfolders train and
val) that says what lies together: images of a group are never both trained on and measured on.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from model.errors import DatasetError
from model.preprocessing.normalisation import normalise
from model.preprocessing.resampling import resample, resample_labels
from model.segmentation.nuclear_size import area_weighted_diameter
from model.training.dataset import Example, Pair, find_images, median_diameter, read_image, read_labels
from model.training.empty_fields import draw_empty_field, draw_empty_slide, saturated_field
from model.training.synthetic_ihc import stain_immunohistochemically
from model.training.targets import distance_map
from model.weights.diameters import KnownDiameters

HELD_OUT: Mapping[str, tuple[str, ...]] = {
    "aitslab1": ("170801050001",),
    "bbbc039": ("row-D", "row-O"),
    "bbbc050": ("train-Emb05", "test-Emb2"),
    "nuinsseg": ("human_pancreas", "human_rectum", "mouse_liver"),
    "s_bsst265": ("GNB-II-40x-Metafer", "GNB-I-7", "NC-II-40x", "NB-II-63x", "TS-Neuroblastoma"),
}
"""Groups of each set that are measured on: whole plates, embryos, organs, classes of samples."""

KNOWN = KnownDiameters(smallest=14.0, largest=50.0, best=36.0)
"""Diameters, in pixels: between these nuclei are mostly shown as they are, to about the best larger ones are shrunk."""

SCATTER = 0.35
"""Standard deviation of the logarithm of that diameter: sizes are estimated, not known."""

SHRUNK = tuple(Fraction(*zoom) for zoom in ((2, 3), (1, 2), (1, 3), (1, 4), (1, 6)))
"""Zooms at which images are shown beside their own size."""

ALSO_SHRUNK = 0.3
"""How often images of nuclei that are known so are shown shrunk, for each time as they are."""

EMPTY, STAINED = "empty", "synthetic-ihc"
"""Kinds of images that are in no folder."""

HAEMATOXYLIN = ("nuinsseg", "purple-on-white", "purple-on-purple")
"""Kinds whose images `stain_immunohistochemically` takes."""

FIELDS, FIELD_SIDE = 72, 384
"""How many empty fields are drawn, and how large, in pixels."""

BLURRED_EACH = 16
"""Of fluorescent images, one in so many is also shown so far out of focus that nothing in it can be outlined."""

SEED = 17


@dataclass(frozen=True)
class Member:
    """A labelled image of a set: where it lies, and what the index says of it.

    Attributes:
        pair: its files; its kind is the set's name, or the index' where one set holds several.
        source: name of the set.
        group: what it must not be parted from.
        trust: how good its labels are, 0..1.
        held_out: whether it is measured on.
    """

    pair: Pair
    source: str
    group: str
    trust: float
    held_out: bool


def is_collection(folder: Path) -> bool:
    """Whether a folder holds sets of labelled images rather than such images."""
    return not any((folder / name).is_dir() for name in ("images", "train")) and any(_sets(folder))


def find_members(folder: Path) -> list[Member]:
    """Return the labelled images of all sets of a collection, in the order of their names.

    Raises:
        DatasetError: an index can't be read, or lacks an image; see also `find_images`.
    """
    return [member for part in _sets(folder) for member in _find_members(part)]


def load_members(
    members: list[Member], progress: Callable[[list[Member]], Iterable[Member]] = iter
) -> list[Example]:
    """Read images as they are, not shrunk, to measure on."""
    return [_load(member, member.pair.kind) for member in progress(members)]


def load_collection(
    members: list[Member], progress: Callable[[list[Member]], Iterable[Member]] = iter
) -> list[Example]:
    """Return everything to train on: each image at several zooms, synthetic stains, and fields without nuclei."""
    sizes = Counter((member.source, member.group) for member in members)
    examples: list[Example] = []
    for number, member in enumerate(progress(members)):
        rng = np.random.default_rng((SEED, number))
        crowd = sizes[member.source, member.group]  # large groups are drawn more often, but not by as much
        example = replace(_load(member, member.pair.kind), weight=member.trust * crowd**-0.5)
        examples += show_at_zooms(example)
        if member.pair.kind in HAEMATOXYLIN:
            examples += show_at_zooms(_stain(member, example, rng))
        elif example.image.shape[2] == 1 and number % BLURRED_EACH == 0:
            examples.append(_blur(example, rng))
    return examples + list(draw_negatives())


def show_at_zooms(example: Example) -> list[Example]:
    """Return an image at all zooms at which a network that estimates sizes might see it, each as often as is likely."""
    shares = _zoom_shares(area_weighted_diameter(example.labels))
    total = sum(shares.values())
    return [_zoomed(example, zoom, share / total) for zoom, share in shares.items()]


def draw_negatives() -> Iterator[Example]:
    """Draw fields without nuclei."""
    for number in range(FIELDS):
        rng = np.random.default_rng((SEED, FIELDS, number))
        if number % 12 == 0:
            field: NDArray[np.generic] = saturated_field(FIELD_SIDE, rng)
        elif number % 6 == 1:
            field = draw_empty_slide(FIELD_SIDE, rng)
        else:
            field = draw_empty_field(FIELD_SIDE, rng)
        yield _empty(f"drawn {number}", normalise(field))


def _zoom_shares(diameter: float) -> dict[Fraction, float]:
    own = Fraction(1)
    seen = {zoom: diameter * float(zoom) for zoom in SHRUNK}
    if diameter <= KNOWN.largest:
        smaller = [zoom for zoom, size in seen.items() if size >= KNOWN.smallest][:2]
        return {own: 1.0, **{zoom: ALSO_SHRUNK / len(smaller) for zoom in smaller}}
    shares = {
        zoom: float(np.exp(-((np.log(size / KNOWN.best) / SCATTER) ** 2) / 2)) for zoom, size in seen.items()
    }
    if diameter <= 1.3 * KNOWN.largest:
        shares[own] = 0.4
    best = max(shares.values())
    return {zoom: share for zoom, share in shares.items() if share > 0.05 * best}


def _zoomed(example: Example, zoom: Fraction, share: float) -> Example:
    if zoom == 1:
        return replace(example, weight=example.weight * share)
    labels = resample_labels(example.labels, zoom)
    return replace(
        example,
        name=f"{example.name} at {zoom}",
        image=resample(example.image, zoom),
        labels=labels,
        distance=distance_map(labels),
        diameter=median_diameter(labels),
        weight=example.weight * share,
        zoom=zoom,
    )


def _stain(member: Member, example: Example, rng: np.random.Generator) -> Example:
    stained = stain_immunohistochemically(np.asarray(read_image(member.pair.image)), example.labels, rng)
    return replace(example, name=f"{example.name} brown", kind=STAINED, image=normalise(stained))


def _blur(example: Example, rng: np.random.Generator) -> Example:
    sigma = max(16.0, 0.8 * example.diameter)
    blurred = ndimage.gaussian_filter(example.image, (sigma, sigma, 0))
    noise = rng.normal(0, rng.uniform(0.005, 0.3) * float(blurred.std()), blurred.shape)
    return _empty(f"{example.name} out of focus", normalise(blurred + noise))


def _empty(name: str, image: NDArray[np.float32]) -> Example:
    nothing = np.zeros(image.shape[:2], np.int32)
    return Example(name, EMPTY, image, nothing, nothing.astype(np.float32), 0.0)


def _load(member: Member, kind: str) -> Example:
    labels = read_labels(member.pair.labels)
    image = normalise(read_image(member.pair.image))
    return Example(member.pair.name, kind, image, labels, distance_map(labels), median_diameter(labels))


def _sets(folder: Path) -> Iterator[Path]:
    for part in sorted(path for path in folder.iterdir() if path.is_dir()):
        if (part / "index.csv").is_file() and any((part / name).is_dir() for name in ("images", "train")):
            yield part


def _find_members(part: Path) -> Iterator[Member]:
    rows = _read_index(part / "index.csv")
    for split in [name for name in ("train", "val") if (part / name).is_dir()] or [""]:
        for pair in find_images(part / split):
            row = rows.get(pair.name)
            if row is None:
                raise DatasetError(f"{part / 'index.csv'} has no row for the image {pair.name}.")
            yield _member(pair, row, part.name, split)


def _member(pair: Pair, row: Mapping[str, str], source: str, split: str) -> Member:
    several = bool(split)  # sets with subfolders hold several kinds, which their index names
    kind = row["kind"] if several else source
    group = row.get("group") or kind
    held_out = split == "val" or group in HELD_OUT.get(source, ())
    return Member(replace(pair, kind=kind), source, group, _trust(row), held_out)


def _trust(row: Mapping[str, str]) -> float:
    """What the columns about an image's labels say of them: pieces cut by a program, two nuclei in one, none at all."""
    guessed = float(row.get("area_in_cut_blobs") or 0)
    merged = float(row.get("area_not_convex") or 0)
    missing = float(row.get("unlabelled_bright") or 0)
    return max(0.1, (1 - guessed) * (1 - 4 * merged) * (1 - 2 * missing))


def _read_index(index: Path) -> dict[str, dict[str, str]]:
    with index.open(newline="", encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    if not rows or "id" not in rows[0]:
        raise DatasetError(f"{index} has no column id: its first line must name the columns.")
    return {row["id"]: row for row in rows}
