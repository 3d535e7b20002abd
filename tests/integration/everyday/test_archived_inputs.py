"""Inputs that are moved away after they were processed: results are kept, whatever is asked for."""

import shutil

from nuqleus.database.files.retry import retry_files, retry_produced_by
from tests.integration.everyday.conftest import SETTLE, Lab, archive


def test_results_of_archived_inputs_are_kept_and_marked(lab: Lab):
    lab.drop("plate/a.png")
    lab.settle()
    archive(lab, "plate")

    lab.tick(1)

    row = lab.row("plate/a.png")
    assert (row.state, row.gone_at) == ("done", lab.clock())
    assert len(lab.images()) == 1


def test_what_is_to_be_processed_again_and_is_not_there_stays_what_it_was(lab: Lab, caplog):
    lab.drop("plate/a.png", 3)
    lab.drop("plate/bad.png").write_bytes(b"no image")
    lab.settle()
    lab.drop("plate/copy.png", 3)
    lab.settle()
    archive(lab, "plate")
    rows, images = lab.rows(), lab.image_ids()

    assert retry_produced_by(lab.engine, lab.model_id) == 1
    assert len(retry_files(lab.engine, ["plate"], only_failed=False)) == 2
    lab.settle()

    assert lab.states() == {"plate/a.png": "done", "plate/bad.png": "failed", "plate/copy.png": "duplicate"}
    for before, after in zip(rows, lab.rows(), strict=True):
        for column in ("sha256", "image_options", "duplicate_of", "error_kind", "error", "finished_at"):
            assert getattr(after, column) == getattr(before, column), (after.path, column)
    assert lab.image_ids() == images
    assert "3 files that were to be processed again are not there" in caplog.text


def test_so_does_one_that_goes_away_between_the_queue_and_the_worker(lab: Lab):
    lab.drop("plate/a.png", 3)
    lab.settle()
    retry_files(lab.engine, ["plate"], only_failed=False)
    lab.tick()
    lab.tick(SETTLE)
    assert lab.states() == {"plate/a.png": "queued"}
    archive(lab, "plate")

    lab.work()
    lab.settle()

    assert lab.states() == {"plate/a.png": "done"}
    assert len(lab.images()) == 1


def test_even_if_only_the_worker_misses_it(lab: Lab):
    lab.drop("plate/a.png", 3)
    lab.settle()
    retry_files(lab.engine, ["plate"], only_failed=False)
    lab.tick()
    lab.tick(SETTLE)
    claim = lab.worker_files.claim(lab.jobs.pop().file_ids[0], "elsewhere", 60.0)

    assert lab.worker_files.fail(claim, "vanished", "It is not there.")

    row = lab.row("plate/a.png")
    assert (row.state, row.previous_state, row.error_kind) == ("done", None, None)
    assert len(lab.images()) == 1


def test_when_they_come_back_they_are_what_they_were(lab: Lab):
    lab.drop("plate/a.png", 3)
    lab.settle()
    archive(lab, "plate")
    lab.settle()

    shutil.move(lab.inbox.parent / "archive" / "plate", lab.inbox / "plate")
    lab.settle()

    assert lab.there() == {"plate/a.png": "done"}
    assert lab.segmenter.segmented == 1
