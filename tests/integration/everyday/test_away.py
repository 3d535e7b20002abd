"""While the watched folder is away nobody judges its files, however long; when it is back, everything goes on."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nuqleus.database.files.retry import retry_files
from nuqleus.errors import InboxAway
from tests.integration.everyday.conftest import SETTLE, Lab

A_NIGHT = 12 * 3600.0


class Drive:
    """A drive that is mounted on the watched folder: a real one where we may mount."""

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._kept = inbox.with_name("kept")
        self._kept.mkdir()
        mounted = mount("-t", "tmpfs", "nuqleus-test", str(inbox))
        if mounted.returncode:
            pytest.skip(f"no file system can be mounted here: {mounted.stderr}")
        mount("--bind", str(inbox), str(self._kept))

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self._inbox)], check=True)

    def mount(self) -> None:
        assert mount("--bind", str(self._kept), str(self._inbox)).returncode == 0

    def close(self) -> None:
        for folder in (self._inbox, self._kept):
            subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)


def mount(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")


@pytest.fixture
def drive(lab: Lab) -> Iterator[Drive]:
    drive = Drive(lab.inbox)
    lab.restart()
    yield drive
    drive.close()


Away = tuple[Callable[[], object], Callable[[], object]]
"""What lets a folder go away, and come back."""


def unmounted(lab: Lab, request: pytest.FixtureRequest) -> Away:
    drive = request.getfixturevalue("drive")
    return drive.unmount, drive.mount


def removed(lab: Lab, request: pytest.FixtureRequest) -> Away:
    elsewhere = lab.inbox.with_name("elsewhere")
    return (lambda: lab.inbox.rename(elsewhere)), (lambda: elsewhere.rename(lab.inbox))


def forbidden(lab: Lab, request: pytest.FixtureRequest) -> Away:
    """Root may look everywhere: so the system's answer is put in its mouth."""
    patched = request.getfixturevalue("monkeypatch")
    return (lambda: patched.setattr(os, "access", lambda *_: False)), patched.undo


def stale(lab: Lab, request: pytest.FixtureRequest) -> Away:
    """A file server that was lost, and found again."""
    patched, stat = request.getfixturevalue("monkeypatch"), Path.stat

    def stat_there(path, **options):
        if path == lab.inbox or lab.inbox in path.parents:
            raise OSError(116, "Stale file handle", str(path))
        return stat(path, **options)

    return (lambda: patched.setattr(Path, "stat", stat_there)), patched.undo


def pointed_elsewhere(lab: Lab, request: pytest.FixtureRequest) -> Away:
    monday, tuesday = lab.inbox.with_name("monday"), lab.inbox.with_name("tuesday")
    lab.inbox.rename(monday)
    tuesday.mkdir()
    (tuesday / "of tuesday.png").write_bytes(b"another folder's")
    lab.inbox.symlink_to(monday)
    lab.restart()

    def point(target: Path) -> None:
        lab.inbox.unlink()
        lab.inbox.symlink_to(target)

    return (lambda: point(tuesday)), (lambda: point(monday))


@pytest.fixture(
    params=[unmounted, removed, forbidden, stale, pointed_elsewhere], ids=lambda way: way.__name__
)
def away(request: pytest.FixtureRequest, lab: Lab) -> Away:
    return request.param(lab, request)


def look(lab: Lab, seconds: float) -> str:
    """What a scheduler says that can't look."""
    try:
        lab.tick(seconds)
    except InboxAway as error:
        return str(error)
    return ""


@pytest.fixture
def busy(lab: Lab, away: Away) -> Lab:
    """A file that is done, one that is to be processed again, one that is queued, and one that has just come."""
    lab.drop("done.png", 3)
    lab.drop("again.png", 4)
    lab.settle()
    retry_files(lab.engine, ["again.png"], only_failed=False)
    lab.drop("queued.png", 5)
    lab.tick()
    lab.tick(SETTLE)
    lab.drop("new.png", 6)
    lab.tick()
    assert lab.states() == {
        "done.png": "done",
        "again.png": "queued",
        "queued.png": "queued",
        "new.png": "waiting",
    }
    return lab


def test_nobody_judges_files_while_it_is_away_and_all_goes_on_when_it_is_back(busy: Lab, away: Away):
    lab, (go, come) = busy, away
    rows = [(row.path, row.state, row.attempts, row.error_kind, row.gone_at) for row in lab.rows()]
    jobs = list(lab.jobs)
    go()

    for seconds in (1.0, 61.0, A_NIGHT):
        assert look(lab, seconds), "the scheduler says why it waits"
        lab.work()
        lab.jobs[:] = jobs  # the sweep sends them again
    after = [(row.path, row.state, row.attempts, row.error_kind, row.gone_at) for row in lab.rows()]
    come()
    lab.settle()

    assert after == rows
    assert lab.there() == dict.fromkeys(("done.png", "again.png", "queued.png", "new.png"), "done")
    assert lab.exported() == {"done.png": 3, "again.png": 4, "queued.png": 5, "new.png": 6}
    assert lab.segmenter.segmented == 5
    assert {(row.gone_at, row.error_kind) for row in lab.rows()} == {(None, None)}


def test_a_worker_in_the_middle_of_a_file_gives_it_back(busy: Lab, away: Away):
    lab, (go, come) = busy, away
    locate = lab.inbox_reader.locate

    def locate_in_vain(claim):
        path = locate(claim)
        go()
        lab.inbox_reader.locate = locate
        return path

    lab.inbox_reader.locate = locate_in_vain
    lab.work()

    assert {row.error_kind for row in lab.rows()} == {None}
    assert {row.attempts for row in lab.rows() if row.state in {"waiting", "queued"}} == {0}
    come()
    lab.jobs.clear()
    with suppress(InboxAway):
        lab.tick(301)  # messages of files that stay queued are sent again
    lab.settle()
    assert lab.exported() == {"done.png": 3, "again.png": 4, "queued.png": 5, "new.png": 6}


def test_a_link_that_is_pointed_elsewhere_is_said_to_be_another_folder(lab: Lab, request):
    lab.drop("a.png")
    go, _come = pointed_elsewhere(lab, request)
    lab.settle()
    go()

    told = look(lab, 1.0)

    assert f"the watched folder {lab.inbox} is another one: it led to {lab.inbox.with_name('monday')}" in told
    assert f"leads to {lab.inbox.with_name('tuesday')} now" in told
    assert "nuqleus db adopt" in told


def test_a_scheduler_that_starts_before_the_drive_is_mounted_judges_nothing(lab: Lab, drive: Drive):
    from nuqleus.database.leadership import bind_folder

    bind_folder(lab.engine, str(lab.inbox))
    lab.drop("done.png")
    lab.settle()
    lab.drop("new.png", 4)
    lab.tick()
    drive.unmount()

    lab.restart()
    for seconds in (1.0, 61.0, A_NIGHT):
        assert "is its drive mounted?" in look(lab, seconds)
    states = lab.there()
    drive.mount()
    lab.settle()

    assert states == {"done.png": "done", "new.png": "waiting"}
    assert lab.there() == {"done.png": "done", "new.png": "done"}
    assert lab.segmenter.segmented == 2


def test_a_network_drive_that_shows_nothing_for_a_while_loses_nothing(lab: Lab):
    lab.drop("done.png", 3)
    lab.settle()
    lab.drop("queued.png", 4)
    lab.tick()
    lab.tick(SETTLE)
    lab.drop("new.png", 5)
    lab.tick()
    files = {path: path.rename(lab.inbox.parent / path.name) for path in sorted(lab.inbox.iterdir())}

    for seconds in (1.0, 20.0, 30.0):
        lab.tick(seconds)
        lab.work()
    there = lab.there()
    attempts = {row.attempts for row in lab.rows() if row.state != "done"}
    for path, kept in files.items():
        kept.rename(path)
    lab.settle()

    assert set(there) == {"done.png", "queued.png", "new.png"}
    assert attempts == {0}
    assert lab.exported() == {"done.png": 3, "queued.png": 4, "new.png": 5}


def test_what_lies_there_no_more_after_a_minute_is_gone_and_is_not_lost(lab: Lab):
    """All that anybody can know: an empty folder looks like that, too."""
    lab.drop("done.png", 3)
    lab.settle()
    lab.drop("queued.png", 4)
    lab.drop("queued too.png", 5)
    lab.tick()
    lab.tick(SETTLE)
    files = {path: path.rename(lab.inbox.parent / path.name) for path in sorted(lab.inbox.iterdir())}

    for seconds in (1.0, 61.0):
        lab.tick(seconds)
        lab.work()
    assert lab.there() == {}
    assert {lab.row(name).error_kind for name in ("queued.png", "queued too.png")} == {"vanished"}
    for path, kept in files.items():
        kept.rename(path)
    lab.settle()

    assert lab.there() == dict.fromkeys(("done.png", "queued.png", "queued too.png"), "done")


def test_a_folder_in_it_that_may_not_be_looked_into_keeps_its_files_from_judgement(lab: Lab, monkeypatch):
    lab.drop("plate/done.png", 3)
    lab.drop("elsewhere/a.png", 5)
    lab.settle()
    lab.drop("plate/new.png", 4)
    lab.tick()
    scandir = os.scandir

    def forbid(path):
        if str(path).endswith("plate"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", forbid)
        (lab.inbox / "elsewhere").rename(lab.inbox / "renamed")
        for seconds in (1.0, SETTLE, A_NIGHT):
            lab.tick(seconds)
            lab.work()
        assert lab.there() == {"plate/done.png": "done", "plate/new.png": "waiting", "renamed/a.png": "done"}
    lab.settle()

    assert lab.exported() == {"plate/done.png": 3, "plate/new.png": 4, "renamed/a.png": 5}
