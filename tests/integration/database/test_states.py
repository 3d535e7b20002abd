"""From state to state, on both databases."""

from random import Random

import pytest

from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import SeenFile
from nuqleus.database.queries import file_queries
from nuqleus.database.tables import Image, Intensity, Mask, Nucleus
from tests.examples import complete, image_result, observe
from tests.integration.database.conftest import LEASE, Archive


def test_a_new_file_waits(archive: Archive):
    ids = observe(archive.files, SeenFile("well 1/a.png", 10, 1), SeenFile("b.png", 20, 2))

    assert set(ids) == {"well 1/a.png", "b.png"}
    assert archive.files.counts()[FileState.WAITING] == 2
    row = archive.row(ids["b.png"])
    assert (row.path, row.size, row.mtime_ns, row.attempts) == ("b.png", 20, 2, 0)
    assert row.discovered_at == archive.clock.now


def test_a_file_seen_again_unchanged_stays_as_it_is(archive: Archive):
    file_id = archive.done("a.png")

    assert observe(archive.files, SeenFile("a.png", 10, 1)) == {"a.png": file_id}

    assert archive.state(file_id) == "done"
    assert len(archive.rows(Image)) == 1


@pytest.mark.parametrize("change", [SeenFile("a.png", 11, 1), SeenFile("a.png", 10, 2)])
def test_a_file_with_another_stamp_waits_for_a_look_at_its_content_and_keeps_its_results(
    archive: Archive, change: SeenFile
):
    file_id = archive.done("a.png", "abc")
    finished = archive.row(file_id).finished_at

    archive.files.observe([change])

    row = archive.row(file_id)
    assert (row.state, row.size, row.mtime_ns) == (FileState.WAITING, change.size, change.mtime_ns)
    assert (row.previous_state, row.suspected, row.attempts) == (FileState.DONE, True, 0)
    assert (row.sha256, row.finished_at) == ("abc", finished)
    assert [len(archive.rows(table)) for table in (Image, Mask, Nucleus, Intensity)] == [1, 1, 3, 3]


def test_another_content_takes_all_results_away(archive: Archive):
    file_id = archive.done("a.png")
    archive.files.observe([SeenFile("a.png", 11, 2)])
    archive.files.enqueue([file_id])
    claim = archive.worker_files.claim(file_id, "worker 1", LEASE)

    assert archive.worker_files.drop_results(claim)

    assert [len(archive.rows(table)) for table in (Image, Mask, Nucleus, Intensity)] == [0, 0, 0, 0]
    row = archive.row(file_id)
    assert (row.state, row.sha256, row.previous_state, row.suspected) == (
        FileState.RUNNING,
        None,
        None,
        False,
    )


def test_a_path_may_hold_any_bytes_but_nul(archive: Archive):
    odd = b"dir\\x/na\xffme\n\x1b[31m \xc3\xa9.png".decode("utf-8", "surrogateescape")

    file_id = archive.waiting(odd)

    assert [file.path for file in archive.files.known()] == [odd]
    assert observe(archive.files, SeenFile(odd, 10, 1)) == {odd: file_id}


def test_known_yields_every_file_across_pages(archive: Archive, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(file_queries, "PAGE_SIZE", 2)
    ids = [archive.waiting(f"{number}.png") for number in range(5)]

    assert [file.id for file in archive.files.known()] == ids


def test_known_yields_the_files_in_some_states(archive: Archive):
    archive.done("a.png")
    waiting, queued = archive.waiting("b.png"), archive.queued("c.png")

    assert [file.id for file in archive.files.known(FileState.WAITING, FileState.QUEUED)] == [waiting, queued]


def test_a_path_that_no_index_takes_is_passed_over(archive: Archive, caplog: pytest.LogCaptureFixture):
    # random, since PostgreSQL compresses before it measures
    random = Random(0)
    path = "/".join("".join(random.choices("abcdefghijklmnopqrstuvwxyz\udc80", k=200)) for _ in range(13))

    assert set(observe(archive.files, SeenFile(path, 1, 1), SeenFile("a.png", 1, 1))) == {"a.png"}
    assert "too long" in caplog.text
    assert set(observe(archive.files, SeenFile(path[:2000], 1, 1))) == {"a.png", path[:2000]}


def test_only_a_waiting_file_is_queued(archive: Archive):
    waiting, running = archive.waiting("a.png"), archive.running("b.png").file_id

    assert [file.id for file in archive.files.enqueue([waiting, running])] == [waiting]
    assert archive.files.enqueue([waiting]) == []
    assert archive.row(waiting).queued_at == archive.clock.now


def test_a_queued_file_is_claimed_once(archive: Archive):
    file_id = archive.queued("a.png")

    claim = archive.worker_files.claim(file_id, "worker 1", LEASE)

    assert claim is not None
    assert (claim.path, claim.size, claim.mtime_ns, claim.attempt) == ("a.png", 10, 1, 1)
    assert archive.worker_files.claim(file_id, "worker 2", LEASE) is None
    assert archive.row(file_id).lease_expires_at == archive.clock.now + LEASE


def test_renewing_moves_the_end_of_the_lease(archive: Archive):
    claim = archive.running()
    archive.clock.advance(50)

    assert archive.worker_files.renew([claim], LEASE) == []

    assert archive.row(claim.file_id).lease_expires_at == archive.clock.now + LEASE


def test_completing_stores_everything_with_the_state(archive: Archive):
    claim = archive.running()
    archive.clock.advance(7)

    images = [image_result(3, channels=2, z=z, pixel_size_um=0.5) for z in range(2)]
    complete(archive.worker_files, claim, "abc", archive.model_id, iter(images))

    row = archive.row(claim.file_id)
    assert (row.state, row.sha256, row.finished_at) == (FileState.DONE, "abc", archive.clock.now)
    assert (row.lease_owner, row.lease_expires_at) == (None, None)
    first, second = archive.rows(Image)
    assert (first.file_id, first.z, second.z, first.n_nuclei) == (claim.file_id, 0, 1, 3)
    assert (first.seconds_read, first.seconds_measure) == (0.1, 0.5)
    assert first.seconds_store > 0
    assert len(archive.rows(Nucleus)) == 2 * 3
    assert len(archive.rows(Intensity)) == 2 * 3 * 2


def test_a_file_without_nuclei_is_done_too(archive: Archive):
    file_id = archive.done(images=[image_result(0)])

    assert archive.state(file_id) == "done"
    assert [image.n_nuclei for image in archive.rows(Image)] == [0]


def test_what_is_not_a_number_is_null_in_both_databases(archive: Archive):
    result = image_result(2)
    result.nuclei["form_factor"][:] = [float("nan"), float("inf")]

    archive.done(images=[result])

    assert [nucleus.form_factor for nucleus in archive.rows(Nucleus)] == [None, None]


def test_results_are_written_all_or_not_at_all(archive: Archive):
    claim = archive.running()
    twice_the_same_plane = [image_result(), image_result()]

    with pytest.raises(Exception, match=r"(?i)unique"):
        complete(archive.worker_files, claim, "abc", archive.model_id, twice_the_same_plane)

    assert archive.state(claim.file_id) == "running"
    assert archive.rows(Image) == []
    assert archive.rows(Nucleus) == []


def test_a_failed_file_says_why(archive: Archive):
    claim = archive.running()

    assert archive.worker_files.fail(claim, "truncated", "a\x00b\udcff: the file ends early")

    row = archive.row(claim.file_id)
    assert (row.state, row.error_kind) == (FileState.FAILED, "truncated")
    assert row.error == r"a\x00b\xff: the file ends early"
    assert (row.lease_owner, row.finished_at) == (None, archive.clock.now)


def test_a_released_file_waits_and_has_its_attempt_back(archive: Archive):
    claim = archive.running()

    assert archive.worker_files.release(claim)

    row = archive.row(claim.file_id)
    assert (row.state, row.attempts, row.lease_owner, row.queued_at) == (FileState.WAITING, 0, None, None)


def test_a_file_that_vanished_before_its_turn_fails(archive: Archive):
    waiting, queued, running = archive.waiting("a"), archive.queued("b"), archive.running("c").file_id

    assert archive.files.end_vanished([waiting, queued, running]) == (2, 0)

    assert archive.row(waiting).error_kind == "vanished"
    assert archive.state(running) == "running"


def test_a_file_that_vanished_is_new_when_it_comes_back(archive: Archive):
    file_id = archive.waiting("a.png")
    archive.files.end_vanished([file_id])

    archive.files.observe([SeenFile("a.png", 10, 1)])

    assert archive.state(file_id) == "waiting"


def test_files_are_counted_by_state(archive: Archive):
    archive.waiting("a"), archive.queued("b"), archive.running("c"), archive.done("d"), archive.failed("e")

    assert archive.files.counts() == {
        state: int(state not in {"duplicate", "ignored", "companion"}) for state in FileState
    }
