"""What a biologist does on the page, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from nuqleus.database.queries import searching
from nuqleus.database.queries.nuclei import get_nucleus
from tests.browser.conftest import NUCLEI, PATIENCE, eventually
from tests.fake_segmenter import draw_squares

AXE = Path(__file__).with_name("axe.min.js")

PAGES = [
    "/",
    "/files",
    "/files?state=failed",
    "/images",
    "/images/1",
    "/images/1/nuclei/2",
    "/plots?x=area",
    "/plates",
    "/plates/1",
    "/nuclei?x=area",
    "/nowhere",
]

expect.set_options(timeout=PATIENCE)


def pixel(page: Page, row: int, col: int) -> dict[str, float]:
    """Where a pixel of the image is on the screen, once the image is there."""
    eventually(lambda: page.evaluate("typeof layer === 'object' && layer.getFullyLoaded()"))
    return page.evaluate(
        "([row, col]) => { const p = layer.imageToViewerElementCoordinates(new OpenSeadragon.Point(col, row));"
        " const box = document.getElementById('viewer').getBoundingClientRect();"
        " return { x: p.x + box.left, y: p.y + box.top }; }",
        [row + 0.5, col + 0.5],
    )


def test_a_file_that_is_dropped_appears_and_its_nuclei_say_their_numbers(lab, visit):
    file_id = lab.drop("dropped.png", draw_squares(3, side=24))
    page = visit("/files")
    expect(page.get_by_role("row", name="dropped.png")).to_contain_text("queued")
    lab.work(file_id)
    page.get_by_role("link", name="Images", exact=True).click()
    page.get_by_role("link", name="dropped.png").click()
    point = pixel(page, 24, 12)
    page.mouse.move(point["x"] + 3, point["y"])
    page.mouse.move(point["x"], point["y"])
    image_id = int(page.locator("#viewer").get_attribute("data-image"))
    nucleus = get_nucleus(lab.site.engine, image_id, 1)
    expect(page.locator("#numbers")).to_contain_text("Nucleus 1")
    row = page.locator("#numbers tr").filter(has=page.get_by_role("rowheader", name="area", exact=True))
    expect(row.get_by_role("cell")).to_have_text(str(round(nucleus.shape["area"])))
    page.mouse.click(point["x"], point["y"])
    page.wait_for_url(f"**/images/{image_id}/nuclei/1*")
    expect(page.locator("tr[aria-selected=true]")).to_contain_text("1")


def test_a_search_that_found_nothing_yet_goes_on_by_itself(lab, visit, monkeypatch):
    for number in range(3):
        lab.fail(lab.drop(f"later {number}.png", draw_squares(2, side=20 + number)))
    monkeypatch.setattr(searching, "ROWS_PER_STATEMENT", 1)
    monkeypatch.setattr(searching, "SEARCH_SECONDS", 0.0)
    page = visit("/files?path=squares.png")
    expect(page.get_by_role("link", name="squares.png")).to_be_visible()
    assert "before=" in page.url


def test_a_failure_says_why_and_is_tried_again(lab, visit):
    file_id = lab.drop("broken.png", draw_squares(2, side=24))
    lab.fail(file_id)
    page = visit("/files?state=failed")
    row = page.get_by_role("row", name="broken.png")
    expect(row).to_contain_text("The file ends early. Copy it again.")
    page.get_by_role("button", name="Try again: broken.png").click()
    expect(page.get_by_role("status")).to_contain_text("One file will be processed again")
    lab.queue_retried(file_id)
    lab.work(file_id)
    page.goto(f"/files/{file_id}")
    expect(page.get_by_text("done")).to_be_visible()


def test_a_heat_map_leads_to_a_well_its_fields_and_their_nuclei(visit):
    page = visit("/plates")
    page.get_by_role("link", name="A plate").click()
    page.get_by_role("link", name=f"B02: nuclei {NUCLEI}").click()
    page.get_by_role("link", name="squares.png").click()
    page.get_by_role("link", name="2", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("nucleus 2")


def test_a_dot_of_a_scatter_plot_leads_to_cut_outs_and_to_the_nucleus(visit):
    page = visit("/plots")
    page.get_by_label("Measurement").select_option("centroid_col")
    page.get_by_label("against").select_option("area")
    page.get_by_role("button", name="Plot").click()
    page.locator("svg a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nuclei")
    first = page.locator("ul.cutouts a").first
    assert (
        first.locator("img").evaluate("async image => { await image.decode(); return image.naturalWidth; }")
        > 50
    )
    first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("nucleus")


def test_channels_and_outlines_are_in_the_url_so_that_a_view_can_be_shared(visit):
    page = visit("/images/1")
    pixel(page, 1, 1)
    page.get_by_role("group", name="Outlines").get_by_label("shown").uncheck()
    page.get_by_label("bright").fill("0.5")
    page.wait_for_url(lambda url: "outlines=off" in url and "0.5" in url)
    shared = visit(page.url)
    assert shared.get_by_label("bright").input_value() == "0.5"
    assert not shared.get_by_role("group", name="Outlines").get_by_label("shown").is_checked()


def test_everything_can_be_reached_with_the_keyboard_alone(visit):
    page = visit("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Images", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/images")
    page.get_by_role("link", name="squares.png").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/images/1")
    page.get_by_role("link", name="3", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("nucleus 3")


def test_who_likes_it_dark_gets_it_dark(visit):
    lightness = (
        "() => getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)[0]"
    )
    assert visit("/", color_scheme="light").evaluate(lightness) > 200
    assert visit("/", color_scheme="dark").evaluate(lightness) < 50


def test_a_phone_needs_no_scrolling_sideways(visit):
    page = visit("/", viewport={"width": 390, "height": 844})
    for path in PAGES:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_why_a_file_failed_is_read_on_a_phone_however_long_its_path(lab, visit):
    lab.fail(lab.drop("fault.png", draw_squares(1, side=7)), f"/data/{'long_' * 20}.png ends early.")
    page = visit("/files?state=failed", viewport={"width": 390, "height": 844})
    assert page.locator("table.files").evaluate("table => table.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(lab, visit, scheme):
    lab.fail(lab.drop(f"fault {scheme}.png", draw_squares(1, side=8 + len(scheme))))
    page = visit("/", color_scheme=scheme, bypass_csp=True)
    serious = []
    for path in PAGES:
        page.goto(path)
        if "/plots" in path:
            page.locator("svg").wait_for()
        page.add_script_tag(path=AXE)
        faults = page.evaluate("axe.run().then(found => found.violations)")
        serious += [
            (path, fault["id"], fault["nodes"][0]["html"][:200])
            for fault in faults
            if fault["impact"] in ("serious", "critical")
        ]
    assert serious == []
