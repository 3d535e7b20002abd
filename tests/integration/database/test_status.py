"""`nuqleus status`: how things stand."""

import json
import subprocess
import sys
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from cli.commands import status
from nuqleus.database.file_states import FileState
from nuqleus.database.queries.dashboard import get_dashboard
from nuqleus.database.queries.status import get_status
from nuqleus.database.workers import Workers
from nuqleus.errors import DatabaseUnavailable
from tests.integration.database.conftest import Archive


def overview(archive: Archive):
    return get_status(archive.engine, archive.clock.now, alive_within=60)


def test_an_empty_database_has_nothing_left_to_do(archive: Archive):
    found = overview(archive)

    assert set(found.counts.values()) == {0}
    assert (found.files_per_minute, found.seconds_left) == (None, 0.0)
    assert (found.workers, found.failures) == ([], [])


def test_the_rate_counts_what_ended_lately_and_gives_the_time_left(archive: Archive):
    archive.done("long ago.png")
    archive.clock.advance(3600)
    for number in range(4):
        archive.running(f"next {number}.png")
        archive.clock.advance(15)
        archive.done(f"{number}.png", f"{number}")

    found = overview(archive)

    assert found.counts[FileState.DONE] == 5
    in_seconds = 3 * 15 + 0  # the first of the four was begun 45 s ago
    assert found.files_per_minute == pytest.approx(4 / in_seconds * 60)
    assert found.seconds_left == pytest.approx(4 / (4 / in_seconds))


def test_without_a_rate_the_time_left_is_unknown(archive: Archive):
    archive.queued()

    found = overview(archive)

    assert (found.files_per_minute, found.seconds_left) == (None, None)


def test_rules_that_decide_about_no_file_are_named(archive: Archive, database_url: str, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text(
        "".join(f'[[rule]]\npath = "{path}"\nz = "max"\n' for path in ("*.tif", "b.tif", "Plate A/*"))
    )
    options = ["--database", database_url, "--rules", str(rules)]
    assert "rule" not in CliRunner().invoke(status.command, options).output
    for name in ("a.tif", "b.tif"):
        archive.waiting(name)

    shown = CliRunner().invoke(status.command, options).output

    assert "for path = 'b.tif' decides about none" in shown
    assert "that for path = '*.tif'. Put the narrower one first" in shown
    assert "for path = 'Plate A/*' decides about none of the files in the folder, as it fits none" in shown
    assert "for path = '*.tif' decides" not in shown


def test_workers_that_were_silent_for_long_are_not_shown(archive: Archive):
    workers = Workers(archive.engine, archive.clock)
    silent = workers.start("host", 1, "CPU").id
    archive.clock.advance(50)
    live, stopped = workers.start("host", 2, "CPU").id, workers.start("host", 3, "CPU").id
    archive.clock.advance(11)
    workers.beat(live, files_done=7)
    workers.stop(stopped)

    assert [(worker.id, worker.files_done) for worker in overview(archive).workers] == [(live, 7)]
    workers.beat(silent, 0)
    assert [worker.id for worker in overview(archive).workers] == [silent, live]


def test_after_a_clock_was_set_back_what_ended_before_and_who_is_silent_since_do_not_count(archive: Archive):
    workers = Workers(archive.engine, archive.clock)
    silent, live = workers.start("host", 1, "CPU").id, workers.start("host", 2, "CPU").id
    for number in range(9):
        archive.done(f"{number}.png", f"{number}")
    archive.clock.advance(-3600)
    workers.beat(live, files_done=9)

    assert overview(archive).files_per_minute is None
    assert [worker.id for worker in overview(archive).workers] == [live]
    assert get_dashboard(archive.engine, archive.clock.now, alive_within=60).throughput is None
    workers.beat(silent, 0)
    assert len(overview(archive).workers) == 2


def test_the_row_of_a_worker_that_was_killed_goes_a_day_later_and_its_id_is_not_given_again(archive: Archive):
    workers = Workers(archive.engine, archive.clock)
    killed = workers.start("host", 1, "CPU")
    archive.clock.advance(25 * 3600)

    assert workers.start("host", 2, "CPU").id > killed.id
    assert len(workers.live(within_seconds=1e9)) == 1


def test_the_last_failures_come_with_their_reasons_newest_first(archive: Archive):
    for number in range(7):
        archive.failed(f"{number}.png", message=f"reason {number}")
        archive.clock.advance(1)

    failures = overview(archive).failures

    assert [failure.path for failure in failures] == ["6.png", "5.png", "4.png", "3.png", "2.png"]
    assert (failures[0].kind, failures[0].error) == ("truncated", "reason 6")


class TestCommand:
    def run(self, url: str, *options: str):
        return CliRunner().invoke(status.command, ["--database", url, *options], terminal_width=200)

    def test_json_is_for_programs(self, archive: Archive, database_url: str):
        archive.failed("a\udcff[b].png", message="[red]bad[/red]")

        answer = json.loads(self.run(database_url, "--json").output)

        assert answer["counts"]["failed"] == 1
        (failure,) = answer["failures"]
        assert failure == {
            "path": r"a\xff[b].png",
            "kind": "truncated",
            "error": "[red]bad[/red]",
            "finished_at": "2023-11-14T22:13:20+00:00",
        }

    def test_the_table_shows_names_and_reasons_as_they_are(self, archive: Archive, database_url: str):
        archive.failed("a\x1b[31m[b].png", message="[red]bad[/red]")
        archive.waiting("c.png")

        text = self.run(database_url).output

        assert "1 waiting, 1 failed" in text
        assert "no live workers" in text
        assert r"a\x1b[31m[b].png" in text
        assert "[red]bad[/red]" in text

    def test_json_says_what_runs_where_and_why_files_failed(self, archive: Archive, database_url: str):
        archive.failed("a.png", "damaged")
        archive.running("b\udcff.png", "host:1:2")

        answer = json.loads(self.run(database_url, "--json").output)

        (running,) = answer["running"]
        assert running == {
            "path": r"b\xff.png",
            "owner": "host:1:2",
            "started_at": "2023-11-14T22:13:20+00:00",
        }
        assert answer["failures_by_kind"] == {"damaged": 1}
        assert (answer["queue_age_seconds"], answer["leader"], answer["stage_seconds"]) == (None, None, {})

    def test_watching_shows_what_changes_until_somebody_ends_it(
        self, archive: Archive, database_url: str, monkeypatch
    ):
        happens = iter([lambda: archive.done("a.png"), Mock(side_effect=KeyboardInterrupt)])
        pauses = []
        monkeypatch.setattr(status.time, "sleep", lambda pause: pauses.append(pause) or next(happens)())

        result = self.run(database_url, "--watch")

        assert result.exit_code == 0
        assert "1 done" in result.output
        assert len(pauses) == 2
        assert min(pauses) >= status.WATCH_SECONDS

    def test_watching_waits_for_a_database_that_is_away(self, database_url: str, monkeypatch):
        monkeypatch.setattr(status.time, "sleep", Mock(side_effect=KeyboardInterrupt))
        monkeypatch.setattr(
            status, "_get_status", Mock(side_effect=DatabaseUnavailable("the database is away"))
        )

        result = self.run(database_url, "--watch")

        assert (result.exit_code, "No news: the database is away" in result.output) == (0, True)

    @pytest.mark.parametrize("options", [["--watch", "--json"], ["--json", "--healthy", "worker"]])
    def test_it_does_one_thing_at_a_time(self, options: list[str]):
        assert self.run("sqlite:///never.db", *options).exit_code == 2


def test_it_loads_neither_tensorflow_nor_numpy(sqlite_url: str):
    program = (
        "import sys; from cli.commands.status import command\n"
        f"command(['--database', {sqlite_url!r}, '--json'], standalone_mode=False)\n"
        "assert not {'tensorflow', 'keras', 'numpy', 'celery', 'alembic'} & set(sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
