"""Rehearsal: what fine-tuning shows again, so that a network doesn't forget it."""

import zipfile
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from model.hashing import hash_file
from model.network.config import UNetConfig
from model.network.unet import build_unet
from model.training import threshold_search
from model.training.augment import Augmentation
from model.training.batches import make_batches
from model.training.dataset import Example
from model.training.recipe import FINE_TUNE, Recipe, Stage
from model.training.rehearsal import crops as rehearsal
from model.training.rehearsal.crops import Crop, read_crops, write_crops
from model.training.rehearsal.mixing import REHEARSED, rehearse
from model.training.session import TrainingPlan, TrainingStart, fine_tune, run_session
from model.training.training_data import TrainingData
from model.weights import ModelCard, write_card
from model.weights.diameters import KnownDiameters
from model.weights.postprocessing import PostprocessingParams
from tests.unit.model.training_examples import draw_example

KNOWN = KnownDiameters(smallest=12.0, largest=50.0, best=42.0)
TINY = replace(
    FINE_TUNE,
    network=UNetConfig(widths=(8,)),
    augmentation=Augmentation(crop=48, stain=0.0, invert=0.0),
    steps=1,
    batch_size=2,
)


def draw_crop(seed: int, *, kind: str = "stripes", held_out: bool = False, value: int = 128) -> Crop:
    labels = np.zeros((64, 64), np.uint16)
    labels[20:40, 20:40] = 1
    image = np.full((64, 64, 1), value, np.uint8)
    return Crop(f"{kind}{seed}", kind, held_out, -0.5, 2.0, image, labels)


def labelled(count: int) -> TrainingData:
    examples = [draw_example(seed) for seed in range(count)]
    return TrainingData(examples[:-1], examples[-1:], {"name": "lab"})


def start_of(stage: Stage = TINY) -> TrainingStart:
    return TrainingStart(Recipe((stage,)), diameters=KNOWN)


def test_crops_are_read_as_they_were_written_and_the_same_crops_make_the_same_file(tmp_path: Path):
    colour = replace(
        draw_crop(1, held_out=True), image=np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
    )
    written = [draw_crop(0), colour]
    for name in ("one.zip", "two.zip"):
        write_crops(written, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    for before, after in zip(written, read_crops(tmp_path / "one.zip"), strict=True):
        assert (after.name, after.kind, after.held_out, after.low) == (
            before.name,
            before.kind,
            before.held_out,
            before.low,
        )
        assert (after.image == before.image).all()
        assert (after.labels == before.labels).all()


def test_a_crop_is_stretched_between_its_lowest_and_its_highest_value():
    example = draw_crop(0, value=51).to_example()
    assert example.image == pytest.approx(0.0, abs=1e-6)  # a fifth of the way from -0.5 to 2
    assert example.image.dtype == np.float32


def test_the_crops_of_the_package_show_every_kind_and_some_of_each_are_held_out():
    crops = read_crops()
    kinds = {crop.kind for crop in crops}
    assert (
        kinds
        == {crop.kind for crop in crops if crop.held_out}
        == {crop.kind for crop in crops if not crop.held_out}
    )
    assert len(crops) > 150
    assert all(crop.labels.any() for crop in crops if not crop.held_out) or len(kinds) > 8
    shown, measured = ({crop.name for crop in crops if crop.held_out is part} for part in (False, True))
    assert not shown & measured


def test_every_kind_of_the_package_is_credited():
    credited = (Path(rehearsal.__file__).parent / "CREDITS.md").read_text()
    with zipfile.ZipFile(rehearsal.CROPS) as archive:
        assert "index.csv" in archive.namelist()
    assert all(crop.kind in credited for crop in read_crops())


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_as_many_crops_are_rehearsed_as_were_asked_for(share: float):
    crops = [draw_crop(seed) for seed in range(3)]
    start, data = rehearse(start_of(), labelled(12), crops, share)
    stage = replace(start.recipe.stages[0], steps=200)
    flat = 0
    for images, _ in make_batches(
        replace(stage, augmentation=replace(stage.augmentation, untouched=1.0)), data.train, 0
    ):
        flat += sum(int(np.ptp(image) == 0) for image in images)
    assert flat / 400 == pytest.approx(share, abs=0.08)


def test_without_a_share_nothing_is_rehearsed_or_measured_beside_the_labs_images():
    _, data = rehearse(start_of(), labelled(6), [draw_crop(0), draw_crop(1, held_out=True)], 0.0)
    assert {example.kind for example in (*data.train, *data.val)} == {"dots"}


def test_held_out_crops_are_measured_on_and_never_learnt_from():
    crops = [draw_crop(0), draw_crop(1, held_out=True)]
    _, data = rehearse(start_of(), labelled(6), crops, 0.5)
    assert [example.name for example in data.val if example.kind == REHEARSED] == ["stripes1"]
    assert "stripes1" not in {example.name for example in data.train}


def test_images_of_large_nuclei_are_shown_at_the_sizes_that_the_network_knows():
    large = draw_large()
    _, data = rehearse(start_of(), TrainingData([large], [large], {"name": "lab"}), [draw_crop(0)], 0.5)
    shown = [example for example in data.train if example.kind == large.kind]
    assert all(example.zoom < 1 for example in shown)
    assert sum(example.weight for example in shown) == pytest.approx(1.0)


def draw_large() -> Example:
    small = draw_example(0)
    labels = np.kron(small.labels, np.ones((8, 8), np.int32))
    image = np.kron(small.image[..., 0], np.ones((8, 8), np.float32))[..., None]
    return Example("large", "large", image, labels, np.zeros(labels.shape, np.float32), 128.0)


def write_weights(folder: Path) -> Path:
    """Write weights of a network that has learnt nothing, whose card says that it knows sizes."""
    weights = folder / "first.weights.h5"
    build_unet(TINY.network).save_weights(weights)
    config = {
        "network": TINY.network.to_json(),
        "postprocessing": asdict(PostprocessingParams()),
        "diameters": asdict(KNOWN),
    }
    write_card(ModelCard("first", hash_file(weights), config, {}, "1"), weights)
    return weights


def test_a_fine_tuned_network_knows_the_sizes_of_the_one_it_began_with_and_says_what_was_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(threshold_search, "GRID", {})
    start = fine_tune(write_weights(tmp_path))
    start = replace(start, recipe=Recipe((replace(TINY, network=start.recipe.network),)))
    start, data = rehearse(start, labelled(3), [draw_crop(0), draw_crop(1, held_out=True)], 0.5)
    plan = TrainingPlan(start, tmp_path, "second", data.description, "1", diameters=data.diameters)
    card = run_session(plan, data.train, data.val)
    assert card.diameters == KNOWN
    assert set(card.metrics) == set(card.training["from"]["metrics"]) == {"all", "dots", REHEARSED}
