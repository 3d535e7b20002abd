"""Random crops: image and truth move together, colours change, everything comes from the seed."""

from dataclasses import replace

import numpy as np
import pytest

from model.training.augment import Augmentation, random_crop, recolour, resize_whole
from model.training.dataset import Example
from model.training.targets import distance_map
from tests.unit.model.training_examples import draw_example

HOW = Augmentation(crop=64, untouched=0.0)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_crop_has_the_asked_size_and_three_channels(channels: int):
    image, labels, distance, _ = random_crop(
        draw_example(1, channels=channels), HOW, np.random.default_rng(0)
    )
    assert image.shape == (64, 64, 3)
    assert labels.shape == distance.shape == (64, 64)
    assert image.dtype == distance.dtype == np.float32


def test_the_same_seed_gives_the_same_crop():
    crops = [random_crop(draw_example(1), HOW, np.random.default_rng(5))[0] for _ in range(2)]
    assert (crops[0] == crops[1]).all()


@pytest.mark.parametrize("seed", range(8))
def test_nuclei_stay_under_their_labels(seed: int):
    how = replace(HOW, stain=0.0, invert=0.0)
    image, labels, distance, _ = random_crop(draw_example(seed), how, np.random.default_rng(seed))
    assert image[labels > 0].mean() > image[labels == 0].mean() + 0.2
    assert distance[labels > 0].mean() > distance[labels == 0].mean() + 0.2


def test_an_untouched_crop_has_the_pixels_as_they_were_taken_in_another_order():
    example, how = draw_example(1, channels=3, side=64), replace(HOW, untouched=1.0)
    crops = [random_crop(example, how, np.random.default_rng(seed)) for seed in range(24)]
    turned = {crop.image.tobytes() for crop in crops}
    assert len(turned) == 8  # four turns, each of them mirrored or not
    for image, labels, distance, _ in crops:
        assert (np.sort(image, axis=None) == np.sort(example.image, axis=None)).all()
        assert image[labels > 0].sum() == pytest.approx(example.image[example.labels > 0].sum(), rel=1e-5)
        assert distance[labels > 0].sum() == pytest.approx(example.distance.sum(), rel=1e-5)


def test_crops_around_contacts_show_nuclei_that_touch_each_other():
    """Of two pairs far from everything else, one touches; its image is much larger than a crop."""
    labels = np.zeros((400, 400), np.int32)
    labels[40:50, 40:50], labels[40:50, 50:60] = 1, 2
    labels[340:350, 320:330], labels[340:350, 345:355] = 3, 4
    example = Example(
        "pairs", "dots", labels[..., None].astype(np.float32), labels, distance_map(labels), 11.0
    )
    how = replace(HOW, on_contact=1.0, untouched=1.0)
    for seed in range(8):
        seen = random_crop(example, how, np.random.default_rng(seed)).labels
        assert set(np.unique(seen)) == {0, 1, 2}


def test_an_image_without_contacts_has_crops_too():
    nothing = np.zeros((96, 96), np.int32)
    example = Example("empty", "dots", np.zeros((96, 96, 1), np.float32), nothing, distance_map(nothing), 0.0)
    image, *_ = random_crop(example, replace(HOW, on_contact=1.0), np.random.default_rng(0))
    assert image.shape == (64, 64, 3)


def test_an_untouched_crop_of_a_smaller_image_is_filled_with_its_mirror_image():
    image, labels, *_ = random_crop(
        draw_example(1), replace(HOW, crop=128, untouched=1.0), np.random.default_rng(0)
    )
    assert image.shape == (128, 128, 3)
    assert image[labels > 0].mean() > image[labels == 0].mean() + 0.2


def test_a_stained_fluorescence_image_is_dark_on_bright_and_coloured():
    how = replace(HOW, stain=1.0, invert=0.0)
    example = draw_example(2)
    image = recolour(example.image, how, np.random.default_rng(1))
    assert image.shape[2] == 3
    assert image[example.labels > 0].mean() < image[example.labels == 0].mean()


def test_a_stained_image_can_lose_its_colour():
    how = replace(HOW, stain=1.0, invert=0.0)
    assert recolour(draw_example(2, channels=3).image, how, np.random.default_rng(1)).shape[2] == 1


def test_magnification_keeps_nuclei_within_the_sizes_asked_for():
    how = replace(HOW, scale=(0.2, 5.0), diameters=(14.0, 18.0), elastic=0.0)
    for seed in range(6):
        _, labels, *_ = random_crop(draw_example(3), how, np.random.default_rng(seed))
        largest = np.bincount(labels.ravel())[1:].max()
        assert 2 * np.sqrt(largest / np.pi) < 20


def test_a_whole_example_is_resized_and_nothing_else():
    example = draw_example(4)
    image, labels, *_ = resize_whole(example, 48)
    assert image.shape == (48, 48, 3)
    assert set(np.unique(labels)) <= set(np.unique(example.labels))
