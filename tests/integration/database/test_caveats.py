"""What people must know about results before they trust them, asked of both databases."""

from dataclasses import replace

import pytest

from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import SeenFile
from nuqleus.database.queries.caveats import (
    DoubtfulFiles,
    guessed_channels,
    ignored_by_kind,
    nuclei_without_um,
    unsure_images,
)
from nuqleus.database.queries.file_details import ChosenChannel, get_file
from tests.examples import image_result
from tests.integration.database.conftest import Archive

GUESSED = replace(image_result(2, channels=2), nuclear_channel=0, nuclear_channel_by="guess")


def test_files_with_a_guessed_channel_are_counted_not_their_planes(archive: Archive):
    archive.done("a.tif", "a", [image_result(1)])
    archive.done("b.tif", "b", [replace(GUESSED, z=z) for z in range(3)])
    archive.done("c.tif", "c", [GUESSED])

    assert guessed_channels(archive.engine) == DoubtfulFiles(2, "b.tif")


def test_without_a_guess_there_is_no_example(archive: Archive):
    archive.done("a.tif", "a", [image_result(1)])

    assert guessed_channels(archive.engine) == DoubtfulFiles(0, None)


def test_files_of_which_the_network_was_less_sure_than_not_are_counted(archive: Archive):
    sure, unsure = (replace(image_result(1), confidence=confidence) for confidence in (0.5, 0.49))
    archive.done("a.tif", "a", [sure])
    archive.done("b.tif", "b", [replace(unsure, z=z) for z in range(2)])
    archive.done("old.tif", "c", [replace(unsure, confidence=None)])

    assert unsure_images(archive.engine) == DoubtfulFiles(1, "b.tif")


def test_ignored_files_are_counted_by_reason(archive: Archive):
    archive.files.observe([SeenFile("a_mask.tif", 1, 1, "mask")])
    archive.files.observe([SeenFile(f"{number}.xml", 1, 1, "metadata") for number in range(8)])

    assert ignored_by_kind(archive.engine) == {"metadata": 8, "mask": 1}


def test_nuclei_without_a_size_in_um_come_with_the_reason_and_once_a_stack(archive: Archive):
    archive.done("a.tif", "a", [image_result(3, pixel_size_um=0.5)])
    archive.done("old.tif", "b", [image_result(1)])
    archive.done(
        "c.tif",
        "c",
        [replace(image_result(nuclei, z=nuclei), pixel_size_from="not square") for nuclei in (2, 4)],
    )

    assert nuclei_without_um(archive.engine) == {"not square": 4, "not known": 1}


@pytest.fixture
def told(archive: Archive) -> Archive:
    """A stack whose nuclei were sought in channels that were guessed, named and coloured; its copy, and metadata."""
    guessed = [replace(GUESSED, z=z, pixel_size_from="not given") for z in range(2)]
    named = replace(
        guessed[0], z=2, nuclear_channel=1, nuclear_channel_by="name", channel_names=("GFP", "DAPI")
    )
    colour = replace(guessed[0], z=3, nuclear_channel=None, nuclear_channel_by="colour")
    of = archive.done("a.tif", "abc", [*guessed, named, colour])
    archive.duplicate("b.tif", of)
    archive.files.observe([SeenFile("a.xml", 1, 1, "metadata")])
    return archive


def test_what_became_of_a_file_is_told_in_detail(told: Archive):
    done = get_file(told.engine, ["nowhere", "a.tif"])

    assert done
    assert (done.path, done.images, done.nuclear_channels, done.pixel_sizes) == (
        "a.tif",
        4,
        [
            ChosenChannel(None, None, "colour"),
            ChosenChannel(0, None, "guess"),
            ChosenChannel(1, "DAPI", "name"),
        ],
        ["not given"],
    )


def test_of_a_duplicate_it_is_told_whose_results_it_shares(told: Archive):
    duplicate = get_file(told.engine, ["b.tif"])

    assert duplicate
    assert (duplicate.duplicate_of, duplicate.images) == ("a.tif", 4)


def test_of_an_ignored_file_it_is_told_why(told: Archive):
    ignored = get_file(told.engine, ["a.xml"])

    assert ignored
    assert (ignored.state, ignored.ignored_by) == (FileState.IGNORED, "metadata")


def test_of_no_file_nothing_is_told(told: Archive):
    assert get_file(told.engine, ["nowhere"]) is None
