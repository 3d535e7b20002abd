"""Files: the list, the filter, and trying again."""

import re

import pytest

from nuqleus.database.queries import file_pages, searching
from nuqleus.database.queries.file_pages import FileFilter, list_files
from nuqleus.database.queries.file_summaries import summarise
from tests.examples import image_result


@pytest.fixture
def page(visit):
    return visit()


def paths(page):
    return [file.path for file in page.files]


def test_a_list_goes_on_page_by_page_without_losing_or_repeating_a_file(archive, monkeypatch):
    monkeypatch.setattr(file_pages, "PAGE_SIZE", 3)
    names = [f"{number}.png" for number in range(8)]
    for name in names:
        archive.waiting(name)
    found, before = [], None
    while True:
        page = list_files(archive.engine, FileFilter(), before=before)
        found += paths(page)
        before = page.next_before
        if before is None:
            break
    assert found == names[::-1]


def test_a_search_that_takes_long_is_broken_off_and_goes_on(archive, monkeypatch):
    monkeypatch.setattr(searching, "ROWS_PER_STATEMENT", 4)
    monkeypatch.setattr(searching, "SEARCH_SECONDS", 0.0)
    archive.waiting("wanted.png")
    for number in range(6):
        archive.waiting(f"{number}.png")
    first = list_files(archive.engine, FileFilter(path="wanted"))
    assert (paths(first), first.searched_all) == ([], False)
    second = list_files(archive.engine, FileFilter(path="wanted"), before=first.next_before)
    assert (paths(second), second.next_before) == (["wanted.png"], None)


def test_a_search_that_has_time_looks_at_all_files_some_at_a_time(archive, monkeypatch):
    monkeypatch.setattr(searching, "ROWS_PER_STATEMENT", 3)
    monkeypatch.setattr(searching, "SEARCH_SECONDS", 60.0)
    names = [f"{number}{'.png' if number % 2 else '.tif'}" for number in range(11)]
    for name in names:
        archive.waiting(name)
    page = list_files(archive.engine, FileFilter(path=".tif"))
    assert (paths(page), page.next_before, page.searched_all) == (names[::-2], None, True)


def test_nuclei_of_a_file_are_those_that_count_as_at_the_end_of_a_run(page, archive):
    planes = [image_result(number, t=t, z=z) for t, z, number in ((0, 0, 2), (0, 1, 5), (1, 0, 3), (1, 1, 4))]
    archive.done("a stack in time.tif", "a", planes)
    archive.done("tiles.tif", "b", [image_result(2, scene=0), image_result(3, scene=1)])
    archive.duplicate("copy.tif", 1, "a")
    listed = {file["path"]: file for file in page.get("/api/files").json()["files"]}
    assert {path: file["nuclei"] for path, file in listed.items()} == {
        summary.path: summary.nuclei for summary in summarise(archive.engine, 10)
    }
    assert [listed["copy.tif"][name] for name in ("images", "times", "nuclei")] == [4, 2, 5]
    text = page.get("/files/1").text
    assert re.search(r"<dd>5 <span class=\"hint\">at the first of 2 time points</span></dd>", text)


def test_files_are_found_by_state_reason_and_a_part_of_their_path(page, archive):
    archive.failed("day 1/a.png", "truncated")
    archive.failed("day 2/b_%.png", "damaged")
    archive.waiting("day 1/c.png")
    assert "b_%.png" in page.get("/files?state=failed&reason=damaged").text
    for query, count in [("state=failed", 2), ("path=day 1/", 2), ("path=_%25", 1), ("reason=damaged", 1)]:
        assert page.get(f"/files?{query}").text.count('<th scope="row" class="path">') == count


@pytest.mark.parametrize("text", ["x\\y", r"x\\y", "100%_a"])
def test_a_text_with_backslashes_or_wildcards_is_found_as_it_is(page, archive, text):
    archive.waiting("x\\y 100%_a.png")
    archive.waiting("xy 100 a.png")
    assert [file["id"] for file in page.get("/api/files", params={"path": text}).json()["files"]] == [1]


def test_a_failure_says_why_and_what_to_do(page, archive):
    archive.failed("a.png", "truncated", "The file ends early. Copy it again.")
    text = page.get("/files?state=failed").text
    assert "<strong>truncated</strong>: The file ends early. Copy it again." in text


def test_one_failed_file_is_tried_again(page, archive):
    failed = [archive.failed(name) for name in ("a.png", "b.png")]
    answer = page.post("/files/retry", data={"id": failed[0], "state": "failed"})
    assert answer.headers["location"] == "/files?state=failed&retried=1"
    assert [archive.state(file) for file in failed] == ["waiting", "failed"]
    assert "One file will be processed again" in page.get(answer.headers["location"]).text


def test_who_tries_again_what_somebody_else_has_tried_again_is_told(page, archive):
    failed = archive.failed("a.png")
    first, second = (page.post("/files/retry", data={"id": failed}).headers["location"] for _ in range(2))
    assert "One file will be processed again." in page.get(first).text
    assert "Nothing is left to be tried again: somebody else was faster" in page.get(second).text


def test_those_that_a_filter_lets_through_are_tried_again(page, archive):
    archive.done("day 1/done.png")
    files = [archive.failed("day 1/a.png", "truncated"), archive.failed("day 2/b.png", "truncated")]
    page.post("/files/retry", data={"state": "failed", "reason": "truncated", "path": "day 1"})
    assert [archive.state(file) for file in files] == ["waiting", "failed"]
    page.post("/files/retry", data={"state": "failed"})
    assert archive.state(files[1]) == "waiting"


def test_a_file_that_is_done_is_measured_again_only_if_it_is_named(page, archive):
    done = archive.done("a.png")
    page.post("/files/retry", data={"state": "done"})
    assert archive.state(done) == "done"
    page.post("/files/retry", data={"id": done})
    assert archive.state(done) == "waiting"


@pytest.mark.parametrize("path", ["/files/retry", "/api/files/retry"])
def test_looking_changes_nothing(page, archive, path):
    failed = archive.failed("a.png")
    assert page.get(path, params={"id": failed}).status_code in (404, 405)
    assert archive.state(failed) == "failed"


@pytest.mark.parametrize(
    "query",
    [
        "state=' OR 1=1 --",
        "state=done'; DROP TABLE files; --",
        "before=-1",
        "before=99999999999999999999999",
        "before=1e9",
        "before=९",
        "before=1;select",
        "path=%00",
        "path=" + "x" * 600,
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(page, query):
    assert page.get(f"/files?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["path=' OR 1=1 --", "reason='; DROP TABLE files; --", "before=9223372036854775807"]
)
def test_sql_in_a_filter_is_text(page, archive, query):
    archive.waiting("a.png")
    assert page.get(f"/files?{query}").status_code == 200
    assert "a.png" in page.get("/files").text


@pytest.mark.parametrize(
    "path", ["/files/0", "/files/99999999999999999999999", "/files/../files/1", "/files/x"]
)
def test_a_file_that_is_not_there_is_not_found(page, path):
    assert page.get(path).status_code == 404
