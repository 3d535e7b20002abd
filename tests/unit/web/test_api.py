"""JSON for programs: every example of the documentation works, and all of it is described."""

import re
import shlex
from pathlib import Path

import pytest

from tests.examples import image_result
from web.openapi import DESCRIPTION
from web.pages import api, images, plates

PAGE = (Path(__file__).parents[3] / "docs/page.md").read_text()
# what is at a pixel is read from a mask by another process: see test_images.py
EXAMPLES = [example for example in re.findall(r"^curl .*$", PAGE, re.M) if "/at?" not in example]


@pytest.fixture
def page(visit, archive):
    archive.done("plate1/a.png", images=[image_result(3)])
    archive.failed("b.png", "truncated")
    page = visit()
    site = page.app.state.site
    site.dashboard.latest()
    site.dashboard._is_there.wait(120)
    return page


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_documentation_works(page, example):
    words = shlex.split(example)
    path = words[-1].removeprefix("http://127.0.0.1:8600")
    if "POST" in words:
        answer = page.post(path, data=dict([words[words.index("-d") + 1].split("=")]))
        assert answer.json() == {"retried": 1}
    else:
        answer = page.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"


def test_every_route_is_described_and_nothing_else_is():
    routes = [route for module in (api, images, plates) for route in module.ROUTES]
    paths = {re.sub(r":int", "", route.path) for route in routes if route.path.startswith("/api/")}
    assert paths - {"/api/openapi.json"} == DESCRIPTION["paths"].keys()


def test_lists_go_on_where_they_ended(page):
    files = page.get("/api/files").json()
    assert [file["path"] for file in files["files"]] == ["b.png", "plate1/a.png"]
    assert files["next_before"] is None
    assert [row["label"] for row in page.get("/api/images/1/nuclei?after=1").json()["nuclei"]] == [2, 3]


def test_a_mistake_is_told_as_json(page):
    assert page.get("/api/files?state=none").json()["error"].startswith("The parameter state must be one of")
    assert page.get("/api/images/99").status_code == 404
    assert "error" in page.get("/api/images/99").json()
