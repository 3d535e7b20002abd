"""Lists that end where a page does, and what is said beyond their end: no row is left out in silence."""

import pytest
from sqlalchemy import insert

from nuqleus.database.engine import writing
from nuqleus.database.queries import image_pages, nuclei, plate_pages
from nuqleus.database.tables import Plate
from tests.examples import image_result


@pytest.fixture
def page(visit):
    return visit()


@pytest.fixture
def plates(archive, monkeypatch):
    monkeypatch.setattr(plate_pages, "PAGE_SIZE", 2)
    rows = [{"name": f"plate {n}", "folder": "", "convention": "InCell"} for n in range(4)]
    with writing(archive.engine) as connection:
        connection.execute(insert(Plate), rows)


def test_programs_are_told_where_the_list_of_plates_goes_on(page, plates):
    first = page.get("/api/plates").json()
    second = page.get(f"/api/plates?before={first['next_before']}").json()
    assert [plate["name"] for plate in first["plates"] + second["plates"]] == [
        f"plate {n}" for n in (3, 2, 1, 0)
    ]
    assert second["next_before"] is None


def test_a_list_of_plates_that_ends_with_a_page_has_no_further_one(page, plates):
    assert "Next page" in page.get("/plates").text
    assert "Next page" not in page.get("/plates?before=3").text
    assert "No further plate." in page.get("/plates?before=1").text


def test_a_list_of_nuclei_that_ends_with_a_page_has_no_further_one(page, archive, monkeypatch):
    monkeypatch.setattr(nuclei, "PAGE_SIZE", 3)
    archive.done(images=[image_result(3)])
    assert page.get("/api/images/1/nuclei").json()["next_after"] is None
    assert "Next nuclei" not in page.get("/images/1").text
    archive.done("b.png", images=[image_result(4)])
    assert page.get("/api/images/2/nuclei").json()["next_after"] == 3


def test_beyond_the_last_nucleus_nobody_says_that_there_is_none(page, archive):
    archive.done(images=[image_result(3)])
    text = page.get("/images/1?after=3").text
    assert "No further nucleus." in text
    assert "No nucleus was found" not in text


def test_a_file_with_very_many_images_says_how_many_are_left_out_and_where_they_are(
    page, archive, monkeypatch
):
    monkeypatch.setattr(image_pages, "PAGE_SIZE", 2)
    file_id = archive.done("stack.tif", images=[image_result(1, t=t) for t in range(5)])
    archive.done("b.png", images=[image_result(1)])
    text = page.get(f"/files/{file_id}").text
    assert f'The first 2 of 5 images. <a href="/images?file={file_id}">All of them</a>' in text
    described = page.get(f"/api/files/{file_id}").json()
    assert (len(described["images"]), described["images_left_out"]) == (2, 3)
    times, before = [], ""
    while before is not None:
        some = page.get(f"/api/images?file={file_id}{before and f'&before={before}'}").json()
        times += [image["t"] for image in some["images"]]
        before = some["next_before"]
    assert times == [4, 3, 2, 1, 0]
