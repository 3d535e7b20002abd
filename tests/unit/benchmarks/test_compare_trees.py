"""Two trees in alternation: who begins, what is compared, what counts as slower."""

from pathlib import Path

import pytest

from benchmarks.compare_trees import Comparison, alternate, compare

OLD, NEW = Path("old"), Path("new")


def test_who_begins_changes_each_round():
    calls = []
    alternate(lambda tree: calls.append(tree) or {}, OLD, NEW, rounds=3)
    assert calls == [OLD, NEW, NEW, OLD, OLD, NEW]


def test_figures_belong_to_their_tree_whoever_began():
    old, new = alternate(lambda tree: {"read": 1.0 if tree is OLD else 2.0}, OLD, NEW, rounds=4)
    assert [one["read"] for one in old] == [1.0] * 4
    assert [one["read"] for one in new] == [2.0] * 4


def test_what_only_one_tree_measures_is_left_out():
    compared = compare([{"read": 1.0, "gone": 1.0}], [{"read": 2.0, "more": 1.0}], higher_is_better=False)
    assert list(compared) == ["read"]
    assert compared["read"].ratios == [2.0]


@pytest.mark.parametrize(
    ("new", "slower"),
    [
        pytest.param([1.0, 1.0, 1.0], False, id="as fast"),
        pytest.param([1.08, 1.08, 1.08], False, id="within the spread"),
        pytest.param([1.2, 1.2, 1.0], True, id="beyond both"),
        pytest.param([0.5, 0.5, 0.5], False, id="faster"),
    ],
)
def test_seconds_are_slower_beyond_the_spread(new: list[float], slower: bool):
    assert Comparison([1.0, 0.9, 1.1], new, higher_is_better=False).is_slower is slower


def test_three_per_cent_are_no_difference_however_small_the_spread():
    assert not Comparison([1.0, 1.0, 1.0], [1.03, 1.03, 1.03], higher_is_better=False).is_slower
    assert Comparison([1.0, 1.0, 1.0], [1.04, 1.04, 1.04], higher_is_better=False).is_slower


def test_a_lower_rate_is_slower():
    assert Comparison([10.0, 9.0, 11.0], [8.0, 8.0, 8.0], higher_is_better=True).is_slower
    assert not Comparison([10.0, 9.0, 11.0], [12.0, 12.0, 12.0], higher_is_better=True).is_slower
