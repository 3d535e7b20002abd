"""How a real worker ends."""

import signal

import pytest

from nuqleus.database.states import FileState
from nuqleus.database.tables import File
from tests.integration.worker.conftest import PATIENCE

pytestmark = pytest.mark.integration


def test_sigterm_finishes_the_file_at_hand_and_ends_with_status_0(house):
    house.hold.touch()
    with house.run_stand_in() as process:
        house.drop("last.png", nuclei=9)
        house.wait_for("last.png", FileState.RUNNING)
        process.send_signal(signal.SIGTERM)
        house.hold.unlink()

        assert process.wait(PATIENCE) == 0
    assert house.file("last.png", File.state) == FileState.DONE
    assert house.workers.live(PATIENCE) == []


def test_a_worker_that_cannot_work_says_why_and_ends_with_status_1(house, tmp_path):
    (tmp_path / "holiday.jpg").write_text("This is no database. " * 100)
    with house.run("nuqleus.cli", "work", "--database", f"sqlite:///{tmp_path / 'holiday.jpg'}") as process:
        assert process.wait(PATIENCE) == 1

    assert "file is not a database" in (house.settings.state_dir / "worker.log").read_text()
