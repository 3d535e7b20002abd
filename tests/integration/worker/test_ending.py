"""How a real worker ends."""

import signal
import sqlite3

import pytest

from nuqleus.database.file_states import FileState
from nuqleus.database.tables import File
from tests.integration.worker.conftest import PATIENCE, wait_until
from worker.thread_pool import THREADS

pytestmark = pytest.mark.integration


def test_sigterm_finishes_the_file_at_hand_and_ends_with_status_0(deployment):
    with deployment.run_fake() as process:
        with deployment.holding() as wait_until_held:
            deployment.drop("last.png", nuclei=9)
            wait_until_held()
            process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE) == 0
    assert deployment.file("last.png", File.state) == FileState.DONE
    assert deployment.workers.live(PATIENCE) == []


def test_sigterm_gives_back_the_files_of_a_chunk_that_have_not_begun(deployment):
    ids = [deployment.queue(f"{nuclei}.png", nuclei) for nuclei in range(10, 26)]
    with deployment.run_fake() as process:
        with deployment.holding() as wait_until_held:
            deployment.ring(*ids)
            wait_until_held()
            draining = deployment.hold.with_name("draining")
            draining.unlink(missing_ok=True)
            process.send_signal(signal.SIGTERM)
            wait_until(draining.exists, "the worker is told to drain")

        assert process.wait(PATIENCE) == 0
    ended = deployment.rows(File.state, File.id.in_(ids))
    assert set(ended) == {(FileState.DONE,), (FileState.WAITING,)}
    assert ended.count((FileState.DONE,)) <= THREADS


def test_a_worker_that_cannot_work_says_why_and_ends_with_status_1(deployment, tmp_path):
    with sqlite3.connect(tmp_path / "newer.db") as newer:
        newer.execute("CREATE TABLE alembic_version AS SELECT '9999' AS version_num")
    newer.close()
    with deployment.run("cli.main", "work", "--database", f"sqlite:///{tmp_path / 'newer.db'}") as process:
        assert process.wait(PATIENCE) == 1

    log = (deployment.settings.state_dir / "worker.log").read_text()
    assert "This worker can't work, and ends" in log
    assert "9999" in log
