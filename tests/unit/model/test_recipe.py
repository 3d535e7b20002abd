"""Recipes: what the shipped weights were trained by, and what changes when steps, rates or seeds are given."""

from dataclasses import replace

import pytest

from model.network.config import UNetConfig
from model.training.augment import Augmentation
from model.training.recipe import NUQLEUS, Recipe, Stage, adapt
from model.weights import SHIPPED, read_card

TWO_STAGES = Recipe(
    (Stage(steps=60, learning_rate=0.2, seed=7), Stage(steps=40, learning_rate=0.1, seed=9)),
)


def test_the_recipe_is_the_one_that_the_card_of_the_shipped_weights_tells_of():
    told = read_card(SHIPPED).training["recipe"]["stages"]
    assert Recipe(tuple(stage_from_json(stage) for stage in told)) == NUQLEUS


def stage_from_json(values: dict) -> Stage:
    network, augmentation = UNetConfig.from_json(values["network"]), values["augmentation"]
    ranges = {name: tuple(augmentation[name]) for name in ("scale", "diameters")}
    lists = {"kinds": tuple(values["kinds"]), "shares": tuple(map(tuple, values["shares"]))}
    augmentation = Augmentation(**{**augmentation, **ranges})
    return Stage(**{**values, **lists, "network": network, "augmentation": augmentation})


def test_fewer_steps_are_shared_out_among_the_stages():
    assert [stage.steps for stage in adapt(TWO_STAGES, steps=10).stages] == [6, 4]


def test_a_stage_that_would_have_no_step_has_those_that_are_left_and_is_the_last():
    assert adapt(TWO_STAGES, steps=1) == Recipe((replace(TWO_STAGES.stages[0], steps=1),))
    assert [stage.steps for stage in adapt(NUQLEUS, steps=20).stages] == [2, 1, 17]


def test_other_rates_and_seeds_keep_the_stages_different():
    changed = adapt(TWO_STAGES, learning_rate=0.4, seed=1, batch_size=3)
    assert [stage.learning_rate for stage in changed.stages] == pytest.approx([0.4, 0.2])
    assert [stage.seed for stage in changed.stages] == [1, 3]
    assert [stage.batch_size for stage in changed.stages] == [3, 3]


def test_a_recipe_that_nothing_is_said_about_stays_as_it_is():
    assert adapt(TWO_STAGES) == TWO_STAGES
    assert adapt(NUQLEUS) == NUQLEUS
