"""Files and folders that are moved or renamed take their results along: content decides."""

import os
import shutil

import pytest
from sqlalchemy import text

from nuqleus.database.engine import writing
from nuqleus.errors import LeaseLost
from tests.integration.everyday.conftest import SETTLE, Lab


@pytest.fixture
def processed(lab: Lab) -> Lab:
    for nuclei, name in enumerate(("a.png", "b.png", "c.png"), start=3):
        lab.drop(f"plate/{name}", nuclei)
    lab.settle()
    assert lab.segmenter.segmented == 3
    return lab


NOW = {"renamed/a.png": 3, "renamed/b.png": 4, "renamed/c.png": 5}


def test_a_renamed_folder_takes_its_results_along(processed: Lab):
    lab, ids, images = processed, {row.id for row in processed.rows()}, processed.images()
    (lab.inbox / "plate").rename(lab.inbox / "renamed")

    lab.settle()

    assert lab.exported() == NOW
    assert lab.states() == dict.fromkeys(NOW, "done")
    assert ({row.id for row in lab.rows()}, lab.images()) == (ids, images)
    assert {(row.gone_at, row.previous_state) for row in lab.rows()} == {(None, None)}
    assert lab.segmenter.segmented == 3


def test_whatever_model_found_them(processed: Lab):
    lab = processed
    with writing(lab.engine) as connection:
        connection.execute(text("UPDATE models SET weights_sha256 = 'of an older model'"))
    from nuqleus.database.model_registry import register_model

    lab.model_id = register_model(lab.engine, "newer", "1" * 64, {}, {}, "tests")
    lab.restart()
    (lab.inbox / "plate").rename(lab.inbox / "renamed")

    lab.settle()

    assert lab.exported() == NOW
    assert lab.segmenter.segmented == 3


def test_after_that_nothing_happens_any_more(processed: Lab):
    lab = processed
    (lab.inbox / "plate").rename(lab.inbox / "renamed")
    lab.settle()
    rows = lab.rows()

    lab.restart()
    lab.settle()

    assert lab.rows() == rows


@pytest.mark.parametrize("copy", [shutil.copy2, os.link], ids=["copy", "hard link"])
def test_where_both_paths_are_there_one_is_a_duplicate_and_inherits_when_the_other_goes(lab: Lab, copy):
    original = lab.drop("a.png", 3)
    lab.settle()
    copy(original, lab.inbox / "b.png")
    lab.settle()
    assert lab.states() == {"a.png": "done", "b.png": "duplicate"}

    original.unlink()
    lab.settle()

    assert lab.there() == {"b.png": "done"}
    assert lab.exported() == {"b.png": 3}
    assert lab.segmenter.segmented == 1


def test_two_of_one_content_that_are_renamed_together_stay_two(lab: Lab):
    for name in ("plate/a.png", "plate/b.png"):
        lab.drop(name, 3)
        lab.settle()
    (lab.inbox / "plate").rename(lab.inbox / "renamed")

    lab.settle()

    assert sorted(lab.states().values()) == ["done", "duplicate"]
    assert lab.exported() == {"renamed/a.png": 3, "renamed/b.png": 3}
    assert len(lab.images()) == 1


def test_one_that_comes_back_to_its_old_path_while_its_copy_stays_is_a_duplicate(processed: Lab):
    lab = processed
    (lab.inbox / "plate").rename(lab.inbox / "renamed")
    lab.settle()
    shutil.copytree(lab.inbox / "renamed", lab.inbox / "plate")

    lab.settle()

    assert sorted(lab.states().values()) == ["done"] * 3 + ["duplicate"] * 3
    assert lab.segmenter.segmented == 3


def test_a_worker_that_lost_its_lease_moves_nothing(processed: Lab):
    lab = processed
    (lab.inbox / "plate").rename(lab.inbox / "renamed")
    lab.tick()
    lab.tick(SETTLE)
    file_id = lab.jobs[0].file_ids[0]
    claim = lab.worker_files.claim(file_id, "slow", 60.0)
    lab.worker_files.release(claim)
    sha256 = next(
        row.sha256 for row in lab.rows() if row.path.startswith("plate") and claim.path[-5:] in row.path
    )

    with pytest.raises(LeaseLost):
        lab.worker_files.follow_move(claim, sha256)
    assert len(lab.rows()) == 6


def test_a_commit_that_succeeded_unheard_is_told_as_what_it_is(processed: Lab):
    lab = processed
    (lab.inbox / "plate").rename(lab.inbox / "renamed")
    lab.tick()
    lab.tick(SETTLE)
    claim = lab.worker_files.claim(lab.jobs[0].file_ids[0], "me", 60.0)
    sha256 = next(
        row.sha256 for row in lab.rows() if row.path.startswith("plate") and claim.path[-5:] in row.path
    )

    assert lab.worker_files.follow_move(claim, sha256)
    assert lab.worker_files.follow_move(claim, sha256)
    assert len(lab.rows()) == 5
