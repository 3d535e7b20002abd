"""`nuqleus run` while it watches: slow copies, changed files, killed workers, power cuts, Ctrl-C."""

import subprocess
import time

import pytest

from tests.acceptance.house import House, interrupt, kill_all, networks_of
from tests.acceptance.images import png_bytes, save_png

pytestmark = pytest.mark.acceptance

FILES = 12


@pytest.fixture
def watching(house):
    """`nuqleus run` in the house, whose worker has just finished its first file."""
    save_png(house.inbox / "first.png", seed=100)
    process = house.start("run", "--input", house.inbox)
    house.wait_until(lambda: house.states() == {"first.png": "done"}, what="first file done")
    return process


def test_what_happens_while_it_watches(house, watching):
    """One test, since each start takes many seconds: the parts are independent of each other."""
    a_slow_copy_is_waited_for_and_processed_once(house)
    a_changed_file_is_processed_again(house)
    a_killed_worker_costs_no_file(house, watching)
    assert interrupt(watching) == 0, house.log.read_text()


def a_slow_copy_is_waited_for_and_processed_once(house: House) -> None:
    content = png_bytes(seed=101)
    with (house.inbox / "slow.png").open("wb") as file:
        for start in range(0, len(content), len(content) // 10):
            file.write(content[start : start + len(content) // 10])
            file.flush()
            time.sleep(0.5)  # less than the time to settle
    house.wait_until(lambda: house.states()["slow.png"] == "done", what="slowly copied file done")
    assert house.rows("SELECT attempts, size FROM files WHERE path = 'slow.png'") == [(1, len(content))]


def a_changed_file_is_processed_again(house: House) -> None:
    query = "SELECT sha256, size FROM files WHERE path = 'first.png' AND state = 'done'"
    ((before, _),) = house.rows(query)
    content = png_bytes(seed=102)
    (house.inbox / "first.png").write_bytes(content)
    house.wait_until(lambda: _changed(house.rows(query), before), what="changed file done again")
    assert _images_per_file(house)["first.png"] == 1


def _changed(rows: list[tuple[str, int]], before: str) -> bool:
    return bool(rows) and rows[0][0] != before


def a_killed_worker_costs_no_file(house: House, process: subprocess.Popen[bytes]) -> None:
    for seed in range(FILES):
        save_png(house.inbox / f"{seed}.png", seed=seed)
    house.wait_until(lambda: "running" in house.states().values(), what="file being processed")
    networks = networks_of(process)
    assert networks
    for network in networks:
        network.kill()
    house.wait_until(lambda: _all_done(house, FILES + 2), what="all done after a worker was killed")
    assert set(_images_per_file(house).values()) == {1}


def test_after_a_power_cut_everything_is_done_exactly_once(house):
    for seed in range(FILES):
        save_png(house.inbox / f"{seed}.png", seed=seed)
    process = house.start("run", "--input", house.inbox)
    house.wait_until(lambda: _in_the_middle(house), what="some done, one being processed")
    done = dict(house.rows("SELECT path, finished_at FROM files WHERE state = 'done'"))
    kill_all(process)
    again = house.call("run", "--once", "--input", house.inbox)
    assert again.returncode == 0, again.stdout + again.stderr
    assert _all_done(house, FILES)
    assert _images_per_file(house) == {f"{seed}.png": 1 for seed in range(FILES)}
    assert done.items() <= dict(house.rows("SELECT path, finished_at FROM files")).items(), "done twice"


def _in_the_middle(house: House) -> bool:
    states = list(house.states().values())
    return "done" in states and "running" in states


def _all_done(house: House, count: int) -> bool:
    return list(house.states().values()) == ["done"] * count


def _images_per_file(house: House) -> dict[str, int]:
    return dict(
        house.rows("SELECT path, count(*) FROM files JOIN images ON file_id = files.id GROUP BY path")
    )
