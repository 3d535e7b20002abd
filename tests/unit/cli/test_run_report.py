"""What `nuqleus run` tells the person who started it."""

import io
import logging
import sqlite3
import sys
from dataclasses import replace

import pytest

from cli.run_display import Bar, Lines, pace
from cli.run_report import QUERY, RunReport, client, print_failures, print_results
from nuqleus.database.engine import make_engine
from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.database.queries.file_summaries import failures
from nuqleus.database.queries.status import Status
from nuqleus.settings import get_settings
from tests.examples import complete, image_result, observe


@pytest.fixture(autouse=True)
def unchanged_logs():
    """A report sends all logs of the process to its terminal."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def files(sqlite_engine):
    return SchedulerFiles(sqlite_engine)


@pytest.fixture
def worker_files(sqlite_engine):
    return WorkerFiles(sqlite_engine)


@pytest.fixture
def settings(sqlite_url):
    return get_settings(database_url=sqlite_url)


@pytest.fixture
def model_id(sqlite_engine):
    return register_model(sqlite_engine, "a network", "f" * 64, {}, {}, "1.0")


@pytest.fixture
def report(sqlite_engine, settings, monkeypatch):
    monkeypatch.setattr("cli.run_report._REFRESH_SECONDS", 0)
    with RunReport(sqlite_engine, settings, goes_on=False) as report:
        yield report


def claim(files, worker_files, path):
    file_id = observe(files, SeenFile(path, 1, 1))[path]
    files.enqueue([file_id])
    return worker_files.claim(file_id, "worker", 60)


def overview(**counts):
    every = {state: counts.get(state.value, 0) for state in FileState}
    return Status(every, files_per_minute=120.0, seconds_left=90.0, workers=[], failures=[])


def test_before_the_first_scan_nothing_is_said_to_have_ended(report):
    assert not report.update(None)


def test_an_empty_folder_has_ended_and_has_no_table(report, capsys):
    assert report.update([])
    assert capsys.readouterr().out == ""


def test_the_table_is_printed_when_everything_has_ended_and_only_the_first_time(
    report, files, worker_files, model_id, capsys
):
    one, other = claim(files, worker_files, "good.png"), claim(files, worker_files, "bad.png")
    complete(worker_files, one, "a", model_id, [image_result()])
    assert not report.update(["good.png", "bad.png"])
    assert "good.png" not in capsys.readouterr().out
    worker_files.fail(other, "truncated", "The file ends early.")
    assert report.update(["good.png", "bad.png"])
    printed = capsys.readouterr().out
    assert printed.index("bad.png") < printed.index("good.png"), "what failed comes first"
    assert "failed: The file ends early." in printed
    assert report.update(["good.png", "bad.png"])
    assert capsys.readouterr().out == ""


def test_a_run_that_goes_on_says_what_it_does_now(sqlite_engine, settings, capsys):
    with RunReport(sqlite_engine, settings, goes_on=True) as report:
        report.update([])
    assert capsys.readouterr().out == "Watching inbox. Ctrl-C stops.\n"


def test_the_query_to_try_works_on_the_database_that_it_names(
    report, files, worker_files, model_id, settings, capsys
):
    complete(worker_files, claim(files, worker_files, "a.png"), "a", model_id, [image_result(nuclei=3)])
    report.update(["a.png"])
    assert client(settings.database_url) in capsys.readouterr().out
    connection = sqlite3.connect(client(settings.database_url).split()[-1])
    assert connection.execute(QUERY).fetchall()[0][:2] == ("a.png", 3)
    connection.close()


def test_a_database_server_is_asked_with_psql_and_no_password_is_shown():
    asked = client("postgresql+psycopg://me:secret@host/name")
    assert asked == "psql postgresql://me:***@host/name -c"


def test_a_database_that_is_away_for_a_moment_is_not_the_reports_business(settings):
    engine = make_engine("sqlite:////proc/nowhere.db")
    with RunReport(engine, settings, goes_on=False) as report:
        assert not report.update(["a.png"])


def test_names_can_not_play_tricks_on_the_terminal(sqlite_engine, files, worker_files, capsys):
    worker_files.fail(claim(files, worker_files, "\x1b[31m[red]a.png"), "truncated", "The file ends early.")
    print_results(sqlite_engine, 1)
    print_failures(failures(sqlite_engine))
    printed = capsys.readouterr()
    assert "\\x1b[31m[red]a.png" in printed.out
    assert printed.err == "\\x1b[31m[red]a.png: truncated: The file ends early.\n"


def test_of_many_files_the_table_shows_some_and_says_how_many_more(sqlite_engine, files, capsys):
    files.observe([SeenFile(f"{number:03}.png", 1, 1) for number in range(45)])
    print_results(sqlite_engine, 45)
    assert "… and 5 more files." in capsys.readouterr().out


def test_a_guessed_channel_ignored_files_and_missing_sizes_are_told_at_the_end(
    report, files, worker_files, model_id, capsys
):
    guessed = replace(
        image_result(3, channels=2),
        nuclear_channel_by="guess",
        nuclear_channel=0,
        pixel_size_from="not given",
    )
    complete(worker_files, claim(files, worker_files, "guessed.tif"), "a", model_id, [guessed])
    files.observe([SeenFile(f"{number}.xml", 1, 1, "metadata") for number in range(8)])

    assert report.update(["guessed.tif"])

    printed = " ".join(capsys.readouterr().out.split())
    assert "in 1 file, which one shows the nuclei was GUESSED" in printed
    assert "for example in guessed.tif" in printed
    assert "8 files ignored, being no images (8 metadata)" in printed
    assert "3 nuclei have no size in µm: the pixel size of the image is not given (3)." in printed
    assert "0.xml" not in printed


def test_a_folder_of_ignored_files_alone_has_no_table(report, files, capsys):
    files.observe([SeenFile("a.xml", 1, 1, "metadata")])

    assert report.update(["a.xml"])
    assert "1 file ignored" in capsys.readouterr().out


def test_the_number_of_a_stack_says_of_which_plane_it_is(report, files, worker_files, model_id, capsys):
    stack = [image_result(nuclei, z=nuclei) for nuclei in (1, 4, 2)]
    complete(worker_files, claim(files, worker_files, "stack.tif"), "a", model_id, stack)

    report.update(["stack.tif"])
    assert "4 in 1 of 3 planes" in capsys.readouterr().out


def test_failures_speed_and_time_left_are_told_as_far_as_known():
    assert pace(overview(failed=2)) == ", 2 failed, 120 a minute, 0:01:30 left"


def test_elsewhere_than_on_a_terminal_a_line_is_logged_now_and_then(clock, caplog):
    lines = Lines("INFO", clock=clock)
    caplog.set_level(logging.INFO)
    logging.getLogger().addHandler(caplog.handler)
    for _ in range(21):
        lines.show(overview(done=3, running=1))
        clock.advance(1)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["3 of 4 files have ended, 120 a minute, 0:01:30 left"] * 3


def test_on_a_terminal_a_bar_counts_files_while_there_is_something_to_do(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    bar = Bar()
    bar.show(overview(done=4))
    assert terminal.getvalue() == ""
    bar.show(overview(done=3, running=1))
    bar.clear()
    assert "3/4" in terminal.getvalue()
