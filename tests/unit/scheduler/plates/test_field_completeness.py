"""When a field is complete: by a rule, by a list, by what its plate usually has; or when waiting is over."""

import logging

import pytest

from nuqleus.database.files.fields import FieldMember
from nuqleus.fields import FieldPlace
from scheduler.plates.field_completeness import (
    QUIET_FACTOR,
    Expectations,
    FieldCompleteness,
)

SETTLE, FIELD_SECONDS = 2.0, 300.0
QUIET = QUIET_FACTOR * SETTLE


def key(site: int = 1, plate: str = "P") -> str:
    return str(FieldPlace("", plate, "A01", site, 0))


def field(site: int = 1, channels: str = "123", plate: str = "P") -> dict[str, list[FieldMember]]:
    """A field with the channels `w1`, `w2` … of these numbers."""
    name = key(site, plate)
    members = [
        FieldMember(
            site * 10 + int(number), f"{plate}_A01_s{site}_w{number}.tif", name, f"w{number}", None, True
        )
        for number in channels
    ]
    return {name: members}


@pytest.fixture
def look(clock):
    """Looks at fields some seconds later; returns the sites of those that are complete."""
    completeness = FieldCompleteness(SETTLE, FIELD_SECONDS, clock=clock)

    def look(*fields, seconds=0.0, unsettled=frozenset(), of=completeness):
        clock.advance(seconds)
        waiting = {name: members for one in fields for name, members in one.items()}
        return [FieldPlace.parse(name).site for name in of.find_complete(waiting, unsettled)]

    look.seconds_to_next = completeness.seconds_to_next
    return look


def test_a_field_is_complete_when_nothing_was_added_to_it_for_a_while(look):
    assert look(field()) == []
    assert look(field(), seconds=QUIET - 1) == []
    assert look(field(), seconds=1) == [1]


def test_every_file_that_comes_begins_the_time_anew(look):
    look(field(channels="1"))
    assert look(field(channels="12"), seconds=QUIET) == []
    assert look(field(channels="12"), seconds=QUIET) == [1]


def test_a_field_that_lacks_what_most_have_waits_for_it(look):
    fields = [field(1), field(2), field(3, "13")]
    look(*fields)
    assert look(*fields, seconds=QUIET) == [1, 2]
    assert look(fields[2], seconds=FIELD_SECONDS - QUIET - 1) == []
    assert look(fields[2], seconds=1) == [3]


def test_the_time_counts_from_the_last_new_file_of_the_plate(look):
    look(field(1), field(2), field(3, "13"))
    look(field(3, "13"), field(4), seconds=FIELD_SECONDS - 1)
    assert 3 not in look(field(3, "13"), field(4), seconds=FIELD_SECONDS - 1)
    assert look(field(3, "13"), seconds=1) == [3]


def test_a_new_file_of_another_plate_is_none_of_this_plate(look):
    look(field(1), field(2), field(3, "13"))
    look(field(3, "13"), field(9, plate="Q"), seconds=FIELD_SECONDS - 1)
    assert look(field(3, "13"), field(9, plate="Q"), seconds=1) == [3]


def test_what_comes_ends_the_waiting(look):
    look(field(1), field(2), field(3, "13"))
    assert look(field(3, "123"), seconds=QUIET) == []
    assert look(field(3, "123"), seconds=QUIET) == [3]


def test_a_field_with_a_file_that_is_being_written_is_not_complete(look):
    look(field())
    assert look(field(), seconds=2 * FIELD_SECONDS, unsettled={12}) == []
    assert look(field()) == [1]


def test_a_rule_says_how_many_channels_there_are(look, clock):
    ruled = FieldCompleteness(SETTLE, FIELD_SECONDS, Expectations(channels=lambda _path: 3), clock)
    assert look(field(channels="1"), of=ruled) == []
    assert look(field(channels="1"), seconds=QUIET, of=ruled) == []
    assert look(field(channels="123"), of=ruled) == [1]


def test_the_first_channel_of_a_whole_plate_is_no_plate(look, clock):
    """With a rule; some microscopes take one channel of all fields first."""
    ruled = FieldCompleteness(SETTLE, FIELD_SECONDS, Expectations(channels=lambda _path: 2), clock)
    plate = [field(site, "1") for site in range(1, 6)]
    look(*plate, of=ruled)
    assert look(*plate, seconds=FIELD_SECONDS - 1, of=ruled) == []


def test_a_list_beside_the_images_says_what_there_is(look, clock):
    listed = {("w1", None), ("w2", None)}
    known = FieldCompleteness(SETTLE, FIELD_SECONDS, Expectations(listed=lambda _place: listed), clock)
    assert look(field(channels="1"), of=known) == []
    assert look(field(channels="12"), seconds=1, of=known) == [1]


def test_but_what_it_lists_is_not_waited_for_for_ever(look, clock):
    listed = {("w1", None), ("w2", None)}
    known = FieldCompleteness(SETTLE, FIELD_SECONDS, Expectations(listed=lambda _place: listed), clock)
    look(field(channels="1"), of=known)
    assert look(field(channels="1"), seconds=FIELD_SECONDS, of=known) == [1]


def test_steps_of_z_are_waited_for_as_channels_are(look):
    def stack(site, steps):
        members = [FieldMember(site * 10 + z, f"{site}.{z}", key(site), "w1", z, True) for z in range(steps)]
        return {key(site): members}

    fields = [stack(1, 5), stack(2, 5), stack(3, 4)]
    look(*fields)
    assert look(*fields, seconds=QUIET) == [1, 2]


def test_it_says_when_to_look_again(look):
    assert look.seconds_to_next() is None
    look(field(1), field(2), field(3, "13"))
    assert look.seconds_to_next() == QUIET
    look(field(3, "13"), seconds=QUIET)
    assert look.seconds_to_next() == FIELD_SECONDS - QUIET
    look(field(3, "13"), seconds=FIELD_SECONDS)
    assert look.seconds_to_next() is None


def test_what_is_waited_for_is_said_once(look, caplog):
    caplog.set_level(logging.WARNING)
    fields = [field(1), field(2), field(3, "13")]
    look(*fields)
    look(*fields, seconds=QUIET)
    look(fields[2], seconds=QUIET)

    (said,) = caplog.messages
    assert "1 field of the plate P waits" in said
    assert "A01, site 3" in said
    assert "w2" in said
    assert "NUQLEUS_FIELD_SECONDS" in said
