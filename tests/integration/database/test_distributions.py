"""Distributions: what is counted in a bin is what is found when the bin is opened."""

import math

import numpy as np
import pytest
from sqlalchemy import select, update

from benchmarks.cell_cycle import draw_population
from nuqleus.database.engine import reading, writing
from nuqleus.database.group_statistics import GroupStatistics
from nuqleus.database.queries import distributions, nuclei_search
from nuqleus.database.queries.distributions import Counting
from nuqleus.database.queries.nuclei_search import find_nuclei
from nuqleus.database.queries.plotted_values import Axis, Limits, NucleusFilter
from nuqleus.database.queries.value_ranges import Span
from nuqleus.database.tables import Image, Intensity, Nucleus
from tests.examples import image_result
from tests.integration.database.measured_images import add_image, rows, with_contents

AREA, MEAN, CIRCULARITY = Axis("area"), Axis("intensity_mean", 1), Axis("circularity")


@pytest.fixture
def measured(archive):
    for number in range(4):
        archive.done(f"day {number % 2}/{number}.png", f"{number}", [image_result(3 + number, channels=2)])
    return archive


def values(archive, table, name, *conditions):
    with reading(archive.engine) as connection:
        return connection.scalars(select(table.__table__.columns[name]).where(*conditions)).all()


def test_a_histogram_counts_every_nucleus_once(measured):
    areas = values(measured, Nucleus, "area")
    found = Counting(measured.engine, [AREA], bins=(10,)).count()
    (part,) = found.ranges
    assert (part.low, part.high) == (min(areas), np.nextafter(max(areas), np.inf))
    expected, _ = np.histogram(areas, bins=10)
    assert [found.counts.get((number,), 0) for number in range(10)] == expected.tolist()
    assert (found.nuclei, found.of, found.is_sample) == (len(areas), len(areas), False)


def test_one_absurd_value_leaves_all_others_their_bins_and_leads_to_its_nucleus(measured):
    with writing(measured.engine) as connection:
        of_one = (Nucleus.image_id == 3, Nucleus.label == 1)
        connection.execute(update(Nucleus).where(*of_one).values(centroid_col=1e12))
    columns = Axis("centroid_col")
    found = Counting(measured.engine, [columns], bins=(5,)).count()
    (part,) = found.ranges
    assert part.high < 1e6
    assert found.counts.pop((5,)) == 1
    assert sum(found.counts.values()) == 3 + 4 + 5 + 6 - 1
    assert find_nuclei(measured.engine, NucleusFilter(), [Limits(columns, *part.limits(5))]) == (
        [(3, 1)],
        None,
    )


@pytest.mark.parametrize("span", [Span(20, 27), Span(low=20), Span(high=27), Span(1e9), Span(high=-1e9)])
def test_a_range_that_is_asked_for_is_kept_and_every_bin_leads_to_what_it_counts(measured, span):
    columns = Axis("centroid_col")
    found = Counting(measured.engine, [columns], bins=(7,), spans=[span]).count()
    (part,) = found.ranges
    assert span.low in (None, part.low)
    assert span.high in (None, part.high) or part.is_one_value
    assert found.nuclei == 3 + 4 + 5 + 6
    for number in range(-1, part.bins + 1):
        nuclei, _ = find_nuclei(measured.engine, NucleusFilter(), [Limits(columns, *part.limits(number))])
        assert len(nuclei) == found.counts.get((number,), 0)


def test_a_scatter_plot_counts_pairs_of_the_same_nucleus(measured):
    found = Counting(measured.engine, [AREA, MEAN], bins=(6, 4)).count()
    means = values(measured, Intensity, "intensity_mean", Intensity.channel == 1)
    expected, _, _ = np.histogram2d(values(measured, Nucleus, "area"), means, bins=(6, 4))
    counted = np.zeros((6, 4))
    for place, count in found.counts.items():
        counted[place] = count
    assert counted.tolist() == expected.tolist()


def test_a_bin_leads_to_the_nuclei_that_were_counted_in_it(measured):
    found = Counting(measured.engine, [AREA], bins=(7,)).count()
    (part,) = found.ranges
    for number in range(7):
        last = number == 6
        limits = Limits(AREA, part.edge(number), None if last else part.edge(number + 1))
        nuclei, go_on = find_nuclei(measured.engine, NucleusFilter(), [limits])
        assert len(nuclei) == found.counts.get((number,), 0)
        assert go_on is None


def found_by_bin(engine, axes, found):
    """Number of nuclei that each bin leads to, by the limits that its link names."""
    numbers = {}
    for bins in found.counts:
        limits = [
            Limits(axis, *part.limits(number))
            for axis, part, number in zip(axes, found.ranges, bins, strict=True)
        ]
        numbers[bins] = len(find_nuclei(engine, NucleusFilter(), limits)[0])
    return numbers


def give_values(archive, given):
    """An image whose nuclei have these values of `circularity`."""
    archive.done("given.png", images=[image_result(len(given))])
    with writing(archive.engine) as connection:
        for label, value in enumerate(given, start=1):
            connection.execute(update(Nucleus).where(Nucleus.label == label).values(circularity=value))


@pytest.mark.parametrize(
    "given",
    [
        [100 + step for step in range(45)],
        [100 + 2 * step for step in range(53)],
        [0.1 * n for n in range(50)],
        [-1.54, *[math.pi / 2] * 49],
    ],
    ids=["44 apart", "104 apart", "tenths", "rounded to the end"],
)
def test_a_value_on_the_edge_of_a_bin_is_found_in_the_bin_that_counted_it(archive, given):
    give_values(archive, given)
    found = Counting(archive.engine, [CIRCULARITY]).count()
    assert found.nuclei == len(given)
    assert found_by_bin(archive.engine, [CIRCULARITY], found) == found.counts


@pytest.mark.parametrize(
    "given", [[7.0, 7.0, None], [1.0, float(np.nextafter(1, 2)), None]], ids=["equal", "an ulp"]
)
def test_values_that_hardly_differ_are_one_bin_that_leads_to_those_that_are_known(archive, given):
    give_values(archive, given)
    found = Counting(archive.engine, [CIRCULARITY]).count()
    assert found.counts == {(0,): 2}
    assert found_by_bin(archive.engine, [CIRCULARITY], found) == found.counts


def test_a_nucleus_in_several_planes_of_a_stack_is_counted_and_found_once(archive):
    archive.done("stack.tif", images=[image_result(2, z=0), image_result(5, z=1), image_result(3, z=2)])
    found = Counting(archive.engine, [AREA]).count()
    assert (found.nuclei, found.of) == (5, 5)
    assert len(find_nuclei(archive.engine, NucleusFilter(), [Limits(AREA)])[0]) == 5


def test_nuclei_are_found_page_by_page_without_losing_or_repeating_one(measured, monkeypatch):
    monkeypatch.setattr(nuclei_search, "PAGE_SIZE", 4)
    monkeypatch.setattr(nuclei_search, "IMAGES_PER_STATEMENT", 2)
    everything, after = [], (0, 0)
    while after:
        some, after = find_nuclei(measured.engine, NucleusFilter(), [Limits(AREA)], after)
        everything += some
    assert len(everything) == len(set(everything)) == len(values(measured, Nucleus, "area"))
    assert everything == sorted(everything)


@pytest.fixture(autouse=True)
def time_enough(monkeypatch):
    monkeypatch.setattr(nuclei_search, "SEARCH_SECONDS", 60.0)


def test_a_search_that_takes_long_is_broken_off_and_goes_on(measured, monkeypatch):
    monkeypatch.setattr(nuclei_search, "IMAGES_PER_STATEMENT", 1)
    monkeypatch.setattr(nuclei_search, "SEARCH_SECONDS", 0.0)
    nothing = Limits(AREA, 1e9)
    after, looks = (0, 0), 0
    while after:
        found, after = find_nuclei(measured.engine, NucleusFilter(), [nothing], after)
        assert found == []
        looks += 1
    assert looks == 5


def test_nuclei_of_a_well_are_found_at_once_however_many_images_come_before(measured, monkeypatch):
    with writing(measured.engine) as connection:
        connection.execute(update(Image).where(Image.id == 4).values(well_id=7))
    monkeypatch.setattr(nuclei_search, "ROWS_PER_STATEMENT", 1)
    monkeypatch.setattr(nuclei_search, "SEARCH_SECONDS", 0.0)
    found, _ = find_nuclei(measured.engine, NucleusFilter(well_id=7), [Limits(AREA)])
    assert found == [(4, label) for label in range(1, 7)]


def test_images_with_very_many_nuclei_are_searched_one_by_one(measured, monkeypatch):
    monkeypatch.setattr(nuclei_search, "NUCLEI_PER_STATEMENT", 1)
    found, after = find_nuclei(measured.engine, NucleusFilter(), [Limits(AREA)])
    assert (len(found), after) == (len(values(measured, Nucleus, "area")), None)


def test_only_nuclei_of_a_path_are_counted(measured):
    found = Counting(measured.engine, [AREA], NucleusFilter(path="day 1/")).count()
    assert found.nuclei == 4 + 6


def test_of_very_many_nuclei_a_sample_of_whole_images_is_counted_and_all_on_request(measured, monkeypatch):
    monkeypatch.setattr(distributions, "EXACT_NUCLEI", 9)
    some = Counting(measured.engine, [AREA]).count()
    assert (some.is_sample, some.of) == (True, 18)
    assert some.nuclei < 18
    every = Counting(measured.engine, [AREA], exact=True).count()
    assert (every.is_sample, every.nuclei) == (False, 18)


def test_it_tells_how_far_it_is(measured):
    told = []
    Counting(measured.engine, [AREA], progress=told.append).count()
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_without_nuclei_there_is_nothing_to_plot(archive):
    assert Counting(archive.engine, [AREA]).count().ranges == ()


def test_values_that_are_all_alike_are_one_bin(archive):
    archive.done("a.png", images=[image_result(1)])
    assert Counting(archive.engine, [AREA]).count().counts == {(0,): 1}


def test_dna_contents_are_those_of_the_view_and_lead_to_their_nuclei(archive):
    add_image(archive, "a.tif", with_contents(draw_population(600).contents))
    archive.done("b.tif", "b", [image_result(3)])
    GroupStatistics(archive.engine).refresh_all()
    dna = Axis("dna_content")

    found = Counting(archive.engine, [dna], bins=(8,)).count()

    contents = [row["dna_content"] for row in rows(archive, "SELECT dna_content FROM dna_content")]
    known = np.array([content for content in contents if content is not None])
    (part,) = found.ranges
    edges = [-np.inf, *(part.edge(number) for number in range(9)), np.inf]
    expected, _ = np.histogram(known, bins=edges)
    assert [found.counts.get((number,), 0) for number in range(-1, 9)] == expected.tolist()
    assert found.nuclei == 600
    high = [Limits(dna, 3.0)]
    nuclei, _ = find_nuclei(archive.engine, NucleusFilter(), high)
    assert len(nuclei) == (known >= 3).sum() > 0
