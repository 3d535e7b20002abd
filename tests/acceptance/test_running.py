"""`nuqleus run` while it watches: slow copies, changed files, killed workers, power cuts, Ctrl-C."""

import subprocess
import time

import pytest

from tests.acceptance.deployment import Deployment, interrupt, kill_all, networks_of
from tests.acceptance.images import png_bytes, save_png

pytestmark = pytest.mark.acceptance

FILES = 12


@pytest.fixture
def watching(deployment):
    """`nuqleus run` in the deployment, whose worker has just finished its first file."""
    save_png(deployment.inbox / "first.png", seed=100)
    process = deployment.start("run", "--input", deployment.inbox)
    deployment.wait_until(lambda: deployment.states() == {"first.png": "done"}, what="first file done")
    return process


def test_what_happens_while_it_watches(deployment, watching):
    """One test, since each start takes many seconds: the parts are independent of each other."""
    a_slow_copy_is_waited_for_and_processed_once(deployment)
    a_changed_file_is_processed_again(deployment)
    a_killed_worker_costs_no_file(deployment, watching)
    assert interrupt(watching) == 0, deployment.log.read_text()


def a_slow_copy_is_waited_for_and_processed_once(deployment: Deployment) -> None:
    content = png_bytes(seed=101)
    with (deployment.inbox / "slow.png").open("wb") as file:
        for start in range(0, len(content), len(content) // 10):
            file.write(content[start : start + len(content) // 10])
            file.flush()
            time.sleep(0.5)  # less than the time to settle
    deployment.wait_until(lambda: deployment.states()["slow.png"] == "done", what="slowly copied file done")
    assert deployment.rows("SELECT attempts, size FROM files WHERE path = 'slow.png'") == [(1, len(content))]


def a_changed_file_is_processed_again(deployment: Deployment) -> None:
    query = "SELECT sha256, size FROM files WHERE path = 'first.png' AND state = 'done'"
    ((before, _),) = deployment.rows(query)
    content = png_bytes(seed=102)
    (deployment.inbox / "first.png").write_bytes(content)
    deployment.wait_until(lambda: _changed(deployment.rows(query), before), what="changed file done again")
    assert _images_per_file(deployment)["first.png"] == 1


def _changed(rows: list[tuple[str, int]], before: str) -> bool:
    return bool(rows) and rows[0][0] != before


def a_killed_worker_costs_no_file(deployment: Deployment, process: subprocess.Popen[bytes]) -> None:
    for seed in range(FILES):
        save_png(deployment.inbox / f"{seed}.png", seed=seed)
    deployment.wait_until(lambda: "running" in deployment.states().values(), what="file being processed")
    networks = networks_of(process)
    assert networks
    for network in networks:
        network.kill()
    deployment.wait_until(lambda: _all_done(deployment, FILES + 2), what="all done after a worker was killed")
    assert set(_images_per_file(deployment).values()) == {1}


def test_after_a_power_cut_everything_is_done_exactly_once(deployment):
    _drop_a_dozen(deployment)
    process = deployment.start("run", "--input", deployment.inbox)
    deployment.wait_until(lambda: _in_the_middle(deployment), what="some done, one being processed")
    done = dict(deployment.rows("SELECT path, finished_at FROM files WHERE state = 'done'"))
    kill_all(process)
    again = deployment.call("run", "--once", "--input", deployment.inbox)
    assert again.returncode == 0, again.stdout + again.stderr
    dropped = {path.name for path in deployment.inbox.iterdir()}
    assert _all_done(deployment, len(dropped))
    assert _images_per_file(deployment) == dict.fromkeys(dropped, 1)
    assert done.items() <= dict(deployment.rows("SELECT path, finished_at FROM files")).items(), "done twice"


def _drop_a_dozen(deployment: Deployment) -> None:
    before = len(list(deployment.inbox.iterdir()))
    for seed in range(before, before + FILES):
        save_png(deployment.inbox / f"{seed}.png", seed=seed)


def _in_the_middle(deployment: Deployment) -> bool:
    states = set(deployment.states().values())
    if states == {"done"}:  # a fast machine does a dozen between two looks
        _drop_a_dozen(deployment)
    return {"done", "running"} <= states


def _all_done(deployment: Deployment, count: int) -> bool:
    return list(deployment.states().values()) == ["done"] * count


def _images_per_file(deployment: Deployment) -> dict[str, int]:
    return dict(
        deployment.rows("SELECT path, count(*) FROM files JOIN images ON file_id = files.id GROUP BY path")
    )
