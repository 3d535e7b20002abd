"""Thousands of damaged files: none crashes its reader, none keeps it for long, none needs much memory."""

import json
import random
import subprocess
import sys

import pytest

from tests.faults import fuzzing
from tests.faults.fault_report import FULL
from tests.faults.service import REPOSITORY

CASES = 100_000 if FULL else 4_000
AT_ONCE = 2_000


@pytest.fixture(scope="module")
def reports(tmp_path_factory, report):
    """What came of all cases, each batch in a process of its own."""
    folder = tmp_path_factory.mktemp("cases")
    reports = [read_batch(seed, folder) for seed in range(0, CASES, AT_ONCE)]
    slowest, peak = (max(report[name] for report in reports) for name in ("slowest", "peak_mb"))
    figure = f"{CASES:,} cases, 0 crashes, the slowest {slowest:.2f} s of CPU, {peak:.0f} MB at most"
    report.measure("damaged files read (`tests/faults/fuzzing.py`)", figure)
    return reports


def read_batch(seed, folder):
    process = subprocess.run(
        [sys.executable, "-m", "tests.faults.fuzzing", str(seed), str(AT_ONCE), str(folder)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    begun = [path.name for path in folder.iterdir()]
    assert process.returncode == 0, f"reading {begun} ended the process: {process.stderr[-2000:]}"
    return json.loads(process.stdout)


def test_no_damaged_file_crashes_or_keeps_its_reader(reports):
    assert sum(report["cases"] for report in reports) == CASES


def test_what_cannot_be_read_is_refused_in_words_for_people(reports):
    assert [surprise for report in reports for surprise in report["surprises"]] == []


def test_the_damage_reaches_all_kinds_of_refusals_and_spares_some_files(reports):
    kinds = {kind for report in reports for kind in report["outcomes"]}
    assert {"read", "truncated", "damaged", "not-an-image", "unsupported-format", "too-many-pixels"} <= kinds


def test_memory_stays_small(reports):
    assert max(report["peak_mb"] for report in reports) < 1000


@pytest.mark.parametrize("name", fuzzing.seeds())
def test_the_files_that_damage_begins_with_are_whole(name, tmp_path):
    (tmp_path / name).write_bytes(fuzzing.seeds()[name])
    report = fuzzing.Report()
    fuzzing.read(tmp_path / name, report)
    assert report.outcomes == {"read": 1}


def test_a_png_gets_checksums_that_its_reader_accepts():
    whole = fuzzing.seeds()["gray.png"]
    broken = whole.replace(b"IDAT", b"IDAX")
    assert fuzzing.with_checksums(whole) == whole
    assert fuzzing.with_checksums(broken) != broken


def test_the_same_seed_makes_the_same_cases():
    assert list(fuzzing.cases(5, 3)) == list(fuzzing.cases(5, 3))
    assert len({fuzzing.damaged(b"\x89PNG" * 50, random.Random(n)) for n in range(50)}) > 40
