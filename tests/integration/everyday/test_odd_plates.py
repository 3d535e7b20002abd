"""Plates with strays, copies and names of two kinds: nothing is counted twice, and nothing is left alone in silence."""

import logging
import shutil
from pathlib import Path

import pytest
import tifffile
from PIL import Image as Picture
from sqlalchemy import func, select

from nuqleus.database.engine import reading
from nuqleus.database.files.regrouping import ungrouped_files
from nuqleus.database.leadership import bind_folder
from nuqleus.database.plate_warnings import plate_warnings
from nuqleus.database.tables import Channel
from nuqleus.rules import Rule, Rules
from tests.fake_segmenter import draw_squares
from tests.integration.everyday.conftest import FIELD_SECONDS, SETTLE, Lab
from tests.integration.everyday.fields_lab import QUIET, STATES, images, name, put, put_field, settle


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
        len(
            [
                said
                for said in caplog.messages
                if said.startswith("P: 3 of 5 image files are named as ImageXpress")
            ]
        )
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


def test_a_copy_is_looked_at_again_after_a_restart_and_ignored_again(lab: Lab, caplog):
    caplog.set_level(logging.WARNING)
    put_field(lab, 1)
    shutil.copy(lab.inbox / name(2), lab.inbox / COPIES[0])
    settle(lab), settle(lab)
    lab.restart()
    settle(lab), settle(lab)

    assert lab.row(COPIES[0]).state == "ignored"
    assert lab.segmenter.segmented == 1
    assert len([said for said in caplog.messages if "called a copy" in said]) == 1


def test_what_was_left_alone_by_a_setting_is_counted_when_that_is_gone(lab: Lab):
    bind_folder(lab.engine, str(lab.inbox))
    lab.tick()
    assert ungrouped_files(lab.engine) == 0
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


def lacking(lab: Lab) -> dict[int, tuple[str | None, int]]:
    return {image.site: (image.missing_channels, image.channels) for image in images(lab)}


@pytest.mark.parametrize("first", [1, 2])
def test_what_a_field_lacks_is_the_same_in_whatever_order_channels_come(lab: Lab, first: int):
    put_field(lab, first, channels=(1, 2) if first == 1 else (1, 2, 3))
    settle(lab, FIELD_SECONDS)
    put_field(lab, 3 - first, channels=(1, 2) if first == 2 else (1, 2, 3))
    settle(lab, FIELD_SECONDS)

    assert lacking(lab) == {1: ("w3", 3), 2: (None, 3)}
    assert lab.segmenter.segmented == 2
    with reading(lab.engine) as connection:
        names = connection.execute(select(Channel.image_id, func.count()).group_by(Channel.image_id))
        assert {count for _, count in names} == {3}


def test_a_field_that_is_read_when_its_plate_gets_a_channel_is_read_again(lab: Lab):
    put_field(lab, 1, channels=(1, 2))
    lab.tick(SETTLE), lab.tick(SETTLE), lab.tick(QUIET)
    claim = lab.worker_files.claim(lab.jobs.pop().file_ids[0], "worker", 600.0)
    put_field(lab, 2, channels=(1, 2, 3))
    lab.tick(SETTLE), lab.tick(SETTLE), lab.tick(FIELD_SECONDS)

    assert lab.worker_files.renew([claim], 600.0) == [claim]
    settle(lab, FIELD_SECONDS)
    assert lacking(lab) == {1: ("w3", 3), 2: (None, 3)}


def test_a_channel_that_a_rule_asks_for_is_missing_though_nobody_knows_its_name(lab: Lab, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text("[[rule]]\npath = 'P/*'\nchannels = 4\n")
    lab.settings = lab.settings.model_copy(update={"rules": rules})
    lab.restart()
    put_field(lab, 1, channels=(1, 2))
    settle(lab, FIELD_SECONDS)
    assert lacking(lab) == {1: ("?, ?", 2)}

    put_field(lab, 2, channels=(1, 2, 3))
    settle(lab, FIELD_SECONDS)
    assert lacking(lab) == {1: ("w3, ?", 3), 2: ("?", 3)}


def voyager(site: int, action: int, channel: int) -> str:
    return f"V/V_B02_T0001F{site:03d}L01A{action:02d}Z01C{channel:02d}.tif"


def test_a_channel_of_each_action_is_a_field(lab: Lab):
    for site in (1, 2):
        for number in (1, 2, 3):
            put(lab, voyager(site, number, number), 3 + site, 200 + number)
    settle(lab)

    assert [(image.channels, image.n_nuclei) for image in images(lab)] == [(3, 4), (3, 5)]


def test_actions_that_turn_out_to_take_the_same_channel_are_parted_while_they_wait(lab: Lab):
    put(lab, voyager(1, 1, 1), 3), put(lab, voyager(1, 2, 2), 3, 77)
    lab.tick(SETTLE), lab.tick(SETTLE)
    put(lab, voyager(1, 2, 1), 3, 99)
    settle(lab)
    settle(lab, FIELD_SECONDS)

    keys = {row.path: row.field_key.rpartition("/")[2] for row in lab.rows()}
    assert keys == {voyager(1, 1, 1): "L01A01", voyager(1, 2, 2): "L01A02", voyager(1, 2, 1): "L01A02"}


def put_ome_set(lab: Lab, sample: str) -> None:
    """Two files, each with a channel of one image."""
    names = [f"O/{sample}_C{channel}.ome.tif" for channel in (0, 1)]
    planes = "".join(
        f'<TiffData FirstC="{channel}" IFD="0" PlaneCount="1"><UUID FileName="{Path(one).name}">urn:uuid:{one}</UUID>'
        "</TiffData>"
        for channel, one in enumerate(names)
    )
    channels = "".join(
        f'<Channel ID="C:{number}" Name="{dye}"/>' for number, dye in enumerate(("DAPI", "GFP"))
    )
    pixels = draw_squares(3)
    for one in names:
        xml = (
            f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{one}"><Image ID="I">'
            f'<Pixels ID="P" DimensionOrder="XYCZT" Type="uint8" SizeX="{pixels.shape[1]}" SizeY="{pixels.shape[0]}" '
            f'SizeC="2" SizeZ="1" SizeT="1">{channels}{planes}</Pixels></Image></OME>'
        )
        (lab.inbox / "O").mkdir(exist_ok=True)
        tifffile.imwrite(lab.inbox / one, pixels, description=xml, metadata=None)


def test_files_of_an_ome_set_are_told_of_once_a_folder_until_a_rule_puts_them_together(lab: Lab):
    put_ome_set(lab, "a"), put_ome_set(lab, "b")
    settle(lab)

    ((kind, path),) = warned(lab)
    assert (kind, Path(path).parent.name) == ("ome-set", "O")
    (lab.inbox / "O").rename(lab.inbox / "P")
    lab.restart()
    lab.tick()
    assert warned(lab) == []


def test_a_rule_makes_one_image_of_them_with_the_names_that_the_files_give(lab: Lab):
    rule = Rule(path="O/*", pattern=r"_C(?P<channel>\d+)\.ome\.tiff?$")
    lab.restart(rules=Rules([rule]))
    put_ome_set(lab, "a")
    settle(lab)

    (image,) = images(lab)
    assert (image.channels, image.n_nuclei, image.nuclear_channel_by) == (2, 3, "name")
    assert warned(lab) == []
