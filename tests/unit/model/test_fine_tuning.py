"""Fine-tuning: what a network that is trained on a lab's own images keeps of what it was."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from model.hashing import hash_file
from model.network.config import UNetConfig
from model.network.unet import build_unet
from model.training.augment import Augmentation
from model.training.dataset import Example
from model.training.recipe import FINE_TUNE, Recipe
from model.training.session import TrainingPlan, fine_tune, run_session
from model.training.training_data import TrainingData, show_at_known_sizes
from model.weights import ModelCard, write_card
from model.weights.calibration import Calibration
from model.weights.diameters import KnownDiameters
from model.weights.postprocessing import PostprocessingParams
from tests.unit.model.training_examples import draw_example

KNOWN = KnownDiameters(smallest=12.0, largest=50.0, best=42.0)
THRESHOLDS = PostprocessingParams(foreground=0.61, smallest=17)
CALIBRATION = Calibration((0.1,) * 7, -0.3)
TINY = replace(
    FINE_TUNE,
    network=UNetConfig(widths=(8,)),
    augmentation=Augmentation(crop=48, stain=0.0, invert=0.0),
    steps=1,
    batch_size=2,
)


def labelled(count: int) -> TrainingData:
    examples = [draw_example(seed) for seed in range(count)]
    return TrainingData(examples[:-1], examples[-1:], {"name": "lab"})


def draw_large() -> Example:
    small = draw_example(0)
    labels = np.kron(small.labels, np.ones((8, 8), np.int32))
    image = np.kron(small.image[..., 0], np.ones((8, 8), np.float32))[..., None]
    return Example("large", "large", image, labels, np.zeros(labels.shape, np.float32), 128.0)


def write_weights(folder: Path, **use: object) -> Path:
    """Write weights of a network that has learnt nothing, whose card says how it is used."""
    weights = folder / "first.weights.h5"
    build_unet(TINY.network).save_weights(weights)
    config = {"network": TINY.network.to_json(), "postprocessing": asdict(THRESHOLDS), **use}
    write_card(ModelCard("first", hash_file(weights), config, {}, "1"), weights)
    return weights


def tune(weights: Path, data: TrainingData, folder: Path) -> ModelCard:
    start = fine_tune(weights)
    start = replace(start, recipe=Recipe((replace(TINY, network=start.recipe.network),)))
    plan = TrainingPlan(start, folder, "second", data.description, "1", diameters=data.diameters)
    return run_session(plan, data.train, data.val)


def test_images_of_large_nuclei_are_shown_at_the_sizes_that_the_network_knows():
    large = draw_large()
    data = show_at_known_sizes(TrainingData([large], [large], {}), KNOWN)
    assert data.diameters == KNOWN
    assert all(example.zoom < 1 for example in data.train)
    assert sum(example.weight for example in data.train) == pytest.approx(1.0)
    assert data.val == [large]


def test_a_collection_whose_images_are_shown_so_already_stays_as_it_is():
    data = replace(labelled(3), diameters=replace(KNOWN, best=30.0))
    assert show_at_known_sizes(data, KNOWN) is data


def test_a_fine_tuned_network_is_used_as_the_one_it_began_with(tmp_path: Path):
    weights = write_weights(tmp_path, diameters=asdict(KNOWN), calibration=asdict(CALIBRATION))
    card = tune(weights, show_at_known_sizes(labelled(3), KNOWN), tmp_path)
    assert card.diameters == KNOWN
    assert card.postprocessing == THRESHOLDS
    assert card.calibration == CALIBRATION


def test_one_that_began_with_weights_that_know_no_sizes_sees_images_as_they_are(tmp_path: Path):
    card = tune(write_weights(tmp_path), labelled(3), tmp_path)
    assert card.diameters is None
    assert card.postprocessing == THRESHOLDS
