"""The page of an image: what it says beside the picture."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from nuqleus.database.engine import writing
from nuqleus.database.queries.nuclei import values_of
from nuqleus.database.tables import Image, Nucleus, Overview
from tests.examples import image_result


def test_of_very_many_channels_the_first_can_be_shown_and_that_of_the_nuclei(visit, archive):
    archive.done(images=[replace(image_result(1, channels=20), nuclear_channel=17)])
    text = visit().get("/images/1").text
    assert [int(number) for number in re.findall(r'data-channel="(\d+)"', text)] == [*range(15), 17]
    assert "16 of 20 channels can be shown." in text


def test_a_field_says_which_channels_it_lacks(visit, archive):
    archive.done(images=[image_result(1, channels=2)])
    page = visit()
    assert "Measured without" not in page.get("/images/1").text
    with writing(archive.engine) as connection:
        connection.execute(update(Image).values(missing_channels="w2"))
    assert "Measured without channels that its plate has: w2." in page.get("/images/1").text
    assert page.get("/api/images/1").json()["missing_channels"] == "w2"


def keeps(page, url):
    return "immutable" in page.get(url).headers["cache-control"]


def test_browsers_keep_no_picture_that_a_page_of_another_database_showed_at_this_address(visit, archive):
    archive.done(images=[image_result(1)])
    with writing(archive.engine) as connection:
        connection.execute(insert(Overview), [{"image_id": 1, "media_type": "image/jpeg", "data": b"jpeg"}])
    before, now = visit(), visit()
    (url,) = re.findall(r'src="(/images/1/overview.jpg[^"]*)"', before.get("/images").text)
    assert keeps(before, url)
    assert not keeps(now, url)
    assert not keeps(now, "/images/1/overview.jpg")
    assert url not in now.get("/images").text


def test_pictures_and_numbers_in_the_viewer_are_kept_for_this_page_alone(visit, archive):
    archive.done(images=[image_result(1)])
    page = visit()
    (edition,) = re.findall(r'data-edition="([^"]*)"', page.get("/images/1").text)
    for url in (
        "/images/1/outlines/1/0/0?",
        "/images/1/outlines/1/0/0?by=area&",
        "/api/images/1/at?row=0&col=0&",
    ):
        assert keeps(page, f"{url}v={edition}")
        assert not keeps(page, f"{url}v=other")
    assert not keeps(page, f"/images/1/outlines/1/0/0?by=dna_content&v={edition}")


@pytest.mark.parametrize("by", ["ring_area", "dna_content", "intensity_mean&channel=1"])
def test_what_is_not_known_of_nuclei_is_no_zero(visit, archive, by):
    archive.done(images=[image_result(2)])
    with writing(archive.engine) as connection:
        connection.execute(update(Nucleus).values(ring_area=None))
    text = visit().get(f"/images/1?by={by}").text
    assert "Not known of any nucleus here. Gray: not known." in text
    assert "0 or less" not in text


def test_a_nucleus_without_a_channel_has_a_colour_as_one_without_a_number(archive):
    archive.done(images=[image_result(2)])
    assert values_of(archive.engine, 1, "intensity_mean", 1) == {1: None, 2: None}
