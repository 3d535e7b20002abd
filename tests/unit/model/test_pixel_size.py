"""Pixel sizes: units in any spelling, and which sizes are believed."""

import math

import pytest

from model.reading.pixel_size import (
    NOT_BELIEVABLE,
    NOT_GIVEN,
    NOT_SQUARE,
    UM_PER_INCH,
    judge_pixel_size,
    length_in_um,
    parse_number,
    pixel_size_from_dpi,
    pixel_size_from_resolution,
    um_per_unit,
)


@pytest.mark.parametrize(
    ("unit", "um"),
    [
        ("µm", 1), ("μm", 1), ("um", 1), ("UM", 1), ("micron", 1), ("Microns", 1), ("micrometer", 1),
        ("micrometre", 1), ("Micrometers", 1), (r"\u00B5m", 1), ("Âµm", 1), ("µm/pixel", 1), (" µm ", 1),
        ("nm", 1e-3), ("nanometer", 1e-3), ("pm", 1e-6), ("Å", 1e-4), ("\u212b", 1e-4), ("angstrom", 1e-4),
        ("mm", 1e3), ("millimetre", 1e3), ("cm", 1e4), ("dm", 1e5), ("m", 1e6), ("meter", 1e6), ("Mm", 1e12),
        ("in", UM_PER_INCH), ("inch", UM_PER_INCH), ("inches", UM_PER_INCH), ("thou", 25.4),
        ("pt", UM_PER_INCH / 72), ("ft", 12 * UM_PER_INCH), ("Mikrometer", 1), ("mikrometern", 1), ("Mikron", 1),
        ("Nanometer", 1e-3), ("Millimeter", 1e3), ("Zentimeter", 1e4), ("Meter", 1e6), ("Zoll", UM_PER_INCH),
        ("micromètre", 1),
        ("micromètres", 1), ("micrómetro", 1), ("micrómetros", 1), ("micrômetro", 1), ("micrometri", 1),
        ("mikrometr", 1),
        ("микрометр", 1), ("мкм", 1), ("微米", 1), ("マイクロメートル", 1), ("um per pixel", 1), ("µm/px", 1),
        ("[µm]", 1), ("(um)", 1),
        ("Ångström", 1e-4),
    ],
)  # fmt: skip
def test_every_usual_spelling_of_a_unit(unit: str, um: float):
    assert um_per_unit(unit) == pytest.approx(um)


@pytest.mark.parametrize("unit", ["pixel", "pixels", "reference frame", "", "furlong", "sec", None, 3])
def test_what_is_no_length_is_none(unit):
    assert um_per_unit(unit) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.325", 0.325), ("0,325", 0.325), (" 3.25E-6 ", 3.25e-6), (0.5, 0.5), ("", None), (None, None)],
)
def test_numbers_with_a_point_or_a_comma(text, number):
    assert parse_number(text) == number


@pytest.mark.parametrize(
    ("text", "unit"),
    [("0.325 µm", "µm"), ("0.325µm", None), ("0,325 um", "pixel"), ("325 nm", "µm"), ("3.25e-4 mm",
    "µm"), ("0.325 Mikrometer", ""),
     ("0.325 µm/pixel", "µm")],
)  # fmt: skip
def test_a_unit_that_stands_with_the_number_counts(text: str, unit: str | None):
    assert length_in_um(text, unit) == pytest.approx(0.325)


@pytest.mark.parametrize(
    ("text", "unit"), [("3.25E-6", "dm"), ("325", "nm"), ("3.25e-07", "m"), ("0.000325", "mm")]
)
def test_lengths_are_as_round_as_they_were(text: str, unit: str):
    assert length_in_um(text, unit) == 0.325


def test_what_is_no_number_is_nan():
    assert math.isnan(parse_number("1,234,567"))
    assert math.isnan(length_in_um("about 3", "µm"))


@pytest.mark.parametrize(
    ("sizes", "um", "origin"),
    [
        ((0.325, 0.325), 0.325, "ome"),
        ((0.325, None), 0.325, "ome"),
        ((None, 0.325), 0.325, "ome"),
        ((0.325, 0.3275), 0.325, "ome"),
        ((0.01, 0.01), 0.01, "ome"),
        ((10.0, 10.0), 10.0, "ome"),
        ((None, None), None, NOT_GIVEN),
        ((0.3, 0.6), None, NOT_SQUARE),
        ((0.0, 0.0), None, NOT_BELIEVABLE),
        ((-0.3, -0.3), None, NOT_BELIEVABLE),
        ((math.nan, 0.3), None, NOT_BELIEVABLE),
        ((math.inf, math.inf), None, NOT_BELIEVABLE),
        ((325.0, 325.0), None, NOT_BELIEVABLE),
        ((0.003, 0.003), None, NOT_BELIEVABLE),
    ],
)
def test_sizes_are_believed_or_it_is_said_why_not(sizes, um, origin):
    size = judge_pixel_size(sizes, "ome")

    assert (size.um, size.origin) == (um, origin)


@pytest.mark.parametrize("unit", ["inch", "cm", "mm", "micron", "µm", "nm"])
@pytest.mark.parametrize("dpi", [72, 96])
def test_the_resolution_of_a_screen_is_nothing_in_any_unit(unit: str, dpi: int):
    size = pixel_size_from_resolution((dpi, 1), (dpi, 1), um_per_unit(unit), "imagej")

    assert (size.um, size.origin) == (None, NOT_BELIEVABLE)


def test_a_resolution_without_a_unit_of_length_is_not_given():
    assert pixel_size_from_resolution((4, 1), (4, 1), None, "imagej").origin == NOT_GIVEN
    assert pixel_size_from_resolution(None, (4, 1), 1.0, "imagej").origin == NOT_GIVEN
    assert pixel_size_from_resolution((0, 1), (0, 1), 1.0, "imagej").origin == NOT_BELIEVABLE


@pytest.mark.parametrize(
    ("dpi", "um"), [((50_800, 50_800), 0.5), ((72, 72), None), ((300, 300), None), (None, None), (72, None)]
)
def test_dots_per_inch(dpi, um):
    assert pixel_size_from_dpi(dpi).um == um
