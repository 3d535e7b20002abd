"""`nuqleus status`, as a terminal shows it."""

import io

import pytest
from rich.console import Console

from cli.status_view import draw
from nuqleus.database.file_states import FileState
from nuqleus.database.plate_warnings import KnownWarning
from nuqleus.database.queries.caveats import DoubtfulFiles, StandingOut
from nuqleus.database.queries.status import FailedFile, Status
from nuqleus.database.queries.status_details import RunningFile, StatusDetails
from nuqleus.database.workers import LiveWorker

NOW = 1_700_000_000.0


NOTHING = {
    "leader": None,
    "queue_age_seconds": None,
    "running": [],
    "failures_by_kind": {},
    "ignored_by_kind": {},
    "guessed_channels": DoubtfulFiles(0, None),
    "unsure_images": DoubtfulFiles(0, None),
    "standing_out": StandingOut(0, 0),
    "plates_by_convention": {},
    "missed": 0,
    "restorable": 0,
    "ungrouped": 0,
    "plate_warnings": [],
    "stage_seconds": {},
}
"""Details of a database in which there is nothing."""


def worker(number: int, **changed) -> LiveWorker:
    plain = {"device": "cpu:0", "started_at": NOW - 3600, "seen_at": NOW - 3, "files_done": 1234}
    return LiveWorker(**{"id": number, "host": "node", "pid": 100 + number, **plain, **changed})


@pytest.fixture
def show():
    """The lines of the view; keyword arguments replace what is in the database."""

    def show(**given) -> list[str]:
        counts = dict.fromkeys(FileState, 0) | given.pop("counts", {})
        status = {"files_per_minute": None, "seconds_left": None, "workers": [], "failures": []}
        status |= {name: given.pop(name) for name in status.keys() & given.keys()}
        console = Console(file=io.StringIO(), width=140, highlight=False)
        console.print(draw(Status(counts, **status), StatusDetails(**NOTHING | given), NOW))
        return [line.rstrip() for line in console.file.getvalue().splitlines()]

    return show


def line_with(lines: list[str], text: str) -> str:
    (line,) = [line for line in lines if text in line]
    return line


def test_nothing_has_happened_yet(show):
    assert show() == [
        "no files yet",
        "nothing ended in the last five minutes",
        "no scheduler at work",
        "no live workers",
    ]


def test_a_bar_shows_what_has_ended_of_everything(show):
    counts = {FileState.DONE: 1000, FileState.FAILED: 250, FileState.QUEUED: 3750}

    lines = show(counts=counts, files_per_minute=1250.04, seconds_left=180.0, queue_age_seconds=75)

    assert lines[0] == "3,750 queued, 1,000 done, 250 failed"
    assert lines[1].startswith("━" * 10)
    assert lines[1].endswith("25.0% of 5,000 files")
    assert lines[2] == (
        "1,250.0 files per minute, about 0:03:00 left, the queue's first file waits for 0:01:15"
    )


def test_there_is_no_bar_when_everything_has_ended(show):
    assert not any("━" in line for line in show(counts={FileState.DONE: 5}))


def test_workers_show_their_device_and_the_file_they_began_first(show):
    files = [
        RunningFile("a [b].tif", "node:101:1", NOW - 70),
        RunningFile("c.tif", "node:101:1", NOW - 5),
        RunningFile("d\x1b.tif", "node:102:2", NOW - 4),
    ]

    lines = show(workers=[worker(1), worker(2, device="gpu:0"), worker(3)], running=files, leader="node:7")

    assert "scheduler: node:7" in lines
    first, second, third = (line_with(lines, f"node 10{number}") for number in (1, 2, 3))
    for part in ("cpu:0", "1:00:00", "1,234", "0:00:03 ago", "a [b].tif (0:01:10) and 1 more"):
        assert part in first
    assert "gpu:0" in second
    assert r"d\x1b.tif (0:00:04)" in second
    assert ".tif" not in third


def test_stages_show_their_share_of_the_time(show):
    assert "time spent: read 10%, network 90%" in show(stage_seconds={"read": 1.0, "network": 9.0})


def test_failures_are_counted_by_reason_and_the_last_ones_shown(show):
    failure = FailedFile("bad\udcff.png", "truncated", "[red]ends[/red] early", NOW)

    lines = show(failures=[failure], failures_by_kind={"truncated": 1200, "damaged": 1})

    assert "Last failures, of 1,200 truncated, 1 damaged" in lines
    assert "[red]ends[/red] early" in line_with(lines, r"bad\xff.png")


def test_ignored_files_are_counted_by_reason(show):
    line = line_with(
        show(counts={FileState.IGNORED: 9}, ignored_by_kind={"metadata": 8, "mask": 1}), "being no"
    )

    assert line.startswith("9 files ignored, being no images (8 metadata, 1 mask)")


def test_a_guessed_channel_is_shown_with_an_example_and_what_to_do(show):
    shown = " ".join(show(guessed_channels=DoubtfulFiles(12, "bad\udcff.tif")))

    assert "CHECK the channel: in 12 files, which one shows the nuclei was GUESSED" in shown
    assert "bad\\xff.tif" in shown
    assert "--channel" in shown


def test_images_that_the_network_is_unsure_of_are_shown_with_an_example_and_what_to_do(show):
    shown = " ".join(show(unsure_images=DoubtfulFiles(3, "bad\udcff.tif")))

    assert "CHECK the nuclei: in 3 files the network is less sure than not" in shown
    assert "bad\\xff.tif" in shown
    assert "docs/fine-tuning.md" in shown


def test_plates_are_told_by_whose_names_they_have(show):
    line = line_with(show(plates_by_convention={"ImageXpress": 2, "InCell": 1}), "plates")

    assert line == "3 plates (2 ImageXpress, 1 InCell): each field is one image, whose files are companions."


def test_what_is_odd_about_plates_is_shown_the_first_few_of_it(show):
    warnings = [KnownWarning("folder", f"p{number}", f"p{number}: too few") for number in range(12)]

    lines = show(plate_warnings=warnings)

    assert [line for line in lines if line.startswith("CHECK the plates: p")] == [
        f"CHECK the plates: p{number}: too few" for number in range(10)
    ]
    assert line_with(lines, "… and 2 more").endswith(
        "`nuqleus status --json` has them all, as plate_warnings."
    )


def test_images_that_stand_out_are_counted(show):
    assert "1,234 of 5,678 images stand out from their plate or folder" in " ".join(
        show(standing_out=StandingOut(1234, 5678))
    )
