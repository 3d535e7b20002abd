"""Files that harm the process that reads them: each fails, with its reason, and everything else goes on."""

import time

import pytest

from tests.faults.fault_report import Fault

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
def cluster(build, monkeypatch):
    """Two attempts, and seconds to process a file; a process that once needed 250 MB is replaced."""
    monkeypatch.setenv("STAGED_MEMORY_KB", "250000")
    cluster = build("sqlite", max_attempts=ATTEMPTS, soft_time_limit=8, time_limit=11)
    cluster.start()
    return cluster


def test_poisonous_files_fail_and_the_others_are_done(cluster, report):
    began = time.monotonic()
    cluster.drop(
        "0.png", *(f"{poison}.png" for poison in POISON), *(f"{number}.png" for number in range(1, 10))
    )
    cluster.wait_for_end()
    seconds = time.monotonic() - began

    rows = {poison: cluster.row(f"{poison}.png") for poison in POISON}
    assert {poison: row.error_kind for poison, row in rows.items()} == POISON
    assert max(row.attempts for row in rows.values()) <= ATTEMPTS
    counts = cluster.count_files()
    assert (counts.done, counts.failed) == (10, len(POISON))
    what = "files that crash their reader, never end, take too long, eat memory, among 10 good ones"
    report.write(Fault(what, "sqlite", len(POISON), seconds), counts)


def test_a_process_that_once_needed_much_memory_is_replaced_after_its_file(cluster):
    cluster.drop("much-memory.png")
    cluster.wait_for_end()
    cluster.drop("next.png")
    cluster.wait_for_end()
    assert cluster.count_files().done == 2
    assert cluster.worker.said().count("Ready: network") == 2
