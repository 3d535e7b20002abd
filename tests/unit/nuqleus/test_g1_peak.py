"""The G1 peak is found where there is one to find, and never a wrong one: what can't be known is said."""

import numpy as np
import pytest

from benchmarks.cell_cycle import ARRESTED, DYING, FAST, GROWING, MOSTLY_ARRESTED, RESTING, draw_population
from nuqleus.g1_peak import MAX_CV, MIN_NUCLEI, find_g1_peak

SEEDS = range(20)


@pytest.mark.parametrize("shares", [GROWING, FAST, RESTING, MOSTLY_ARRESTED, DYING])
@pytest.mark.parametrize("unit", [0.05, 1e5, 3e9])
def test_it_is_found_to_a_few_per_cent_whatever_the_unit(shares: tuple[float, ...], unit: float):
    peaks = [find_g1_peak(draw_population(3000, shares, unit=unit, seed=seed).contents) for seed in SEEDS]

    assert [peak.position for peak in peaks] == pytest.approx([unit] * len(SEEDS), rel=0.05)
    assert [peak.cv for peak in peaks] == pytest.approx([0.07] * len(SEEDS), abs=0.03)
    assert {(peak.nuclei, peak.unknown_because) for peak in peaks} == {(3000, None)}


@pytest.mark.parametrize(
    "shares", [GROWING, FAST, RESTING, MOSTLY_ARRESTED, DYING, (0.02, 0.3, 0.1, 0.38, 0.2)]
)
@pytest.mark.parametrize("cv", [0.05, 0.1, 0.13, 0.16])
@pytest.mark.parametrize("nuclei", [MIN_NUCLEI, 2000])
def test_it_is_right_or_unknown_however_broad_the_peaks(shares: tuple[float, ...], cv: float, nuclei: int):
    peaks = [find_g1_peak(draw_population(nuclei, shares, cv=cv, seed=seed).contents) for seed in SEEDS]

    found = [peak.position for peak in peaks if peak.position is not None]
    assert found == pytest.approx([1e5] * len(found), rel=0.12)


@pytest.mark.parametrize("shares", [ARRESTED, (0.02, 0.98, 0, 0, 0)])
def test_one_peak_alone_may_be_g1_or_g2(shares: tuple[float, ...]):
    for seed in SEEDS:
        peak = find_g1_peak(draw_population(3000, shares, seed=seed).contents)
        assert (peak.position, peak.unknown_because) == (
            None,
            "there is no pair of peaks, and one alone may be G1 or G2/M",
        )


def test_few_nuclei_are_too_few():
    contents = draw_population(MIN_NUCLEI - 1).contents

    peak = find_g1_peak(np.concatenate([contents, [np.nan, -5.0, 0.0]]))

    assert peak.position is None
    assert peak.unknown_because == "there are 499 nuclei, and 500 are needed"


def test_a_broad_peak_is_not_believed():
    peaks = [find_g1_peak(draw_population(20_000, RESTING, cv=0.15, seed=seed).contents) for seed in SEEDS]

    assert [peak.position for peak in peaks] == [None] * len(SEEDS)
    assert all("too broad" in peak.unknown_because for peak in peaks)
    assert MAX_CV < 0.15


@pytest.mark.parametrize("contents", [np.full(1000, 7.0), np.zeros(1000), np.array([])])
def test_odd_contents_have_none(contents: np.ndarray):
    assert find_g1_peak(contents).position is None
