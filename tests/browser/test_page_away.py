"""The page while nobody answers: it says what is old, and goes on by itself."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE
from tests.browser.test_page import pixel

expect.set_options(timeout=PATIENCE)


def test_the_overview_says_that_its_numbers_are_old_until_somebody_answers(visit):
    page = visit("/")
    page.route("**/overview", lambda route: route.abort())
    expect(page.get_by_role("status")).to_contain_text(
        "These numbers are old: the page doesn’t answer any more."
    )
    expect(page.get_by_text(re.compile("^As of"))).to_be_visible()
    page.unroute("**/overview")
    expect(page.get_by_role("status")).to_have_count(0)


def test_the_overview_says_that_it_stands_still_while_something_in_it_is_chosen(visit):
    page = visit("/")
    page.locator("a.state-done").focus()
    expect(page.get_by_role("status")).to_contain_text(
        "Not brought up to date while something in it is chosen."
    )
    page.get_by_role("link", name="Files", exact=True).focus()
    expect(page.get_by_role("status")).to_have_count(0)


def test_a_plot_that_nobody_answers_for_is_asked_for_again(visit):
    page = visit()
    page.route("**/plots/part*", lambda route: route.abort())
    page.goto("/plots?x=area")
    expect(page.get_by_text("The plot can’t be made now.")).to_be_visible()
    page.unroute("**/plots/part*")
    expect(page.locator("svg.plot")).to_be_visible()


def test_the_viewer_says_that_nobody_answers_what_is_under_the_pointer(visit):
    page = visit("/images/1")
    point = pixel(page, 24, 12)
    page.route("**/at?*", lambda route: route.abort())
    page.mouse.move(point["x"] + 3, point["y"])
    expect(page.locator("#viewer-note")).to_have_text("The page doesn’t answer.")
    page.unroute("**/at?*")
    page.mouse.move(point["x"], point["y"])
    expect(page.locator("#numbers")).to_contain_text("Nucleus 1")
    expect(page.locator("#viewer-note")).to_have_text("")
