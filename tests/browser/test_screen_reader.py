"""What a screen reader is given: the accessibility tree of Chromium, page by page."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import insert

from nuqleus.database.engine import writing
from nuqleus.database.tables import Well
from tests.browser.conftest import NUCLEI, PATIENCE, eventually
from tests.fake_segmenter import draw_squares

PAGES = [
    "/",
    "/files?state=failed",
    "/images",
    "/images/1",
    "/images/1/nuclei/2",
    "/plots?x=centroid_col",
    "/plots?x=centroid_col&y=area",
    "/plates",
    "/plates/1",
    "/nuclei?x=area",
]

CONTROLS = {"button", "checkbox", "ColorWell", "combobox", "link", "slider", "spinbutton", "textbox"}

expect.set_options(timeout=PATIENCE)


@dataclass
class Heard:
    """A node of the accessibility tree.

    Attributes:
        group: names of the groups that it lies in.
    """

    role: str
    name: str
    description: str
    level: int | None
    group: tuple[str, ...]
    children: list["Heard"]

    def all(self, *roles: str) -> list["Heard"]:
        """This and what lies in it, in order, of some roles."""
        own = [self] if self.role in roles else []
        return own + [found for child in self.children for found in child.all(*roles)]


def hear(page: Page) -> Heard:
    """The tree of a page, without what is ignored."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}

    def read(node: dict, group: tuple[str, ...]) -> Heard:
        role, name = (node.get(key, {}).get("value", "") for key in ("role", "name"))
        inner = (*group, name) if role == "group" and name else group
        levels = [one["value"]["value"] for one in node.get("properties", []) if one["name"] == "level"]
        children = [read(by_id[child], inner) for child in node.get("childIds", []) if child in by_id]
        description = node.get("description", {}).get("value", "")
        return Heard(role, name, description, next(iter(levels), None), group, children)

    return read(nodes[0], ())


@pytest.fixture(scope="module", autouse=True)
def furnished(lab):
    """A failure to try again, and wells beside the first one."""
    lab.fail(lab.drop("faulty.png", draw_squares(1, side=9)))
    with writing(lab.site.engine) as connection:
        wells = [("B03", 1, 2), ("C02", 2, 1), ("D05", 3, 4)]
        rows = [{"plate_id": 1, "name": name, "row": row, "col": col} for name, row, col in wells]
        connection.execute(insert(Well), rows)


@pytest.fixture(params=PAGES)
def heard(request, visit) -> Heard:
    page = visit(request.param)
    if "/plots" in request.param:
        page.locator("svg").wait_for()
        page.get_by_text("The numbers of the plot").click()
    return hear(page)


def test_headings_are_in_order(heard):
    levels = [heading.level for heading in heard.all("heading")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_control_has_a_name_that_no_other_in_its_group_has(heard):
    controls = heard.all(*CONTROLS)
    assert len(controls) > 6
    assert [control for control in controls if not control.name.strip()] == []
    fields = [control for control in controls if control.role not in ("link", "button")]
    names = Counter((field.group, field.name) for field in fields)
    assert [name for name, number in names.items() if number > 1] == []


def test_tables_have_a_caption_and_headers_of_columns_and_rows(heard):
    for table in heard.all("table"):
        assert table.name
        body = [row for row in table.all("row") if not row.all("columnheader")]
        assert body
        assert all(len(row.all("rowheader")) >= 1 for row in body)


def test_landmarks_are_there_once(heard):
    assert [len(heard.all(role)) for role in ("banner", "main", "contentinfo")] == [1, 1, 1]


def test_what_refreshes_is_said_once_and_only_if_it_is_news(visit):
    page = visit("/")
    page.evaluate(
        "() => { const said = document.getElementById('said');"
        " window.told = said.textContent ? [said.textContent] : [];"
        " new MutationObserver(() => told.push(said.textContent)).observe(said, { childList: true }); }"
    )
    for _ in range(3):
        page.evaluate("refresh(document.querySelector('[data-refresh]'))")
        page.wait_for_load_state("networkidle")
    said = page.evaluate("told")
    assert len(said) == 1
    assert said[0].startswith("Nobody watches the folder")
    assert page.locator("[data-refresh] :is([role=alert], [role=status], [aria-live])").count() == 0


def test_a_plot_is_described_and_its_numbers_are_in_a_table(visit):
    page = visit("/plots?x=centroid_col")
    expect(page.locator("#said")).to_contain_text(f"{NUCLEI} nuclei")
    page.get_by_text("The numbers of the plot").click()
    heard = hear(page)
    (plot,) = [group for group in heard.all("group") if group.name == "Plot of centroid col"]
    assert "of the nuclei have centroid col" in plot.description
    (table,) = heard.all("table")
    assert table.name == "Nuclei in each bar"
    assert sum(int(cell.name) for cell in table.all("cell")) == NUCLEI


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.querySelector('title')?.textContent")


def test_a_heat_map_is_one_stop_of_the_tab_key_and_arrows_lead_from_well_to_well(visit):
    page = visit("/plates/1")
    page.get_by_role("region", name="Wells").focus()
    page.keyboard.press("Tab")
    read = [focused(page)]
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
        read.append(focused(page))
    assert [text[:3] for text in read] == ["B02", "B03", "C02", "D05", "B03", "B02", "B02"]
    assert read[0] == f"B02: nuclei {NUCLEI}"
    assert read[1] == "B03: nuclei not known"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Images")


def test_bars_of_a_plot_are_reached_by_arrows(visit):
    page = visit("/plots?x=centroid_col")
    page.locator("svg a").first.focus()
    first = focused(page)
    page.keyboard.press("ArrowRight")
    eventually(lambda: focused(page) != first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nuclei")
