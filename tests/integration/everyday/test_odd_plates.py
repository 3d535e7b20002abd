"""Plates with strays, copies and names of two kinds: nothing is counted twice, and nothing is left alone in silence."""

import logging
import shutil

import pytest
from PIL import Image as Picture

from nuqleus.database.files.regrouping import ungrouped_files
from nuqleus.database.leadership import bind_folder
from nuqleus.database.plate_warnings import plate_warnings
from tests.fake_segmenter import draw_squares
from tests.integration.everyday.conftest import FIELD_SECONDS, Lab
from tests.integration.everyday.test_fields import QUIET, STATES, name, put, put_field, settle


def warned(lab: Lab) -> list[tuple[str, str]]:
    return [(warning.kind, warning.path) for warning in plate_warnings(lab.engine)]


def put_stray(lab: Lab, path: str, side: int) -> None:
    (lab.inbox / path).parent.mkdir(exist_ok=True)
    Picture.fromarray(draw_squares(2, side=side)).save(lab.inbox / path)


def test_a_folder_that_is_nearly_a_plate_is_told_of_once_and_as_long_as_it_is_one(lab: Lab, caplog):
    caplog.set_level(logging.WARNING)
    put_field(lab)
    put_stray(lab, "P/a.png", 10), put_stray(lab, "P/b.png", 12)
    settle(lab)
    lab.settle()

    assert set(lab.states().values()) == {"done"}
    assert warned(lab) == [("folder", "P")]
    lab.restart()
    settle(lab)
    assert (
        len([said for said in caplog.messages if said.startswith("P: of 5 image files, 3 as ImageXpress")])
        == 1
    )

    (lab.inbox / "P/a.png").unlink()
    settle(lab)
    assert warned(lab) == []


def test_files_wait_for_the_rest_of_their_folder(lab: Lab):
    put_stray(lab, "P/a.png", 10), put_stray(lab, "P/b.png", 12)
    put(lab, name(1))
    lab.settle()
    assert lab.row(name(1)).state == "waiting"

    for site in range(1, 8):
        put_field(lab, site)
    settle(lab, FIELD_SECONDS)
    settle(lab)

    assert lab.row(name(2)).state == "companion"
    assert warned(lab) == []


COPIES = ("P/P_B02_s1_w2 (1).tif", "P/Copy of P_B02_s1_w1.tif", "P/P_B02_s1_w3 - Copy.tif")


@pytest.mark.parametrize("when", ["with the plate", "later"])
def test_copies_of_a_plate_s_files_are_no_images(lab: Lab, when: str):
    put_field(lab, 1), put_field(lab, 2, nuclei=5)
    if when == "later":
        settle(lab)
    for number, copy in zip((2, 1, 3), COPIES, strict=True):
        shutil.copy(lab.inbox / name(number), lab.inbox / copy)
    settle(lab)
    settle(lab)

    assert lab.states() == STATES | dict.fromkeys(COPIES, "ignored")
    assert {lab.row(copy).ignored_by for copy in COPIES} == {"copy"}
    assert lab.segmenter.segmented == 2
    assert warned(lab) == [("copies", "P")]


def test_what_is_only_called_a_copy_is_an_image_of_its_own(lab: Lab):
    put_field(lab, 1), put_field(lab, 2)
    put(lab, COPIES[0], 7)
    settle(lab)
    settle(lab)

    assert lab.row(COPIES[0]).state == "done"
    assert lab.row(name(2)).state == "companion"
    assert warned(lab) == [("copies", "P")]


def test_a_copy_is_looked_at_again_after_a_restart_and_ignored_again(lab: Lab):
    put_field(lab, 1)
    shutil.copy(lab.inbox / name(2), lab.inbox / COPIES[0])
    settle(lab), settle(lab)
    lab.restart()
    settle(lab), settle(lab)

    assert lab.row(COPIES[0]).state == "ignored"
    assert lab.segmenter.segmented == 1


def test_what_was_left_alone_by_a_setting_is_counted_when_that_is_gone(lab: Lab):
    bind_folder(lab.engine, str(lab.inbox))
    lab.settings = replace_setting(lab, "off")
    lab.restart()
    put_field(lab), put_field(lab, 2, nuclei=5)
    settle(lab)
    assert set(lab.states().values()) == {"done"}
    assert ungrouped_files(lab.engine) is None

    lab.settings = replace_setting(lab, "auto")
    lab.restart()
    settle(lab, QUIET)

    assert ungrouped_files(lab.engine) == 6
    assert "companion" not in lab.states().values()


def replace_setting(lab: Lab, plates: str):
    return lab.settings.model_copy(update={"plates": plates})
