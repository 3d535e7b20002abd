"""Guessed channels are warned of: the first file in full, later ones counted."""

import logging
from dataclasses import replace

import pytest

from tests.examples import image_result
from worker.guess_log import GuessLog

GUESSED = replace(
    image_result(channels=2), nuclear_channel=1, nuclear_channel_by="guess", channel_names=("GFP", "RFP")
)


@pytest.fixture
def warnings(caplog):
    caplog.set_level(logging.WARNING)
    return lambda: [record.getMessage() for record in caplog.records]


def test_the_first_guess_says_what_was_taken_and_how_to_choose(warnings):
    GuessLog().note("a.tif", GUESSED)

    (warning,) = warnings()
    assert "a.tif: which channel shows the nuclei was guessed: 1 of 0 (GFP), 1 (RFP)" in warning
    assert "--channel" in warning
    assert "rule" in warning
    assert "nuqleus retry" in warning


def test_ten_thousand_guesses_are_five_lines(warnings):
    guesses = GuessLog()
    for number in range(10_000):
        guesses.note(f"{number}.tif", GUESSED)

    assert [line.split(" files so far")[0].split()[-1] for line in warnings()[1:]] == [
        "10",
        "100",
        "1000",
        "10000",
    ]


def test_a_stack_is_one_file(warnings):
    guesses = GuessLog()
    for z in range(10):
        guesses.note("stack.tif", replace(GUESSED, z=z))

    assert len(warnings()) == 1


@pytest.mark.parametrize("by", ["only", "name", "setting", "rule", "wavelength", "colour", None])
def test_a_channel_that_was_not_guessed_is_nothing_to_warn_of(warnings, by):
    GuessLog().note("a.tif", replace(GUESSED, nuclear_channel_by=by))

    assert warnings() == []


def test_channels_without_names_are_counted(warnings):
    GuessLog().note("a.tif", replace(GUESSED, channel_names=()))

    assert "1 of channels 0 to 1, without names" in warnings()[0]
