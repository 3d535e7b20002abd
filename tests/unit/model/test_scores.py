"""Figures over many images, and the rules that are fitted to them."""

import numpy as np
import pytest

from model.evaluation.matching import compare
from model.evaluation.scores import ImageScore, image_rows, summarise
from model.network.config import UNetConfig
from model.training import threshold_search
from model.weights.postprocessing import InstanceRules
from tests.unit.model.training_examples import draw_example


def score(name: str, kind: str, *, found: bool) -> ImageScore:
    truth = np.ones((8, 8), np.int32)
    return ImageScore(name, kind, compare(truth, truth if found else np.zeros_like(truth)))


def test_the_first_row_is_all_images_and_then_each_kind_has_one():
    rows = summarise([score("a", "fluo", found=True), score("b", "purple", found=False)])
    assert [(row.kind, row.images, row.dsb) for row in rows] == [
        ("all", 2, 0.5),
        ("fluo", 1, 1),
        ("purple", 1, 0),
    ]
    assert rows[0].average_precision["0.50"] == 0.5


def test_images_of_one_kind_need_one_row():
    assert [row.kind for row in summarise([score("a", "fluo", found=True)])] == ["all"]


def test_images_are_listed_from_the_worst():
    rows = image_rows([score("good", "x", found=True), score("bad", "x", found=False)])
    assert [row["name"] for row in rows] == ["bad", "good"]


def test_fitting_finds_rules_better_than_the_defaults(monkeypatch: pytest.MonkeyPatch):
    examples = [draw_example(seed) for seed in range(3)]
    maps = {id(e.image): [(e.labels > 0) * 0.45, e.labels * 0.0, e.distance] for e in examples}
    monkeypatch.setattr(
        threshold_search,
        "predict_maps",
        lambda _network, _config, image: np.stack(maps[id(image)], axis=-1).astype(np.float32),
    )
    trials: dict[InstanceRules, float] = {}
    rules, best = threshold_search.fit_rules(None, UNetConfig(), examples, on_trial=trials.__setitem__)
    assert best > trials[threshold_search.DEFAULTS]
    assert rules.foreground < 0.45
