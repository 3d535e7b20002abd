"""Plots: from a bin to its nuclei, by links alone."""

import re
import threading
from html import unescape

import pytest

from nuqleus.database.queries.distributions import Counting
from nuqleus.errors import DatabaseUnavailable
from tests.examples import image_result
from web.computations import AT_A_TIME, MOST_WAITING, SHORTEST_SECONDS, TROUBLE_SECONDS, Computations

BEYOND = re.compile(r'<a href="([^"]*)">([^<]*: \d+ nuclei)</a>')
"""A link to what lies beyond a plot's range."""


@pytest.fixture
def page(visit, archive):
    archive.done("a.png", images=[image_result(6, channels=2)])
    return visit()


def part(page, query):
    """The plot, once it is there."""
    page.get(f"/plots/part?{query}")
    for computation in page.app.state.site.plots._computations.values():
        assert computation.ended.wait(120)
    return page.get(f"/plots/part?{query}").text


def links(text):
    """Of the bars or cells."""
    return [unescape(link) for link in re.findall(r'<a href="(/nuclei[^"]*)"><title>', text)]


def test_every_bar_leads_to_its_nuclei(page):
    text = part(page, "x=area")
    counts = [int(count) for count in re.findall(r"<title>[^<]*: (\d+) nuclei</title>", text)]
    assert sum(counts) == 6
    for link, count in zip(links(text), counts, strict=True):
        assert page.get(link).text.count("cutout.jpg") == count


def test_every_cell_of_two_measurements_leads_to_its_nuclei(page):
    text = part(page, "x=area&y=intensity_mean&y_channel=1")
    assert sum(page.get(link).text.count("cutout.jpg") for link in links(text)) == 6


def test_a_bar_of_values_that_are_all_alike_leads_to_all_of_them(page):
    (link,) = links(part(page, "x=euler_number"))
    assert page.get(link).text.count("cutout.jpg") == 6


def test_what_lies_beyond_a_range_has_bars_of_its_own_and_the_counts_add_up(page):
    text = part(page, "x=centroid_col&x_low=50&x_high=100")
    counts = [int(count) for count in re.findall(r"<title>[^<]*: (\d+) nuclei</title>", text)]
    assert sum(counts) == 6
    assert [
        (sign, page.get(unescape(link)).text.count("cutout.jpg")) for link, sign in BEYOND.findall(text)
    ] == [
        ("centroid col below 50: 2 nuclei", 2),
        ("centroid col 100 or more: 3 nuclei", 3),
    ]
    assert '<text x="138.0" y="375" text-anchor="middle">below</text>' in text
    lines = page.get("/plots.csv?x=centroid_col&x_low=50&x_high=100").text.splitlines()
    assert (lines[1], lines[-1]) == (",50.0,2", "100.0,,3")


def test_a_range_is_in_the_url_so_that_others_see_the_same(page):
    (kept,) = re.findall(r'<a href="([^"]*)">Link with these ranges', part(page, "x=centroid_col"))
    low, high = re.search(r"x_low=([\d.]+)&x_high=([\d.]+)", unescape(kept)).groups()
    text = page.get(unescape(kept)).text
    assert f'name="x_low" value="{low}"' in text
    assert f'name="x_high" value="{high}"' in text
    again = part(page, unescape(kept).partition("?")[2])
    assert re.findall("<rect.*</rect>", again) == re.findall("<rect.*</rect>", part(page, "x=centroid_col"))


def test_a_plot_is_said_in_words_and_numbers(page):
    text = part(page, "x=centroid_col&x_low=0&x_high=200")
    assert 'aria-describedby="plot-summary"' in text
    (said,) = re.findall(
        r'<p id="plot-summary">(.*) of the nuclei have centroid col [\d.]+ to [\d.]+\.</p>', text
    )
    assert said in {"50%", "67%"}
    table = text[text.index("<table>") :]
    assert sum(int(count) for count in re.findall(r">(\d+)</a></td>", table)) == 6


def test_the_share_of_nuclei_that_is_said_is_that_of_the_bins_that_are_named(page):
    text = part(page, "x=centroid_col&x_low=-1000&x_high=100000")
    (share, low, high) = re.search(
        r"(\d+)% of the nuclei have centroid col (\S+) to (\S+)\.</p>", text
    ).groups()
    sheet = page.get(
        f"/nuclei?x=centroid_col&x_from={low.replace(',', '')}&x_to={high.replace(',', '')}"
    ).text
    assert int(share) == round(100 * sheet.count("cutout.jpg") / 6) == 100


def test_a_plot_is_counted_in_the_background_and_says_how_far_it_is(page):
    goes_on = threading.Event()
    for number in range(AT_A_TIME):
        page.app.state.site.plots.ask(number, lambda _: goes_on.wait(120))
    first = page.get("/plots/part?x=area")
    assert first.headers["x-unfinished"] == "1"
    assert '<progress value="0.0"' in first.text
    goes_on.set()
    assert "<svg" in part(page, "x=area")


def test_a_plot_has_its_table(page):
    part(page, "x=area")
    lines = page.get("/plots.csv?x=area").text.splitlines()
    assert lines[0] == "area_from,area_to,nuclei"
    assert sum(int(line.split(",")[2]) for line in lines[1:]) == 6


def test_the_page_says_what_to_do_and_keeps_what_was_chosen(page):
    assert "Choose a measurement" in page.get("/plots").text
    text = page.get("/plots?x=area&path=a.png").text
    assert '<option value="area" selected>area</option>' in text
    assert 'data-follow="/plots/part?x=area&amp;path=a.png"' in text


@pytest.mark.parametrize(
    "query",
    [
        "x=label",
        "x=area;--",
        "x=area&x_low=5&x_high=5",
        "x=area&x_high=inf",
        "x=area&x_low=-1e308&x_high=1e308",
        "x=area&x_channel=-1",
        "x=area&confidence=nan",
        "x=area&plate=' OR 1",
    ],
)
def test_what_makes_no_sense_is_refused(page, query):
    for path in ("/plots", "/plots/part", "/plots.csv", "/nuclei"):
        assert page.get(f"{path}?{query}").status_code == 400


def test_a_script_in_a_filter_is_text(page):
    assert "<script>alert" not in page.get("/plots?x=area&path=<script>alert(1)</script>").text


def test_too_many_questions_at_once_are_turned_away():
    computations, goes_on = Computations(), threading.Event()
    assert all(computations.ask(number, lambda _: goes_on.wait(120)) for number in range(MOST_WAITING))
    assert computations.ask("one more", lambda _: None) is None
    goes_on.set()


def test_an_answer_is_kept_and_made_anew_when_it_is_old(clock):
    computations, made = Computations(clock), []

    def make(_):
        clock.advance(10)
        made.append(1)

    for advance, expected in [(0, 1), (199, 1), (2, 2)]:
        clock.advance(advance)
        computation = computations.ask("key", make)
        assert computation.ended.wait(120)
        assert len(made) == expected


def test_a_plot_of_a_moment_ago_is_counted_anew_and_says_as_of_when_it_is(page, archive, clock):
    assert "6 nuclei" in part(page, "x=area")
    archive.done("b.png", images=[image_result(4)])
    clock.advance(SHORTEST_SECONDS + 1)
    text = part(page, "x=area")
    assert "10 nuclei" in text
    assert re.search(r"As of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text)


def test_why_a_plot_can_t_be_counted_is_said_and_it_is_tried_again(page, clock, monkeypatch):
    def fail(*_):
        raise DatabaseUnavailable("the database is away")

    monkeypatch.setattr(Counting, "count", fail)
    assert "the database is away" in part(page, "x=area")
    assert page.get("/plots/part?x=area").headers["x-unfinished"] == "1"
    monkeypatch.undo()
    clock.advance(TROUBLE_SECONDS + 1)
    assert "<svg" in part(page, "x=area")


def test_who_finds_too_many_others_waiting_asks_again(page):
    goes_on = threading.Event()
    for number in range(MOST_WAITING):
        page.app.state.site.plots.ask(number, lambda _: goes_on.wait(120))
    assert page.get("/plots/part?x=area").headers["x-unfinished"] == "1"
    goes_on.set()


def test_dna_content_can_be_plotted(page):
    assert '<option value="dna_content">dna content</option>' in page.get("/plots").text
    assert "/nuclei" not in part(page, "x=dna_content")
    assert page.get("/plots?x=phase").status_code == 400
