"""Image options: lengths in pixels or micrometres, what is measured on request, and how the database keeps them."""

import pytest

from nuqleus.errors import SettingsError
from nuqleus.image_options import ImageOptions, in_pixels, stored_pages
from nuqleus.settings import get_settings


@pytest.mark.parametrize(
    ("given", "kept"),
    [("5", "5"), ("2.50", "2.5"), ("0", "0"), ("1.5um", "1.5 um"), ("1.5 µm", "1.5 um"), ("8 px", "8")],
)
def test_a_distance_is_written_in_one_way(given: str, kept: str):
    assert get_settings(ring_width=given).image_options.ring_width == kept


@pytest.mark.parametrize("given", ["-1", "wide", "201", "101 um", "1e3", "nan", ""])
def test_a_distance_that_makes_no_sense_is_refused(given: str):
    with pytest.raises(
        SettingsError, match=r"NUQLEUS_RING_GAP.*a number of pixels, like 5, or of micrometres"
    ):
        get_settings(ring_gap=given)


def test_distances_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NUQLEUS_RING_GAP", "0")
    monkeypatch.setenv("NUQLEUS_RING_WIDTH", "3 um")
    monkeypatch.setenv("NUQLEUS_NEIGHBOR_DISTANCE", "12")
    monkeypatch.setenv("NUQLEUS_MEASURE", "texture, granularity")

    options = get_settings().image_options

    assert options == ImageOptions(
        ring_gap="0", ring_width="3 um", neighbor_distance="12", measure="granularity texture"
    )
    assert str(options) == (
        "channel auto, z planes, ring_gap 0, ring_width 3 um, neighbor_distance 12, measure granularity texture"
    )


def test_without_settings_files_are_looked_at_as_before():
    assert str(get_settings().image_options) == "channel auto, z planes"


@pytest.mark.parametrize("given", ["colour", "texture;granularity", "texture colour"])
def test_only_what_can_be_measured_may_be_asked_for(given: str):
    with pytest.raises(
        SettingsError, match=r"NUQLEUS_MEASURE.*texture and granularity are measured on request"
    ):
        get_settings(measure=given)


def test_lengths_in_micrometres_take_a_pixel_size():
    assert in_pixels("1.5 um", 0.5) == 3
    assert in_pixels("1.5 um", None) is None
    assert in_pixels("7", None) == 7


@pytest.mark.parametrize(
    "options",
    [
        ImageOptions(pages="z"),
        ImageOptions(pages="z", diameter="12 um", smallest=5),
        ImageOptions(pages="z", ring_width="2", measure="granularity texture"),
    ],
)
def test_what_pages_are_is_read_from_what_the_database_keeps(options: ImageOptions):
    assert stored_pages(str(options)) == "z"


def test_a_channel_s_name_says_nothing_of_pages():
    assert stored_pages(str(ImageOptions(channel="a, z max, pages z"))) is None
    assert stored_pages(str(ImageOptions(channel="a, z max, pages z", diameter="5"))) is None
