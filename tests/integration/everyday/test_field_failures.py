"""Fields that fail, and heal by themselves as soon as their files are in order, whichever of them was not."""

import pytest

from nuqleus.database.files.retry import retry_files
from nuqleus.database.queries.status_details import get_details
from tests.integration.everyday.conftest import FIELD_SECONDS, SETTLE, Lab
from tests.integration.everyday.fields_lab import QUIET, images, name, put, put_field, settle

GUID = "12345678-1234-1234-1234-123456789abc"


def doubled(channel: int) -> str:
    """Another file for a channel of the first field."""
    return name(channel).replace(".tif", f"{GUID}.tif")


LEAD = (name(1), doubled(1))
"""Two files for one channel, the first of which leads its field."""

COMPANION = (name(2), doubled(2))


def test_a_field_without_its_nuclear_channel_fails(lab: Lab):
    put_field(lab, 1), put_field(lab, 2), put_field(lab, 3, channels=(2, 3))
    settle(lab, FIELD_SECONDS)

    assert (lab.row(name(2, 3)).state, lab.row(name(2, 3)).error_kind) == ("failed", "no-such-channel")
    assert "w1" in lab.row(name(2, 3)).error

    put(lab, name(1, 3))
    settle(lab)

    assert "failed" not in lab.states().values()
    assert len(images(lab)) == 3


def test_files_of_unequal_size_are_no_field(lab: Lab):
    put_field(lab, channels=(1, 2))
    put(lab, name(3), side=10)
    settle(lab)

    failed = lab.row(name(1))
    assert failed.error_kind == "field-mismatch"
    assert "_w1" in failed.error
    assert "_w3" in failed.error


def test_two_files_for_one_channel_are_both_named(lab: Lab):
    put_field(lab)
    put(lab, doubled(2))
    settle(lab)

    failed = lab.row(name(1))
    assert failed.error_kind == "field-mismatch"
    assert "_w2.tif" in failed.error
    assert "_w212345678" in failed.error


def test_a_companion_that_can_t_be_read_is_named(lab: Lab):
    put_field(lab)
    (lab.inbox / name(2)).write_bytes(b"no image" * 100)
    settle(lab)

    failed = lab.row(name(1))
    assert failed.state == "failed"
    assert "_w2.tif" in failed.error


@pytest.fixture(params=[LEAD, COMPANION], ids=["lead", "companion"])
def mismatch(lab: Lab, request) -> tuple[str, str]:
    """Two files for one channel, and their field's failure: a lead and a companion, or two companions."""
    put_field(lab)
    put(lab, request.param[1])
    settle(lab)
    assert lab.states()[name(1)] == "failed"
    return request.param


def delete(lab: Lab, path: str) -> None:
    (lab.inbox / path).unlink()


def rename(lab: Lab, path: str) -> None:
    (lab.inbox / path).rename(lab.inbox / "P" / "P_B02_s1_old.png")


def move_to_another_field(lab: Lab, path: str) -> None:
    (lab.inbox / path).rename(lab.inbox / name(1, site=7))


def is_healed(lab: Lab) -> bool:
    """Whether the first field is one image of all three channels, and nothing of it failed."""
    of_field = [
        row for row in lab.rows() if row.field_key and "/s1/" in row.field_key and row.state != "ignored"
    ]
    (image,) = [image for image in images(lab) if image.site == 1]
    states = sorted(row.state.value for row in of_field if row.gone_at is None)
    return states == ["companion", "companion", "done"] and image.missing_channels is None


@pytest.mark.parametrize("wrong", [0, 1])
@pytest.mark.parametrize("leave", [delete, rename, move_to_another_field])
def test_one_of_two_files_for_a_channel_that_leaves_heals_the_field(lab: Lab, mismatch, wrong: int, leave):
    leave(lab, mismatch[wrong])
    settle(lab)

    assert is_healed(lab)


def test_also_while_no_scheduler_runs(lab: Lab, mismatch):
    delete(lab, mismatch[0])
    lab.restart()
    settle(lab)

    assert is_healed(lab)


def test_the_field_fails_again_when_both_are_there_again(lab: Lab, mismatch):
    for path in mismatch:
        delete(lab, path)
    lab.tick(SETTLE)
    for path in mismatch:
        put(lab, path)
    settle(lab)
    assert {row.error_kind for row in lab.rows() if row.state == "failed"} == {"field-mismatch"}
    assert images(lab) == []

    delete(lab, mismatch[0])
    settle(lab)
    assert is_healed(lab)

    put(lab, mismatch[0])
    settle(lab)
    assert {row.error_kind for row in lab.rows() if row.state == "failed"} == {"field-mismatch"}


def test_a_lead_that_leaves_while_the_field_is_tried_again_heals_it_all_the_same(lab: Lab, mismatch):
    retry_files(lab.engine, [name(1)])
    delete(lab, mismatch[0])
    settle(lab)

    assert is_healed(lab)


def test_so_does_one_that_the_worker_misses(lab: Lab, mismatch):
    retry_files(lab.engine, [name(1)])
    lab.tick(SETTLE), lab.tick(QUIET)
    delete(lab, mismatch[0])
    lab.work()
    settle(lab)

    assert is_healed(lab)


@pytest.mark.parametrize("channel", [1, 2])
def test_a_file_that_can_t_be_read_and_is_replaced_heals_its_field(lab: Lab, channel: int):
    put_field(lab)
    (lab.inbox / name(channel)).write_bytes(b"no image" * 100)
    settle(lab)
    assert lab.states()[name(1)] == "failed"

    put(lab, name(channel))
    settle(lab)

    assert is_healed(lab)


@pytest.mark.parametrize("channel", [1, 2])
def test_so_does_one_that_goes_and_comes_later(lab: Lab, channel: int):
    put_field(lab)
    (lab.inbox / name(channel)).write_bytes(b"no image" * 100)
    settle(lab)

    delete(lab, name(channel))
    settle(lab)
    put(lab, name(channel))
    settle(lab)

    assert is_healed(lab)


@pytest.mark.parametrize("channel", [1, 3])
def test_a_file_of_another_size_that_is_replaced_heals_its_field(lab: Lab, channel: int):
    put_field(lab)
    put(lab, name(channel), side=10)
    settle(lab)
    assert lab.row(name(1)).error_kind == "field-mismatch"

    put(lab, name(channel))
    settle(lab)

    assert is_healed(lab)


def test_a_failed_field_that_goes_whole_is_missed_by_nobody(lab: Lab, mismatch):
    (lab.inbox / "P").rename(lab.inbox.parent / "away")
    settle(lab, FIELD_SECONDS)

    assert lab.states()[name(1)] == "failed"
    assert get_details(lab.engine, lab.clock()).missed == 0


def test_and_is_tried_again_when_it_comes_back(lab: Lab, mismatch):
    (lab.inbox / "P").rename(lab.inbox.parent / "away")
    settle(lab)
    (lab.inbox.parent / "away" / mismatch[0].removeprefix("P/")).unlink()
    (lab.inbox.parent / "away").rename(lab.inbox / "P")
    settle(lab)

    assert is_healed(lab)


@pytest.mark.parametrize("wrong", [0, 1])
def test_one_of_them_that_is_ignored_from_now_on_heals_the_field(lab: Lab, mismatch, wrong: int):
    lab.restart(ignored=[mismatch[wrong]])
    settle(lab)

    assert is_healed(lab)
    assert lab.states()[mismatch[wrong]] == "ignored"
