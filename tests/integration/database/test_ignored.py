"""Files that are no images go into a state of their own, and out of it, on both databases."""

import pytest

from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.retry import retry_files
from nuqleus.database.tables import Image
from nuqleus.errors import LeaseLost
from tests.examples import complete, image_result, observe
from tests.integration.database.conftest import Archive


def reason(archive: Archive, file_id: int) -> tuple[str, str | None]:
    row = archive.row(file_id)
    return row.state.value, row.ignored_by


def test_a_new_file_is_ignored_with_its_reason(archive: Archive):
    ids = observe(archive.files, SeenFile("a.xml", 1, 1, "metadata"), SeenFile("a.tif", 1, 1))

    assert reason(archive, ids["a.xml"]) == ("ignored", "metadata")
    assert reason(archive, ids["a.tif"]) == ("waiting", None)


def test_a_known_file_that_has_not_changed_stays_as_it_is(archive: Archive):
    file_id = archive.done("a_mask.tif")
    row = archive.row(file_id)

    archive.files.observe([SeenFile("a_mask.tif", row.size, row.mtime_ns, "mask")])

    assert archive.row(file_id) == row
    assert len(archive.rows(Image)) == 1


def test_a_changed_file_that_is_no_image_any_more_loses_its_results(archive: Archive):
    file_id = archive.done("a_mask.tif")

    archive.files.observe([SeenFile("a_mask.tif", 99, 99, "mask")])

    assert reason(archive, file_id) == ("ignored", "mask")
    assert archive.rows(Image) == []


def test_files_that_wait_are_ignored_and_no_others(archive: Archive):
    waiting, queued, done = archive.waiting("a"), archive.queued("b"), archive.done("c")

    archive.files.ignore({waiting: "mask", queued: "mask", done: "mask"})

    assert [archive.state(file_id) for file_id in (waiting, queued, done)] == ["ignored", "queued", "done"]


def test_results_of_a_file_that_is_ignored_go_to_its_duplicate(archive: Archive):
    original = archive.done("a_mask.tif")
    duplicate = archive.duplicate("b.tif", original)
    retry_files(archive.engine, ["a_mask.tif"], only_failed=False)

    archive.files.ignore({original: "mask"})

    assert (archive.state(original), archive.state(duplicate)) == ("ignored", "done")
    assert [image.file_id for image in archive.rows(Image)] == [duplicate]


def test_what_came_before_its_image_is_ignored_in_any_state_and_has_no_results(archive: Archive):
    others = [archive.done("a.tif"), archive.done("c_mask.tif", "c")]
    found = [archive.done("a_mask.tif", "mask"), archive.waiting("b_mask.tif"), archive.queued("d_mask.tif")]
    ignored = observe(archive.files, SeenFile("e_mask.tif", 1, 1, "setting"))["e_mask.tif"]

    archive.files.ignore_overtaken(
        dict.fromkeys(("a_mask.tif", "b_mask.tif", "d_mask.tif", "e_mask.tif", "nowhere.tif"), "mask")
    )

    assert [reason(archive, file_id) for file_id in found] == [("ignored", "mask")] * 3
    assert reason(archive, ignored) == ("ignored", "setting")
    assert [archive.state(file_id) for file_id in others] == ["done", "done"]
    assert sorted(image.file_id for image in archive.rows(Image)) == others


def test_a_worker_that_is_at_what_came_before_its_image_writes_nothing(archive: Archive):
    claim = archive.running("a_mask.tif")

    archive.files.ignore_overtaken({"a_mask.tif": "mask"})

    with pytest.raises(LeaseLost):
        complete(archive.worker_files, claim, "abc", archive.model_id, [image_result()])
    assert reason(archive, claim.file_id) == ("ignored", "mask")
    assert archive.rows(Image) == []


def test_failed_accessories_are_ignored_unless_they_have_results(archive: Archive):
    failed, waiting = archive.failed("a.xml", "not-an-image"), archive.waiting("b.xml")
    kept = archive.done("c_mask.tif")
    retry_files(archive.engine, ["c_mask.tif"], only_failed=False)
    archive.files.enqueue([kept])
    claim = archive.worker_files.claim(kept, "worker 1", 60)
    assert claim
    archive.worker_files.fail(claim, "unreadable", "The drive is away.")

    archive.files.ignore_failed({failed: "metadata", waiting: "metadata", kept: "mask"})

    assert reason(archive, failed) == ("ignored", "metadata")
    assert (archive.row(failed).error_kind, archive.row(failed).finished_at) == (None, None)
    assert [archive.state(file_id) for file_id in (waiting, kept)] == ["waiting", "failed"]
    assert len(archive.rows(Image)) == 1


def test_an_ignored_file_is_reconsidered_and_no_other(archive: Archive):
    ids = observe(archive.files, SeenFile("a.xml", 1, 1, "metadata"))
    done = archive.done("b.tif")

    archive.files.reconsider([*ids.values(), done])

    assert reason(archive, ids["a.xml"]) == ("waiting", None)
    assert archive.state(done) == "done"


def test_ignored_files_have_ended_but_are_not_retried(archive: Archive):
    archive.files.observe([SeenFile("a.xml", 1, 1, "metadata")])

    assert retry_files(archive.engine, only_failed=False) == []
