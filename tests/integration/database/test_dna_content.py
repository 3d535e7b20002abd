"""The view `dna_content`: G1 is 1, phases follow, and what can't be known has a reason instead of a number."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cell_cycle import ARRESTED, FAST, GROWING, PHASES, RESTING, Population, draw_population
from nuqleus.database.group_statistics import GroupStatistics
from nuqleus.database.queries.nuclei import values_of
from tests.integration.database.conftest import Archive
from tests.integration.database.measured_images import add_image, rows, with_contents

NUCLEI = 900


@pytest.fixture
def statistics(archive: Archive) -> GroupStatistics:
    return GroupStatistics(archive.engine, archive.clock)


def add_population(archive: Archive, population: Population, folder: str = "a/", **quality: float) -> None:
    """Three images that share the cells."""
    for number, contents in enumerate(np.array_split(population.contents, 3)):
        add_image(archive, f"{folder}{number}.tif", with_contents(contents), **quality)


def phase_shares(archive: Archive, folder: str) -> np.ndarray:
    """Estimated shares of PHASES of a folder's nuclei."""
    found = rows(archive, "SELECT phase FROM dna_content WHERE path LIKE :folder", folder=f"{folder}%")
    counts = Counter(row["phase"] for row in found)
    assert counts.keys() <= set(PHASES)
    return np.array([counts[phase] for phase in PHASES]) / len(found)


def unknown(archive: Archive) -> dict[str | None, int]:
    """Reasons why nothing is known, and of how many nuclei."""
    found = rows(archive, "SELECT dna_content, phase, unknown_because FROM dna_content")
    for row in found:
        assert (row["dna_content"] is None) == (row["phase"] is None) == (row["unknown_because"] is not None)
    return Counter(row["unknown_because"] for row in found)


def test_outlines_can_be_coloured_by_it(archive: Archive, statistics: GroupStatistics):
    add_population(archive, draw_population(NUCLEI))
    statistics.refresh_all()
    query = "SELECT label, dna_content FROM dna_content WHERE image_id = 2 ORDER BY label"
    expected = {row["label"]: row["dna_content"] for row in rows(archive, query)}
    assert len(expected) == NUCLEI // 3
    assert None not in expected.values()

    assert values_of(archive.engine, 2, "dna_content", 0) == expected
    some = values_of(archive.engine, 2, "dna_content", 0, every=7)
    assert some == {label: content for label, content in expected.items() if label % 7 == 0}


def test_outlines_of_nuclei_whose_content_is_not_known_have_no_number(archive: Archive):
    add_image(archive, "a.tif")

    assert values_of(archive.engine, 1, "dna_content", 0) == {1: None}


def test_contents_are_those_of_the_cells_by_that_of_g1(archive: Archive, statistics: GroupStatistics):
    population = draw_population(NUCLEI, unit=3e6)
    add_population(archive, population)
    statistics.refresh_all()

    found = rows(archive, "SELECT * FROM dna_content ORDER BY image_id, label")
    assert [row["dna_content"] for row in found] == pytest.approx(population.contents / 3e6, rel=0.05)
    assert {row["channel"] for row in found} == {0}
    assert {str(row["as_of"])[:19] for row in found} == {"2023-11-14 22:13:20"}
    assert unknown(archive) == {None: NUCLEI}


@pytest.mark.parametrize(
    ("shares", "error"),
    [(GROWING, [0.01, 0.09, 0.14, 0.08, 0.01]), (RESTING, [0.01, 0.04, 0.05, 0.04, 0.01])],
)
def test_phases_are_estimated_to_what_the_page_says(
    shares: tuple[float, ...], error: list[float], archive: Archive, statistics: GroupStatistics
):
    populations = {f"{seed}/": draw_population(NUCLEI, shares, cv=0.08, seed=seed) for seed in range(3)}
    for folder, population in populations.items():
        add_population(archive, population, folder)
    statistics.refresh_all()

    for folder, population in populations.items():
        assert np.all(abs(phase_shares(archive, folder) - population.shares) < error)


def test_folders_have_peaks_of_their_own(archive: Archive, statistics: GroupStatistics):
    for folder, unit in (("dim/", 1e3), ("bright/", 1e7)):
        add_population(archive, draw_population(NUCLEI, FAST, unit=unit), folder)
    statistics.refresh_all()

    assert phase_shares(archive, "dim/") == pytest.approx(phase_shares(archive, "bright/"), abs=0.01)


def test_arrested_cells_aren_t_taken_for_g1(archive: Archive, statistics: GroupStatistics):
    add_population(archive, draw_population(NUCLEI, ARRESTED))
    statistics.refresh_all()

    (reason,) = unknown(archive)
    assert reason == (
        "the G1 peak of its folder isn't known: there is no pair of peaks, and one alone may be G1 or G2/M"
    )


def test_arrested_cells_beside_growing_ones_have_twice_as_much(archive: Archive, statistics: GroupStatistics):
    """As a plate has: wells with a drug, and wells without."""
    add_population(archive, draw_population(NUCLEI, GROWING), "a/without ")
    add_population(archive, draw_population(NUCLEI, ARRESTED, seed=1), "a/with ")
    statistics.refresh_all()

    assert phase_shares(archive, "a/with ")[3] > 0.85


def test_few_nuclei_have_no_phase(archive: Archive, statistics: GroupStatistics):
    add_population(archive, draw_population(300))
    statistics.refresh_all()

    assert unknown(archive) == {
        "the G1 peak of its folder isn't known: there are 300 nuclei, and 500 are needed": 300
    }


def test_saturated_images_have_none_and_spoil_no_other(archive: Archive, statistics: GroupStatistics):
    population = draw_population(NUCLEI)
    add_population(archive, population)
    cut_off = np.minimum(draw_population(NUCLEI, seed=1).contents, 0.9e5)
    add_image(archive, "a/saturated.tif", with_contents(cut_off), fraction_at_max=0.142)
    statistics.refresh_all()

    assert unknown(archive) == {None: NUCLEI, "14.2 % of the pixels saturated": NUCLEI}
    (row,) = rows(archive, "SELECT nuclei, position FROM g1_peaks")
    assert (row["nuclei"], row["position"]) == (NUCLEI, pytest.approx(1e5, rel=0.03))


def test_what_isn_t_a_whole_nucleus_on_a_known_background_has_none(
    archive: Archive, statistics: GroupStatistics
):
    population = draw_population(NUCLEI)
    add_population(archive, population)
    image = with_contents(population.contents[:6])
    cut = np.arange(6) == 0
    add_image(archive, "a/cut.tif", replace(image, nuclei={**image.nuclei, "touches_border": cut}))
    nothing = np.array([np.nan, -5.0, 0.0, 1e5, 1e5, 1e5])
    add_image(archive, "a/dark.tif", with_contents(nothing))
    add_image(archive, "a/colour.tif", replace(image, nuclear_channel=None))
    add_image(archive, "a/guess.tif", replace(image, nuclear_channel_by="guess"))
    archive.done("a/old.tif", "old", [replace(image, intensities=with_contents(nothing).intensities)])
    statistics.refresh_all()

    assert unknown(archive) == {
        None: NUCLEI + 5 + 3,
        "the border of the image cuts it": 1,
        "its background can't be measured": 1,
        "it is no brighter than the background": 2,
        "a colour image: none of its channels shows DNA alone": 6,
        "which channel shows the nuclei was guessed": 6,
        "measured by an earlier version: `nuqleus retry PATH` measures it": 6,
    }


def test_before_the_peak_is_made_nothing_is_known(archive: Archive):
    add_population(archive, draw_population(NUCLEI))

    assert unknown(archive) == {"the G1 peak of its folder is not made yet": NUCLEI}
