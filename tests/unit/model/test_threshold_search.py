"""Thresholds are fitted to the images of a validation set."""

import numpy as np
import pytest

from model.network.config import UNetConfig
from model.training import threshold_search
from model.training.threshold_search import DEFAULTS, search_thresholds
from model.weights.postprocessing import PostprocessingParams
from tests.unit.model.training_examples import draw_example


def test_the_search_finds_thresholds_better_than_the_defaults(monkeypatch: pytest.MonkeyPatch):
    examples = [draw_example(seed) for seed in range(3)]
    maps = {id(e.image): [(e.labels > 0) * 0.45, e.labels * 0.0, e.distance] for e in examples}
    monkeypatch.setattr(
        threshold_search,
        "predict_maps",
        lambda _network, _config, image: np.stack(maps[id(image)], axis=-1).astype(np.float32),
    )
    trials: dict[PostprocessingParams, float] = {}
    params, best = search_thresholds(None, UNetConfig(), examples, on_trial=trials.__setitem__)
    assert best > trials[DEFAULTS]
    assert params.foreground < 0.45
