"""Labelled images of several laboratories: what is held out, at which zooms the others are shown, how often."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.errors import DatasetError
from model.segmentation.nuclear_size import area_weighted_diameter
from model.training.batches import choose_examples, make_batches
from model.training.collection import (
    EMPTY,
    STAINED,
    find_members,
    is_collection,
    load_collection,
    load_members,
    show_at_zooms,
)
from model.training.dataset import Example
from model.training.recipe import Stage
from model.training.targets import distance_map
from tests.unit.model.training_examples import draw_example

COLUMNS = ("id", "group", "kind", "area_in_cut_blobs", "area_not_convex", "unlabelled_bright")


def write_set(folder: Path, rows: Mapping[str, Mapping[str, str]], channels: int = 1) -> None:
    """Write a set of labelled images, and its index."""
    for seed, (name, row) in enumerate(rows.items()):
        example = draw_example(seed)
        place = folder / row.get("split", "")
        for part in ("images", "labels"):
            (place / part).mkdir(parents=True, exist_ok=True)
        pixels = (example.image[..., 0].clip(0, 1) * 255).astype(np.uint8)
        pixels = np.repeat(pixels[..., None], 3, axis=2) if channels == 3 else pixels
        Image.fromarray(pixels).save(place / "images" / f"{name}.png")
        Image.fromarray(example.labels.astype(np.uint16)).save(place / "labels" / f"{name}.png")
    with (folder / "index.csv").open("w", newline="") as lines:
        table = csv.DictWriter(lines, COLUMNS, extrasaction="ignore")
        table.writeheader()
        table.writerows({"id": name, **row} for name, row in rows.items())


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    write_set(tmp_path / "aitslab1", {"a": {"group": "170702090001"}, "b": {"group": "170801050001"}})
    write_set(
        tmp_path / "dsb2018",
        {"c": {"kind": "fluo-small", "split": "train"}, "d": {"kind": "fluo-small", "split": "val"}},
    )
    write_set(tmp_path / "nuinsseg", {"e": {"group": "human_brain", "area_in_cut_blobs": "0.4"}}, channels=3)
    return tmp_path


def test_a_folder_of_sets_is_a_collection_and_a_set_is_none(collection: Path):
    assert is_collection(collection)
    assert not is_collection(collection / "aitslab1")
    assert not is_collection(collection / "dsb2018")


def test_groups_and_splits_say_what_is_held_out(collection: Path):
    held_out = {member.pair.name: member.held_out for member in find_members(collection)}
    assert held_out == {"a": False, "b": True, "c": False, "d": True, "e": False}


def test_kinds_are_those_of_an_index_with_splits_or_the_names_of_sets(collection: Path):
    kinds = {member.pair.name: member.pair.kind for member in find_members(collection)}
    assert kinds == {"a": "aitslab1", "b": "aitslab1", "c": "fluo-small", "d": "fluo-small", "e": "nuinsseg"}


def test_images_whose_labels_are_guessed_are_trusted_less(collection: Path):
    trust = {member.pair.name: member.trust for member in find_members(collection)}
    assert trust["a"] == 1
    assert trust["e"] == pytest.approx(0.6)


def test_an_image_that_the_index_lacks_is_an_error(collection: Path):
    (collection / "aitslab1" / "index.csv").write_text("id,group\na,1\n")
    with pytest.raises(DatasetError, match="no row for the image b"):
        find_members(collection)


def test_an_index_without_names_is_an_error(collection: Path):
    (collection / "aitslab1" / "index.csv").write_text("name,group\na,1\n")
    with pytest.raises(DatasetError, match="no column id"):
        find_members(collection)


def test_what_is_measured_on_is_read_as_it_is(collection: Path):
    (example,) = load_members([m for m in find_members(collection) if m.pair.name == "b"])
    assert example.labels.shape == (96, 96)
    assert example.zoom == 1


def test_beside_the_images_there_are_fields_without_nuclei_and_synthetic_stains(collection: Path):
    examples = load_collection([m for m in find_members(collection) if not m.held_out])
    kinds = {example.kind for example in examples}
    assert kinds == {"aitslab1", "fluo-small", "nuinsseg", STAINED, EMPTY}
    assert not any(example.labels.any() for example in examples if example.kind == EMPTY)


def disc(diameter: float, side: int) -> Example:
    """One nucleus."""
    rows, columns = np.mgrid[:side, :side] - side / 2
    labels = (np.hypot(rows, columns) < diameter / 2).astype(np.int32)
    image = labels[..., None].astype(np.float32)
    return replace(draw_example(0), image=image, labels=labels, distance=distance_map(labels))


def test_nuclei_that_a_network_knows_are_mostly_shown_as_they_are():
    shown = {example.zoom: example.weight for example in show_at_zooms(disc(40, 100))}
    assert shown[Fraction(1)] > 0.7
    assert sum(shown.values()) == pytest.approx(1)


@pytest.mark.parametrize("diameter", [90, 150, 220])
def test_larger_ones_are_mostly_shown_at_the_size_that_it_knows_best(diameter: float):
    shown = show_at_zooms(disc(diameter, 2 * diameter))
    assert Fraction(1) not in [example.zoom for example in shown]
    best = max(shown, key=lambda example: example.weight)
    assert 25 < area_weighted_diameter(best.labels) < 50
    assert best.image.shape[:2] == best.labels.shape == best.distance.shape


def test_small_nuclei_are_not_shrunk():
    assert [example.zoom for example in show_at_zooms(disc(15, 60))] == [1]


def test_kinds_are_drawn_by_their_shares_and_their_images_by_their_weights():
    plain = [replace(draw_example(i, kind="common"), weight=w) for i, w in enumerate((1.0, 0.0))]
    coloured = draw_example(5, kind="rare", channels=3)
    coloured = replace(coloured, image=coloured.image * np.array([0.2, 0.6, 1.0], np.float32))
    stage = Stage(steps=40, batch_size=2, shares=(("common", 0.25), ("rare", 0.75), ("absent", 1.0)))
    stage = replace(stage, augmentation=replace(stage.augmentation, crop=16, untouched=1.0))
    images = [image for batch, _ in make_batches(stage, [*plain, coloured], 0) for image in batch]
    assert 48 <= sum(bool(np.ptp(image, axis=2).max() > 0.1) for image in images) <= 72  # 60 of 80


def test_a_recipe_learns_from_the_kinds_that_it_names_at_their_own_size():
    own, other = draw_example(0, kind="own"), draw_example(1, kind="other")
    shrunk = replace(own, zoom=Fraction(1, 2))
    assert choose_examples(Stage(kinds=("own",)), [own, other, shrunk]) == [own]
    assert choose_examples(Stage(), [own, other]) == [own, other]


def test_a_laboratory_whose_kinds_no_recipe_names_is_learnt_from_all_the_same():
    mine = draw_example(0, kind="mine")
    assert choose_examples(Stage(kinds=("own",)), [mine]) == [mine]
    assert choose_examples(Stage(shares=(("own", 1.0),)), [mine]) == [mine]
