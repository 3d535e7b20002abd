"""The dashboard: how things stand, as of a moment ago."""

import threading
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from nuqleus.database.engine import make_engine
from nuqleus.database.plate_warnings import KnownWarning, replace_plate_warnings
from nuqleus.errors import DatabaseUnavailable
from nuqleus.settings import Settings
from tests.examples import image_result
from tests.unit.web.shown import settled
from web.app import build_app
from web.refreshed_answer import (
    LONGEST_SECONDS,
    MAX_BUSY_SHARE,
    OLD_SECONDS,
    PROGRAM_SECONDS,
    REFRESH_SECONDS,
    RefreshedAnswer,
)
from web.site import Site
from web.templates import since


def test_an_empty_folder_says_what_to_do(visit):
    page = visit()
    settled(page.app.state.site.dashboard)
    assert "Drop images into" in page.get("/").text


def test_it_counts_files_and_names_reasons(visit, archive):
    archive.done("a.png")
    archive.failed("b.png", "truncated", "The file ends early.")
    archive.running("c.png", owner="host:1:1")
    page = visit()
    settled(page.app.state.site.dashboard)
    text = page.get("/overview").text
    assert '<a href="/files?state=failed&amp;reason=truncated">truncated</a> 1' in text
    assert text.count('class="number">1</span>') == 3


@pytest.mark.parametrize(("names", "files"), [(["a.png"], "one file"), (["a.png", "b.png"], "2 files")])
def test_it_says_in_how_many_files_the_channel_was_guessed(visit, archive, names, files):
    for name in names:
        archive.done(name, images=[replace(image_result(2), nuclear_channel_by="guess")])
    page = visit()
    settled(page.app.state.site.dashboard)
    assert f"In {files} nothing says which channel shows the nuclei" in page.get("/overview").text


def test_it_says_which_plates_to_check(visit, sqlite_engine):
    odd = [KnownWarning("folder", f"plate {number}", f"<b>{number}</b> of 4 follow") for number in range(12)]
    replace_plate_warnings(sqlite_engine, odd)
    page = visit()
    settled(page.app.state.site.dashboard)
    text = page.get("/overview").text
    assert text.count("of 4 follow") == 10
    assert "&lt;b&gt;0&lt;/b&gt; of 4 follow" in text
    assert "2 more are listed" in text
    assert len(page.get("/api/status").json()["plate_warnings"]) == 12


def test_a_file_s_name_is_text(visit, archive):
    archive.failed("<script>alert(1)</script>.png", "x", "<img src=x onerror=alert(1)>")
    page = visit()
    settled(page.app.state.site.dashboard)
    for path in ("/", "/files", "/files/1", "/files?path=<script>alert(1)</script>&reason=<b>"):
        assert "<script>alert" not in page.get(path).text
        assert "<img src=x" not in page.get(path).text


def test_the_database_is_asked_again_when_it_is_time_and_not_before(clock):
    asked = []
    refreshed = RefreshedAnswer(lambda: asked.append(1) or len(asked), clock)
    assert settled(refreshed).answer == 1
    clock.advance(REFRESH_SECONDS - 0.1)
    assert settled(refreshed).answer == 1
    clock.advance(0.2)
    assert settled(refreshed).answer == 2
    assert settled(refreshed).as_of == clock()


def test_a_clock_that_is_set_back_is_not_waited_for(clock):
    refreshed = RefreshedAnswer(clock, clock)
    settled(refreshed)
    clock.advance(-3600)
    set_back = clock()
    assert settled(refreshed).as_of == set_back
    clock.advance(REFRESH_SECONDS - 0.1)
    assert settled(refreshed).as_of == set_back


def test_what_lies_in_the_future_was_not_a_moment_ago():
    assert since(100.0, 130.0) == "30 s"
    assert since(130.0, 100.0) == "0 s"
    assert since(3700.0, 100.0) == "an unknown time"


def test_who_looks_again_after_a_while_sees_what_is_now(clock):
    refreshed = RefreshedAnswer(clock, clock)
    settled(refreshed)
    clock.advance(OLD_SECONDS + 1)
    assert refreshed.latest(PROGRAM_SECONDS).answer == clock()


def test_a_program_that_asks_after_a_while_waits_for_what_is_now(clock):
    begun, goes_on = threading.Event(), threading.Event()
    refreshed = RefreshedAnswer(lambda: (begun.set(), goes_on.wait(120), clock())[-1], clock)
    goes_on.set()
    settled(refreshed)
    clock.advance(OLD_SECONDS + 1)
    begun.clear()
    goes_on.clear()
    refreshed.latest(patience=0.0)
    assert begun.wait(120)
    threading.Timer(0.3, goes_on.set).start()
    assert refreshed.latest(PROGRAM_SECONDS).answer == clock()


def test_a_program_is_not_given_what_was_known_before_the_database_went_away(visit, clock, monkeypatch):
    page = visit()
    dashboard = page.app.state.site.dashboard
    settled(dashboard)
    assert page.get("/api/status").status_code == 200

    def fail():
        raise DatabaseUnavailable("it is away")

    monkeypatch.setattr(dashboard, "_make", fail)
    clock.advance(OLD_SECONDS + 1)
    answer = page.get("/api/status")
    assert (answer.status_code, "it is away" in answer.text) == (503, True)


def test_a_slow_question_is_asked_so_rarely_that_it_takes_a_small_share_of_the_time(clock):
    refreshed = RefreshedAnswer(clock, clock, stopwatch=iter([0.0, 2.0, 2.0, 4.0]).__next__)
    first = settled(refreshed).answer
    clock.advance(2.0 / MAX_BUSY_SHARE - 1)
    assert settled(refreshed).answer == first
    clock.advance(2)
    assert settled(refreshed).answer > first


def test_a_database_that_has_fallen_silent_is_said_to_be(clock):
    asked, goes_on = [], threading.Event()

    def make():
        asked.append(1)
        return len(asked) == 1 or goes_on.wait(120)

    refreshed = RefreshedAnswer(make, clock)
    assert settled(refreshed).answer is True
    clock.advance(REFRESH_SECONDS + 1)
    assert refreshed.latest().trouble is None
    clock.advance(OLD_SECONDS + 1)
    assert refreshed.latest().trouble == "The database has not answered for 16 seconds."
    assert refreshed.latest().answer is True
    goes_on.set()


@pytest.mark.parametrize(
    ("fails", "pause"), [(True, REFRESH_SECONDS), (False, LONGEST_SECONDS)], ids=["failed", "answered"]
)
def test_a_database_that_was_away_for_an_hour_is_asked_again_soon(clock, fails, pause):
    asked = []

    def make():
        asked.append(1)
        if fails:
            raise DatabaseUnavailable("it is away")

    refreshed = RefreshedAnswer(make, clock, stopwatch=iter([0.0, 3600.0, 3600.0, 3600.0]).__next__)
    settled(refreshed)
    clock.advance(pause - 0.1)
    settled(refreshed)
    assert len(asked) == 1
    clock.advance(0.2)
    settled(refreshed)
    assert len(asked) == 2


def test_nobody_waits_for_a_database_that_is_slow(clock):
    goes_on = threading.Event()
    refreshed = RefreshedAnswer(lambda: goes_on.wait(120), clock)
    assert refreshed.latest().answer is None
    goes_on.set()


@pytest.mark.parametrize(
    ("error", "said"),
    [(DatabaseUnavailable("it is away"), "it is away"), (RuntimeError("secret"), "nobody expected")],
)
def test_what_was_known_stays_when_the_database_is_away(clock, error, said):
    answers = iter([lambda: 1])

    def make():
        answer = next(answers, None)
        if answer is None:
            raise error
        return answer()

    refreshed = RefreshedAnswer(make, clock)
    assert settled(refreshed).answer == 1
    clock.advance(REFRESH_SECONDS + 1)
    latest = settled(refreshed)
    assert latest.answer == 1
    assert said in (latest.trouble or "")


def test_without_a_database_pages_and_programs_are_told_in_a_sentence(tmp_path):
    engine = make_engine("postgresql+psycopg://nobody@127.0.0.1:9/none")
    page = TestClient(build_app(Site(Settings(input_dir=tmp_path), engine)), base_url="http://localhost:8600")
    for path in ("/files", "/api/files", "/images/1/overview.jpg", "/plates"):
        answer = page.get(path)
        assert answer.status_code == 503, path
        assert "the database postgresql+psycopg://nobody@127.0.0.1:9/none doesn" in answer.text
    assert page.get("/").status_code == 200
