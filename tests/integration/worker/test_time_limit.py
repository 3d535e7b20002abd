"""A real worker and a file that takes longer than a file may."""

import pytest

from nuqleus.database.file_states import FileState
from nuqleus.database.tables import File

pytestmark = pytest.mark.integration


def test_a_file_that_takes_too_long_is_failed_and_the_worker_goes_on(deployment):
    with deployment.run_fake(soft_time_limit=4) as worker:
        with deployment.holding():
            deployment.drop("slow.png", nuclei=6)
            deployment.wait_for("slow.png", FileState.FAILED)
        deployment.drop("next.png", nuclei=7)
        deployment.wait_for("next.png", FileState.DONE)
        assert worker.poll() is None

    assert deployment.file("slow.png", File.error_kind) == "time-limit"
