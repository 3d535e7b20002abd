"""Images that no microscope took: fields without nuclei, other stains, artefacts."""

import numpy as np
import pytest

from model.training.artefacts import ANY, FLUORESCENT, STAINED, Artefact, add_artefacts
from model.training.empty_fields import draw_empty_field, draw_empty_slide, saturated_field
from model.training.synthetic_ihc import stain_immunohistochemically
from tests.unit.model.training_examples import draw_example


@pytest.mark.parametrize("seed", range(6))
def test_an_empty_field_is_what_a_camera_of_twelve_bits_takes(seed: int):
    field = draw_empty_field(64, np.random.default_rng(seed))
    assert field.shape == (64, 64)
    assert field.dtype == np.uint16
    assert field.max() <= 4095


def test_a_saturated_field_is_at_its_limit_nearly_everywhere():
    field = saturated_field(64, np.random.default_rng(0))
    assert (field == 4095).mean() > 0.9


def test_an_empty_slide_is_bright_and_coloured():
    slide = draw_empty_slide(64, np.random.default_rng(0))
    assert slide.shape == (64, 64, 3)
    assert slide.mean() > 60


def test_the_same_seed_draws_the_same_field():
    fields = [draw_empty_field(32, np.random.default_rng(3)) for _ in range(2)]
    assert (fields[0] == fields[1]).all()


def tissue() -> tuple[np.ndarray, np.ndarray]:
    """Purple nuclei on pink, and their labels."""
    example = draw_example(1)
    inside = (example.labels > 0)[..., None]
    return np.where(inside, [90, 60, 140], [230, 170, 200]).astype(np.uint8), example.labels


def test_some_nuclei_turn_brown_and_eosin_fades():
    image, labels = tissue()
    stained = [stain_immunohistochemically(image, labels, np.random.default_rng(seed)) for seed in range(12)]
    redder = [float((s[labels > 0][:, 0] > s[labels > 0][:, 2].astype(int) + 10).mean()) for s in stained]
    assert max(redder) > 0.3
    assert min(redder) < max(redder)
    assert all(s.shape == image.shape and s.dtype == np.uint8 for s in stained)


def test_tissue_without_nuclei_can_be_stained():
    image, labels = tissue()
    assert stain_immunohistochemically(image, labels * 0, np.random.default_rng(0)).shape == image.shape


@pytest.mark.parametrize(
    ("artefact", "channels"),
    [(a, 1) for a, _ in (*FLUORESCENT, *ANY)] + [(a, 3) for a, _ in (*STAINED, *ANY)],
)
def test_an_artefact_changes_an_image_and_not_its_size(artefact: Artefact, channels: int):
    image = draw_example(1, channels=channels).image
    changed = artefact(image, np.random.default_rng(0))
    assert changed.shape == image.shape
    assert np.isfinite(changed).all()
    assert (changed != image).any()


def test_artefacts_come_from_the_seed():
    image = draw_example(1).image
    twice = [add_artefacts(image, np.random.default_rng(2)) for _ in range(2)]
    assert (twice[0] == twice[1]).all()
    assert twice[0].dtype == np.float32
