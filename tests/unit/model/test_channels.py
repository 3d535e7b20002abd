"""Which channel shows the nuclei: by a name, by a number, or by the names that microscopes give."""

from pathlib import Path

import numpy as np
import pytest

from model.errors import ImageError
from model.reading import Plane
from model.reading.channels import AUTO, choose_channel, nuclear_channel, nuclear_pixels
from model.reading.metadata import ChannelMetadata

from .images import ramp

FILE = Path("plate/a.czi")


def plane(*names: str, channels: int | None = None, colour: bool = False) -> Plane:
    about = tuple(ChannelMetadata(name) for name in names)
    return Plane(ramp(channels=channels or len(names)), colour=colour, channels=about)


@pytest.mark.parametrize(
    ("wanted", "channel"), [("DAPI", 1), ("dapi", 1), ("EGFP", 0), ("405", 2), ("0", 0), ("2", 2)]
)
def test_a_name_in_any_case_or_a_number(wanted: str, channel: int):
    chosen = choose_channel(FILE, plane("EGFP", "DAPI", "405"), wanted)

    assert nuclear_channel(chosen) == channel
    np.testing.assert_array_equal(nuclear_pixels(chosen)[..., 0], chosen.pixels[..., channel])


def test_a_name_that_is_a_number_is_a_name_first():
    assert nuclear_channel(choose_channel(FILE, plane("1", "0"), "1")) == 0


@pytest.mark.parametrize(
    ("image", "channel"),
    [
        (plane("GFP", "Hoechst 33342"), 1),
        (plane("GFP", "mCherry"), 0),
        (plane(channels=4), 0),
        (plane(channels=1), 0),
        (plane(channels=3, colour=True), None),
    ],
)
def test_left_to_itself_it_goes_by_the_usual_names_else_takes_the_first(image: Plane, channel: int | None):
    assert nuclear_channel(choose_channel(FILE, image, AUTO)) == channel
    assert nuclear_channel(image) == channel


def test_a_colour_image_is_seen_as_a_whole_or_by_one_of_its_colours():
    image = plane(channels=3, colour=True)

    assert nuclear_pixels(choose_channel(FILE, image, AUTO)).shape == (5, 7, 3)
    blue = choose_channel(FILE, image, "Blue")
    assert nuclear_channel(blue) == 2
    np.testing.assert_array_equal(nuclear_pixels(blue), image.pixels[..., 2:])


@pytest.mark.parametrize(
    ("image", "wanted", "message"),
    [
        (plane("EGFP", "DAPI"), "Hoechst", r"has no channel 'Hoechst': it has 0 \(EGFP\), 1 \(DAPI\)"),
        (plane("EGFP", "DAPI"), "2", r"0 \(EGFP\), 1 \(DAPI\)"),
        (plane("EGFP", "DAPI"), "-1", r"0 \(EGFP\), 1 \(DAPI\)"),
        (plane(channels=4), "DAPI", "channels 0 to 3, without names"),
        (plane(channels=1), "DAPI", "one channel, 0, without a name"),
        (plane(channels=3, colour=True), "DAPI", r"0 \(red\), 1 \(green\), 2 \(blue\)"),
    ],
)
def test_a_channel_that_is_not_there_is_refused_with_those_that_are(image: Plane, wanted: str, message: str):
    with pytest.raises(ImageError, match=rf"^plate/a\.czi .*{message}.*NUQLEUS_CHANNEL") as refused:
        choose_channel(FILE, image, wanted)

    assert refused.value.kind == "no-such-channel"


@pytest.mark.parametrize(
    ("image", "wanted", "by"),
    [
        (plane(channels=1), AUTO, "only"),
        (plane("GFP"), AUTO, "only"),
        (plane("GFP", "DAPI"), AUTO, "name"),
        (plane("488", "405"), AUTO, "wavelength"),
        (plane("green", "blue"), AUTO, "colour"),
        (plane(channels=3, colour=True), AUTO, "colour"),
        (plane("GFP", "mCherry"), AUTO, "guess"),
        (plane(channels=2), AUTO, "guess"),
        (plane("GFP", "mCherry"), "mCherry", "setting"),
        (plane(channels=1), "0", "setting"),
    ],
)
def test_how_it_was_chosen_is_known(image: Plane, wanted: str, by: str):
    assert choose_channel(FILE, image, wanted).nuclear_channel_by == by


def test_a_rule_is_told_from_a_setting():
    assert choose_channel(FILE, plane("GFP", "mCherry"), "1", "rule").nuclear_channel_by == "rule"
    assert choose_channel(FILE, plane("GFP", "DAPI"), AUTO, "rule").nuclear_channel_by == "name"


def test_nobody_has_chosen_yet():
    assert plane("GFP", "DAPI").nuclear_channel_by is None


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("Färbung", "Fa\u0308rbung"), ("DAPI ", "dapi"),
     ("GFP (Kanal  1)", " gfp (kanal 1) "),
     ("ＤＡＰＩ", "DAPI"), ("Straße", "STRASSE")],
)  # fmt: skip
def test_names_are_compared_as_people_read_them(name: str, wanted: str):
    assert nuclear_channel(choose_channel(FILE, plane("RFP", name), wanted)) == 1
    assert nuclear_channel(choose_channel(FILE, plane("RFP", wanted), name)) == 1


def test_auto_and_numbers_may_have_spaces_around_them():
    assert choose_channel(FILE, plane("GFP", "DAPI"), " Auto ").nuclear_channel_by == "name"
    assert nuclear_channel(choose_channel(FILE, plane("GFP", "DAPI"), " 1 ")) == 1


@pytest.mark.parametrize(
    ("names", "channel"),
    [(("GFP", "DAPI", "DAPI"), 1), (("DAPI_GFP - ch1", "DAPI_GFP - ch2"), 0), (("GFP", "405", "385"), 1)],
)  # fmt: skip
def test_the_first_of_several_that_suit_alike_is_a_guess(names: tuple[str, ...], channel: int):
    chosen = choose_channel(FILE, plane(*names), AUTO)

    assert (chosen.nuclear_channel, chosen.nuclear_channel_by) == (channel, "guess")
