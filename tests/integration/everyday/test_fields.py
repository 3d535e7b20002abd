"""Files of a plate are images together: a field is processed once, as one image, whatever becomes of its files."""

import logging
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image as Picture
from sqlalchemy import select, text, update

from cli.main import main
from model.hashing import hash_file
from nuqleus.database.engine import reading, writing
from nuqleus.database.files.forgetting import find_forgettable, forget_files
from nuqleus.database.files.retry import retry_files
from nuqleus.database.leadership import bind_folder
from nuqleus.database.queries.status_details import get_details
from nuqleus.database.tables import File, Intensity, SchedulerLease
from nuqleus.image_options import DEFAULT_OPTIONS
from tests.fake_segmenter import draw_squares
from tests.integration.everyday.conftest import FIELD_SECONDS, SETTLE, Lab
from tests.integration.everyday.fields_lab import QUIET, STATES, images, name, put, put_field, settle


def channels_measured(lab: Lab) -> set[int]:
    with reading(lab.engine) as connection:
        return set(connection.scalars(select(Intensity.channel)))


@pytest.fixture
def plate(lab: Lab) -> Lab:
    """Two fields of three channels, processed."""
    put_field(lab, 1, nuclei=3)
    put_field(lab, 2, nuclei=5)
    settle(lab)
    assert lab.segmenter.segmented == 2
    return lab


def test_a_field_of_three_files_is_one_image_of_three_channels(plate: Lab):
    assert plate.states() == STATES
    assert [(image.channels, image.n_nuclei, image.site) for image in images(plate)] == [(3, 3, 1), (3, 5, 2)]
    assert channels_measured(plate) == {0, 1, 2}
    assert {image.missing_channels for image in images(plate)} == {None}
    assert {row.companion_of for row in plate.rows()} == {None, *(image.file_id for image in images(plate))}


def test_its_image_knows_its_well(plate: Lab):
    with reading(plate.engine) as connection:
        query = text("SELECT w.name, i.site FROM images i JOIN wells w ON w.id = i.well_id ORDER BY i.site")
        assert [tuple(row) for row in connection.execute(query)] == [("B02", 1), ("B02", 2)]


def test_blank_fields_share_no_results(lab: Lab):
    put_field(lab, 1), put_field(lab, 2), put_field(lab, 1, well="B03")

    settle(lab)

    assert lab.segmenter.segmented == 3
    assert len(images(lab)) == 3


def test_a_copied_plate_is_a_plate_of_its_own(plate: Lab):
    shutil.copytree(plate.inbox / "P", plate.inbox / "Q")
    settle(plate)

    assert plate.segmenter.segmented == 4
    assert len(images(plate)) == 4


def test_a_renamed_plate_takes_its_results_along(plate: Lab):
    before = [image.id for image in images(plate)]
    (plate.inbox / "P").rename(plate.inbox / "Q")
    settle(plate)

    assert plate.segmenter.segmented == 2
    assert [image.id for image in images(plate)] == before
    assert plate.states() == {path.replace("P/", "Q/", 1): state for path, state in STATES.items()}
    with reading(plate.engine) as connection:
        query = text(
            "SELECT p.folder FROM images i JOIN wells w ON w.id = i.well_id JOIN plates p ON p.id = w.plate_id"
        )
        assert set(connection.scalars(query)) == {"Q"}


def test_nothing_is_processed_twice_after_a_restart(plate: Lab):
    plate.restart()
    settle(plate)
    assert plate.segmenter.segmented == 2


@pytest.mark.parametrize("changed", [1, 2])
def test_a_changed_file_of_a_field_processes_the_field_anew(plate: Lab, changed: int):
    old = [image.id for image in images(plate)]
    put(plate, name(changed, 1), 3, value=99)
    settle(plate)

    assert plate.states() == STATES
    assert plate.segmenter.segmented == 3
    assert len(images(plate)) == 2
    assert old[1] in {image.id for image in images(plate)}


def test_a_file_that_is_only_touched_changes_nothing(plate: Lab):
    old = [image.id for image in images(plate)]
    path = plate.inbox / name(2, 1)
    shutil.copy2(path, path.with_name(".copy"))
    path.with_name(".copy").replace(path)
    settle(plate)

    assert plate.states() == STATES
    assert [image.id for image in images(plate)] == old
    assert plate.segmenter.segmented == 2


def test_a_late_channel_is_waited_for(lab: Lab):
    put_field(lab, 1), put_field(lab, 2), put_field(lab, 3, channels=(1, 3))
    settle(lab)
    assert lab.segmenter.segmented == 2

    put(lab, name(2, 3))
    settle(lab)

    assert lab.segmenter.segmented == 3
    assert {image.missing_channels for image in images(lab)} == {None}


def test_a_channel_that_never_comes_leaves_a_gap(lab: Lab):
    put_field(lab, 1), put_field(lab, 2), put_field(lab, 3, channels=(1, 3))
    settle(lab)
    lab.tick(FIELD_SECONDS)
    settle(lab)

    (lacking,) = (image for image in images(lab) if image.site == 3)
    assert (lacking.missing_channels, lacking.channels) == ("w2", 3)
    with reading(lab.engine) as connection:
        measured = select(Intensity.channel).where(Intensity.image_id == lacking.id)
        assert set(connection.scalars(measured)) == {0, 2}


def test_and_the_field_is_processed_again_once_when_it_comes(lab: Lab):
    put_field(lab, 1), put_field(lab, 2), put_field(lab, 3, channels=(1, 3))
    settle(lab, FIELD_SECONDS)
    assert lab.segmenter.segmented == 3

    put(lab, name(2, 3))
    settle(lab)

    assert lab.segmenter.segmented == 4
    assert [image.missing_channels for image in images(lab)] == [None] * 3
    assert lab.states()[name(2, 3)] == "companion"


def test_a_companion_that_goes_leaves_the_results(plate: Lab):
    (plate.inbox / name(2, 1)).unlink()
    went = plate.clock.now
    settle(plate)

    assert len(images(plate)) == 2
    assert plate.states() == STATES
    assert plate.row(name(2, 1)).gone_at == went + SETTLE


def test_a_companion_that_goes_before_its_turn_is_missing(lab: Lab):
    put_field(lab, 1), put_field(lab, 2), put_field(lab, 3)
    lab.tick(SETTLE), lab.tick(SETTLE), lab.tick(QUIET)
    assert [job.file_ids for job in lab.jobs] == [(1,), (4,), (7,)]
    (lab.inbox / name(2, 1)).unlink()
    lab.tick()
    lab.work()
    settle(lab, FIELD_SECONDS)

    assert {image.site: image.missing_channels for image in images(lab)} == {1: "w2", 2: None, 3: None}


def change(lab: Lab) -> None:
    put(lab, name(2), value=9)


def add(lab: Lab) -> None:
    put(lab, name(4))


def remove(lab: Lab) -> None:
    (lab.inbox / name(2)).unlink()


@pytest.mark.parametrize(("happen", "seconds"), [(change, 0), (remove, 0), (add, SETTLE)])
def test_what_befalls_a_companion_ends_the_claim_of_its_lead_at_once(lab: Lab, happen, seconds: float):
    """A file that is added counts from when it stands still."""
    put_field(lab)
    lab.tick(SETTLE), lab.tick(SETTLE), lab.tick(QUIET)
    claim = lab.worker_files.claim(lab.jobs.pop().file_ids[0], "worker", 600.0)
    assert [file.path for file in claim.files] == [name(1), name(2), name(3)]

    happen(lab)
    lab.tick()
    if seconds:
        lab.tick(seconds)

    assert lab.worker_files.renew([claim], 600.0) == [claim]
    assert not lab.worker_files.fail(claim, "damaged", "in vain")


def test_a_lead_that_goes_before_its_turn_leaves_its_field_to_another_file(lab: Lab):
    put_field(lab, 1), put_field(lab, 2), put_field(lab, 3)
    lab.tick(SETTLE), lab.tick(SETTLE), lab.tick(QUIET)
    (lab.inbox / name(1, 1)).unlink()
    settle(lab, FIELD_SECONDS)

    assert lab.row(name(2, 1)).error_kind == "no-such-channel"
    assert len(images(lab)) == 2

    put(lab, name(1, 1))
    settle(lab)

    assert len(images(lab)) == 3
    assert {row.state for row in lab.rows()} == {"done", "companion"}


def test_a_plate_that_goes_and_comes_back_keeps_its_results(plate: Lab):
    old = [image.id for image in images(plate)]
    (plate.inbox / "P").rename(plate.inbox.parent / "away")
    settle(plate)
    assert [image.id for image in images(plate)] == old

    (plate.inbox.parent / "away").rename(plate.inbox / "P")
    settle(plate)

    assert [image.id for image in images(plate)] == old
    assert plate.states() == STATES
    assert plate.segmenter.segmented == 2


def test_retrying_any_file_of_a_field_retries_the_field(plate: Lab):
    assert len(retry_files(plate.engine, [name(3, 1)], only_failed=False)) == 1
    settle(plate)

    assert plate.segmenter.segmented == 3
    assert plate.states() == STATES


def test_forgetting_any_file_of_a_field_forgets_the_field(plate: Lab):
    found = find_forgettable(plate.engine, [name(3, 1)])
    assert (len(found.file_ids), found.images) == (3, 1)

    forget_files(plate.engine, found.file_ids)

    assert {row.path for row in plate.rows()} == {name(channel, 2) for channel in (1, 2, 3)}


def test_deleting_a_lead_s_row_deletes_its_companions_which_are_found_again(plate: Lab):
    with writing(plate.engine) as connection:
        connection.execute(text("DELETE FROM files WHERE path = :path"), {"path": name(1, 1)})
    plate.restart()
    settle(plate)

    assert plate.states() == STATES
    assert plate.segmenter.segmented == 3


@pytest.fixture
def old_plate(plate: Lab) -> Lab:
    """The same as a version before plates left it: each file on its own."""
    alone = {
        "state": "done",
        "companion_of": None,
        "field_key": None,
        "field_channel": None,
        "field_z": None,
    }
    with writing(plate.engine) as connection:
        connection.execute(update(File).values(alone))
        connection.execute(update(SchedulerLease).values(ungrouped_files=None))
    bind_folder(plate.engine, str(plate.inbox))
    plate.restart()
    settle(plate)
    return plate


def test_what_an_earlier_version_processed_one_by_one_stays_so_and_is_counted(old_plate: Lab):
    assert set(old_plate.states().values()) == {"done"}
    assert get_details(old_plate.engine, old_plate.clock()).ungrouped == 6
    assert old_plate.segmenter.segmented == 2


def test_and_stays_so_where_its_folder_is_renamed(old_plate: Lab):
    with writing(old_plate.engine) as connection:
        for path in STATES:
            content = {"sha256": hash_file(old_plate.inbox / path), "image_options": str(DEFAULT_OPTIONS)}
            connection.execute(update(File).where(File.path == path).values(content))
    (old_plate.inbox / "P").rename(old_plate.inbox / "Q")
    settle(old_plate)

    assert old_plate.states() == {path.replace("P/", "Q/", 1): "done" for path in STATES}
    assert old_plate.segmenter.segmented == 2


def test_and_becomes_fields_when_somebody_asks(old_plate: Lab, monkeypatch):
    monkeypatch.setenv("NUQLEUS_DATABASE_URL", old_plate.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("NUQLEUS_INPUT_DIR", str(old_plate.inbox))
    said = CliRunner().invoke(
        main, ["retry", "--regroup", str(old_plate.inbox / "P")], catch_exceptions=False
    )
    assert (said.exit_code, said.output) == (0, "6 files will be processed again.\n")
    settle(old_plate)

    assert old_plate.states() == STATES
    assert [(image.channels, image.n_nuclei) for image in images(old_plate)] == [(3, 3), (3, 5)]
    assert get_details(old_plate.engine, old_plate.clock()).ungrouped == 0


def test_projections_are_the_image_and_steps_their_companions(lab: Lab):
    for step, value in ((1, 120), (2, 180)):
        put(lab, f"P/TimePoint_1/ZStep_{step}/P_B02_s1_w1.tif", 2, value)
    put(lab, "P/TimePoint_1/P_B02_s1_w1.tif", 4)
    put(lab, "P/TimePoint_1/P_B02_s1_w2.tif", 4, 77)
    settle(lab)

    assert [(image.n_nuclei, image.channels) for image in images(lab)] == [(4, 2)]


def test_steps_of_z_are_projected_which_is_said_once(lab: Lab, caplog):
    caplog.set_level(logging.INFO)
    first, second = draw_squares(4), draw_squares(4)
    first[:, :32], second[:, 32:] = 0, 0
    for step, pixels in ((1, first), (2, second)):
        path = lab.inbox / f"P/TimePoint_1/ZStep_{step}/P_B02_s1_w1.tif"
        path.parent.mkdir(parents=True)
        Picture.fromarray(np.ascontiguousarray(pixels)).save(path)
    settle(lab)

    assert [(image.n_nuclei, image.projection) for image in images(lab)] == [(4, "max")]
    assert sum("NUQLEUS_Z" in said for said in caplog.messages) == 1
