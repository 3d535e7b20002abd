"""Channels of a plate follow their numbers, or the light that excites them."""

import pytest

from nuqleus.channel_order import channel_order


@pytest.mark.parametrize(
    "keys",
    [
        ["w1", "w2", "w10"],
        ["C01", "C03"],
        ["ch1", "ch4"],
        ["UV - DAPI", "Blue - FITC", "Green - dsRed", "Red - Cy5", "TL-Brightfield - DAPI"],
        ["DAPI", "GFP", "Cy3", "Cy5", "Phase"],
        ["Blue", "Green", "Red", "Phase"],
        ["Hoechst", "Alexa 488", "Alexa 555", "Alexa 647"],
        ["DAPI", "mCherry", "BF"],
        ["405", "488", "561", "640"],
        ["d0", "d1"],
        ["390 - Blue", "473 - Green", "561 - Orange", "640 - FarRed"],
        ["405_Blue", "488_Green", "561_Orange", "640_FarRed"],
        ["Ex 385 nm", "Ex 475 nm", "Ex 550 nm", "Ex 630 nm"],
        ["Green", "Red", "NIR", "Phase"],
        ["w2mouse", "w10rat"],
    ],
)
def test_order(keys: list[str]):
    mixed = keys[::-1]
    assert sorted(mixed, key=channel_order) == keys
