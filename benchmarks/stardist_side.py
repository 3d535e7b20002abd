"""StarDist, trained and used as its authors' example notebooks do it.

StarDist (Schmidt et al. 2018, https://github.com/stardist/stardist) is imported inside the functions: whoever has none
can still read, test and import this.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
from numpy.typing import NDArray

from model.arrays import FloatImage, Labels

INSTALL = """\
StarDist is missing: {python} has none.
It runs beside nuqleus, on the same TensorFlow. In a virtual environment of its own, from the root of this repository:

    python -m venv stardist-venv
    stardist-venv/bin/pip install --editable . "stardist>=0.9.2,<0.10"
    stardist-venv/bin/python benchmarks/versus_stardist.py …"""

PERCENTILES = (1, 99.8)
"""That become 0 and 1, for each channel by itself."""

PATCH = 256
"""Side of what StarDist is trained on at a time, in pixels."""

EPOCH = 100
"""Steps between two looks at the validation images."""

ENDLESS = 1_000_000
"""Epochs: more than any time allows."""

RECORD = "training.json"

Scalar = TypeVar("Scalar", bound=np.generic)
OnStep = Callable[[float, int], None]


@dataclass(frozen=True)
class Training:
    """How a StarDist came about; lies beside it as JSON.

    Attributes:
        seconds: of training, the looks at the validation images included.
        steps: batches of 4 crops of 256 × 256 pixels.
        threshold_seconds: that the choice of the two thresholds took, afterwards.
        thresholds: the least probability of a nucleus (`prob`), and the overlap above which one of two goes (`nms`).
        images: trained on.
        seed: of everything random.
        versions: of what it was made with.
    """

    seconds: float
    steps: int
    threshold_seconds: float
    thresholds: dict[str, float]
    images: int
    seed: int
    versions: dict[str, str]


@dataclass(frozen=True)
class Lesson:
    """What to train on, and how long.

    Attributes:
        train: images as `prepare` makes them, with their label images.
        val: likewise, to choose the best epoch and the thresholds on.
        seconds: to train for.
        seed: of everything random.
    """

    train: Sequence[tuple[FloatImage, Labels]]
    val: Sequence[tuple[FloatImage, Labels]]
    seconds: float
    seed: int


def require_stardist() -> None:
    """Make sure that StarDist can be used.

    Raises:
        click.ClickException: it is missing; says how to install it.
    """
    if find_spec("stardist") is None:
        raise click.ClickException(INSTALL.format(python=sys.executable))


def versions() -> dict[str, str]:
    """Return the versions of what both sides run on; what isn't installed is left out."""
    found = {"python": sys.version.split()[0]}
    for package in ("nuqleus", "stardist", "csbdeep", "tensorflow", "tensorflow-cpu", "keras", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def prepare(pixels: NDArray[np.generic]) -> FloatImage:
    """(H, W, 1 or 3) → (H, W, 3) as StarDist's notebooks want it; gray becomes three equal channels."""
    from csbdeep.utils import normalize

    image = normalize(pixels, *PERCENTILES, axis=(0, 1))
    return image if image.shape[2] == 3 else np.repeat(image, 3, axis=2)


def pad(image: NDArray[Scalar]) -> NDArray[Scalar]:
    """Add black, or background, below and to the right until a patch fits: (H, W) or (H, W, C)."""
    missing = [(0, max(0, PATCH - side)) for side in image.shape[:2]]
    return np.pad(image, missing + [(0, 0)] * (image.ndim - 2))


def augment(image: FloatImage, labels: Labels) -> tuple[FloatImage, Labels]:
    """Change a crop as the notebook `2D/2_training` does: eight orientations, intensities, a little noise."""
    turns, flip = np.random.randint(4), np.random.rand() < 0.5
    image, labels = np.rot90(image, turns), np.rot90(labels, turns)
    if flip:
        image, labels = image[::-1], labels[::-1]
    image = image * np.random.uniform(0.6, 2) + np.random.uniform(-0.2, 0.2)
    noise = 0.02 * np.random.uniform() * np.random.normal(0, 1, image.shape)
    return (image + noise).astype(np.float32), labels


def train(lesson: Lesson, folder: Path, on_step: OnStep) -> Training:
    """Train a StarDist for some seconds, choose its thresholds, and store all of it in a folder.

    `on_step` is told the seconds and steps so far. What Keras and StarDist print goes to `training.log`.
    """
    import keras

    keras.utils.set_random_seed(lesson.seed)
    model = _build(folder)
    with (folder / "training.log").open("w") as log, redirect_stdout(log):
        seconds, steps = _fit(model, lesson, on_step)
        start = time.perf_counter()
        thresholds = model.optimize_thresholds(*_columns(lesson.val))
        tuning = time.perf_counter() - start
    training = Training(seconds, steps, tuning, thresholds, len(lesson.train), lesson.seed, versions())
    (folder / RECORD).write_text(json.dumps(asdict(training), indent=2) + "\n")
    return training


def load(folder: Path) -> tuple[Callable[[NDArray[np.generic]], Labels], Training]:
    """Return what finds nuclei in an image (pixels as decoded → (H, W) label image), and how it was trained.

    Raises:
        click.ClickException: the folder holds no StarDist that `train` finished.
    """
    from stardist.models import StarDist2D

    if not (folder / RECORD).is_file():
        raise click.ClickException(f"{folder} has no {RECORD}: make a StarDist by the command `train`")

    with redirect_stdout(sys.stderr):
        model = StarDist2D(None, folder.name, str(folder.parent))

    def segment(pixels: NDArray[np.generic]) -> Labels:
        return model.predict_instances(prepare(pixels))[0]

    return segment, Training(**json.loads((folder / RECORD).read_text()))


def _build(folder: Path) -> Any:
    from stardist.models import Config2D, StarDist2D

    config = Config2D(
        n_rays=32,
        grid=(2, 2),
        n_channel_in=3,
        train_patch_size=(PATCH, PATCH),
        train_batch_size=4,
        train_steps_per_epoch=EPOCH,
        train_tensorboard=False,
    )
    with redirect_stdout(sys.stderr):
        return StarDist2D(config, folder.name, str(folder.parent))


def _fit(model: Any, lesson: Lesson, on_step: OnStep) -> tuple[float, int]:
    """Train until the time is over; the epoch with the lowest loss on the validation images stays."""
    watch = _watch(lesson.seconds, on_step)
    model.prepare_for_training()
    model.callbacks.append(watch)
    model.train(
        *_columns(lesson.train), validation_data=_columns(lesson.val), augmenter=augment, epochs=ENDLESS
    )
    return watch.elapsed, watch.steps


def _watch(seconds: float, on_step: OnStep) -> Any:
    """Return a Keras callback with `steps` and `elapsed` seconds."""
    import keras

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        """Ends a training when its time is over."""

        def __init__(self) -> None:
            super().__init__()
            self.steps = 0
            self.start = self.elapsed = 0.0

        def on_train_begin(self, logs: object = None) -> None:  # noqa: ARG002 - Keras names it
            self.start = time.perf_counter()

        def on_train_batch_end(self, batch: int, logs: object = None) -> None:  # noqa: ARG002
            self.steps += 1
            self.elapsed = time.perf_counter() - self.start
            on_step(self.elapsed, self.steps)
            self.model.stop_training = self.elapsed >= seconds

        def on_train_end(self, logs: object = None) -> None:  # noqa: ARG002
            self.elapsed = time.perf_counter() - self.start

    return Watch()


def _columns(pairs: Sequence[tuple[FloatImage, Labels]]) -> tuple[list[FloatImage], list[Labels]]:
    images, labels = zip(*pairs, strict=True)
    return list(images), list(labels)
