"""Wells, however people write them."""

import pytest

from nuqleus.well_names import WellPlace, parse_well, plate_size


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *[("A01", "A01"), ("a1", "A01"), ("A1", "A01"), ("a001", "A01"), (" b-3 ", "B03"), ("A:4", "A04")],
        *[("H12", "H12"), ("P24", "P24"), ("Z48", "Z48"), ("aa1", "AA01"), ("AF48", "AF48")],
    ],
)
def test_wells(text: str, name: str):
    well = parse_well(text)
    assert well is not None
    assert well.name == name
    assert parse_well(name) == well


@pytest.mark.parametrize("text", ["", "A", "1", "A0", "A49", "AG1", "ABC1", "A1B", "11", "Ä1"])
def test_no_wells(text: str):
    assert parse_well(text) is None


def test_places_count_from_0():
    assert parse_well("A01") == WellPlace(0, 0)
    assert parse_well("AA01") == WellPlace(26, 0)


def test_a_plate_is_the_smallest_that_has_the_wells():
    assert plate_size(0, 0) == (2, 3)
    assert plate_size(7, 11) == (8, 12)
    assert plate_size(8, 0) == (16, 24)
    assert plate_size(31, 47) == (32, 48)
