"""What a card says of its weights, whatever version wrote it."""

from dataclasses import asdict

import pytest

from model.network.config import UNetConfig
from model.weights import SHIPPED, ModelCard, read_card
from model.weights.postprocessing import PostprocessingParams

PARAMS = PostprocessingParams(marker=0.2, smallest=7)


@pytest.mark.parametrize("key", ["postprocessing", "rules"])
def test_thresholds_are_read_from_cards_of_this_version_and_of_earlier_ones(key: str):
    card = ModelCard("mine", "0" * 64, {"network": UNetConfig().to_json(), key: asdict(PARAMS)}, {}, "0.1")
    assert card.postprocessing == PARAMS


def test_the_shipped_card_says_all_that_a_network_is_used_by():
    card = read_card(SHIPPED)
    assert card.network.sqrt_channels
    assert card.network.resize_to is None
    assert card.postprocessing == PostprocessingParams(**card.config["postprocessing"])
    assert card.diameters is not None
    assert card.calibration is not None
