"""Files that harm the process that reads them: each fails, with its reason, and everything else goes on."""

import time

import pytest

from tests.faults.ledger import Fault

ATTEMPTS = 2
"""The first may be in company; the last is alone."""

POISON = {
    "crash": "worker-died",  # SIGSEGV
    "never-end": "worker-died",  # deaf to signals: the hard time limit
    "take-long": "time-limit",  # the soft one
    "eat-memory": "out-of-memory",
}
"""The kind of error that each must end with."""


@pytest.fixture
def plant(build, monkeypatch):
    """Two attempts, and seconds to process a file; a process that once needed 250 MB is replaced."""
    monkeypatch.setenv("STAND_IN_MEMORY_KB", "250000")
    plant = build("sqlite", max_attempts=ATTEMPTS, soft_time_limit=8, time_limit=11)
    plant.start()
    return plant


def test_poisonous_files_fail_and_the_others_are_done(plant, ledger):
    began = time.monotonic()
    plant.drop(
        "0.png", *(f"{poison}.png" for poison in POISON), *(f"{number}.png" for number in range(1, 10))
    )
    plant.wait_for_end()
    seconds = time.monotonic() - began

    rows = {poison: plant.row(f"{poison}.png") for poison in POISON}
    assert {poison: row.error_kind for poison, row in rows.items()} == POISON
    assert max(row.attempts for row in rows.values()) <= ATTEMPTS
    tally = plant.tally()
    assert (tally.done, tally.failed) == (10, len(POISON))
    what = "files that crash their reader, never end, take too long, eat memory, among 10 good ones"
    ledger.write(Fault(what, "sqlite", len(POISON), seconds), tally)


def test_a_process_that_once_needed_much_memory_is_replaced_after_its_file(plant):
    plant.drop("much-memory.png")
    plant.wait_for_end()
    plant.drop("next.png")
    plant.wait_for_end()
    assert plant.tally().done == 2
    assert plant.worker.said().count("Ready: network") == 2
