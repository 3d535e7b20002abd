"""The benchmark of the cell cycle: populations have the phases that they are said to have, and its table says so."""

import numpy as np
import pytest

from benchmarks.cell_cycle import ARRESTED, GROWING, PHASES, draw_population, estimate_shares, row_of


def test_a_population_has_its_phases_and_their_contents():
    population = draw_population(20_000, GROWING, cv=0.05, unit=10)

    assert population.shares == pytest.approx(GROWING, abs=0.01)
    means = [population.contents[population.phases == phase].mean() for phase in range(len(PHASES))]
    assert means == pytest.approx([5, 10, 15, 20, 43], rel=0.05)


def test_shares_are_estimated_by_the_limits_of_the_view():
    contents = np.array([0.5, 0.75, 1.2, 1.25, 1.6, 1.75, 2.4, 2.5, 9])

    assert estimate_shares(10 * contents, 10) == pytest.approx(np.array([1, 2, 2, 2, 2]) / 9)


def test_a_row_says_how_often_the_peak_is_known():
    assert row_of("growing", 0.05, 1000, 4)[:3] == ["growing", "5%", "100%"]
    assert row_of("all arrested in G2/M", 0.05, 1000, 4)[2:] == ["0%", *[""] * 6]
    assert ARRESTED[1] == 0
