"""Ranges of values: a few odd ones don't squash the others, and nothing else is left out."""

import math
from itertools import pairwise

import numpy as np
import pytest

from nuqleus.database.queries.value_ranges import BinnedRange, Span, choose_range

NORMAL = np.random.default_rng(1).normal(100, 10, 20_000).tolist()
ANYWHERE = Span()


@pytest.mark.parametrize(
    "values",
    [
        NORMAL,
        [*map(float, range(10))],
        [1.0, 2.0],
        np.random.default_rng(2).lognormal(5, 0.3, 9_000).tolist(),
    ],
)
def test_a_range_without_outliers_holds_every_value(values):
    part = choose_range(values, ANYWHERE, 60)
    assert (part.low, part.high, part.bins) == (min(values), math.nextafter(max(values), math.inf), 60)


@pytest.mark.parametrize("odd", [[1e9], [-1e9], [1e9, -1e9], [1e6, 1e7, 1e8, 1e9, -1e300]])
@pytest.mark.parametrize("number", [120, 20_000])
def test_odd_values_are_left_out(odd, number):
    usual = NORMAL[:number]
    part = choose_range([*usual, *odd], ANYWHERE, 60)
    assert (part.low, part.high) == (min(usual), math.nextafter(max(usual), math.inf))


def test_one_of_ten_values_is_left_out_if_it_lies_far_away_and_two_aren_t():
    assert choose_range([*range(9), 1e6], ANYWHERE, 60).high < 10
    assert choose_range([*range(8), 1e6, 1e6], ANYWHERE, 60).high > 1e6


def test_at_most_one_value_in_a_thousand_is_left_out_of_many():
    many = [*NORMAL, *[1e9] * 50]
    assert choose_range(many, ANYWHERE, 60).high > 1e9


def test_who_names_an_end_gets_it():
    assert choose_range(NORMAL, Span(0.0, 50.0), 60) == BinnedRange(0.0, 50.0, 60)
    part = choose_range(NORMAL, Span(low=-5.0), 60)
    assert (part.low, part.high) == (-5.0, math.nextafter(max(NORMAL), math.inf))


@pytest.mark.parametrize(
    ("values", "span"), [([7.0, 7.0, 7.0], ANYWHERE), ([7.0], Span(low=1e9)), ([0.0], ANYWHERE)]
)
def test_a_single_value_has_one_bin(values, span):
    part = choose_range(values, span, 60)
    assert part.is_one_value
    assert part.bins == 1


def test_without_values_there_is_no_range():
    assert choose_range([], Span(0.0, 1.0), 60) is None


def test_bins_lie_side_by_side_from_end_to_end_and_beyond():
    part = BinnedRange(0.1, 0.7, 7)
    assert part.limits(-1) == (None, 0.1)
    assert part.limits(7) == (0.7, None)
    limits = [part.limits(number) for number in range(-1, 8)]
    assert all(before[1] == after[0] for before, after in pairwise(limits))
