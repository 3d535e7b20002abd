"""Requests that no page of ours makes: a sentence says what is wrong with them, and nothing changes."""

import pytest


@pytest.fixture
def page(visit):
    return visit()


@pytest.mark.parametrize(
    "path", ["/files/{}", "/api/images/{}/nuclei/1", "/images/1/tiles/1/0/{}", "/plates/{}"]
)
def test_a_number_of_thousands_of_digits_is_that_of_nothing(page, path):
    answer = page.get(path.format("9" * 5000))
    assert (answer.status_code, answer.text) == (404, "There is nothing here.\n")


@pytest.mark.parametrize("origin", ["http://[", "http://[x", "//", "", "null", "http://localhost:8600@evil"])
def test_an_origin_that_is_none_is_another_page_s(page, origin):
    assert page.get("/files", headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize("path", ["/files/retry", "/api/files/retry"])
@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("&".join(["a=1"] * 30), "A form has at most 20 fields."),
        ("id=1&id=2", "A field of the form is there twice."),
        ("id=", "The parameter id must be a whole number."),
        ("ids=1", "What is to be tried again is named by id, path, reason, state alone."),
        ("{%22id%22: 1}", "What is to be tried again is named by id, path, reason, state alone."),
    ],
)
def test_what_names_no_file_does_not_queue_all_that_failed(page, archive, path, form, reason):
    failed = archive.failed("a.png")
    answer = page.post(path, content=form)
    assert answer.status_code == 400
    assert reason in answer.text
    assert archive.state(failed) == "failed"
