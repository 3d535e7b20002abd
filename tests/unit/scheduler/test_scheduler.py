"""From a file in the folder to a row and a message: real files, a real database, a clock that is told to move on."""

import pytest

from nuqleus.database.file_states import FileState
from nuqleus.database.files.retry import retry_files
from scheduler.scheduler import Stopped
from tests.unit.scheduler.conftest import SETTLE, put, states


def test_a_new_file_waits_until_it_is_complete_and_is_then_sent_once(inbox, tick, files, queue):
    put(inbox)
    tick()
    assert states(files) == {"a.tif": "waiting"}
    tick(SETTLE / 2)
    assert queue.sent == []
    tick(SETTLE / 2)
    assert states(files) == {"a.tif": "queued"}
    tick(SETTLE)
    assert len(queue.sent) == 1


def test_the_row_is_committed_as_queued_before_its_message_is_sent(inbox, tick, queue):
    put(inbox)
    tick()
    tick(SETTLE)
    assert queue.states_when_sent == [FileState.QUEUED]


def test_files_are_sent_in_order_of_their_paths(inbox, tick, queue, files):
    names = [f"{folder}/{number:02}.tif" for folder in "bca" for number in range(10)]
    for name in names:
        put(inbox, name)
    tick()
    tick(SETTLE)
    paths = {file.id: file.path for file in files.known()}
    assert [paths[file_id] for file_id in queue.sent] == sorted(names)


def test_a_slow_copy_is_sent_when_it_is_whole_and_only_then(inbox, tick, queue, row):
    for megabytes in range(1, 20):
        put(inbox, content=b"x" * megabytes, mtime_ns=megabytes)
        tick(SETTLE * 0.9)
    assert queue.sent == []
    tick(SETTLE)
    assert len(queue.sent) == 1
    assert row("a.tif").size == 19


def test_a_processed_file_is_not_processed_again_after_a_restart(inbox, start, queue, work):
    put(inbox)
    tick = start()
    tick()
    tick(SETTLE)
    work()
    tick = start()
    for _ in range(4):
        tick(SETTLE)
    assert len(queue.sent) == 1


def test_a_changed_file_is_processed_again(inbox, tick, queue, work, files):
    put(inbox, mtime_ns=1)
    tick()
    tick(SETTLE)
    work()
    put(inbox, mtime_ns=2)
    tick(SETTLE)
    assert states(files) == {"a.tif": "waiting"}
    tick(SETTLE)
    assert work().mtime_ns == 2
    assert states(files) == {"a.tif": "done"}


def test_a_file_that_changes_while_it_is_queued_is_settled_anew(inbox, tick, queue, files):
    put(inbox, mtime_ns=1)
    tick()
    tick(SETTLE)
    put(inbox, mtime_ns=2)
    tick(1)
    assert states(files) == {"a.tif": "waiting"}
    tick(SETTLE)
    assert states(files) == {"a.tif": "queued"}


def test_a_file_that_someone_retries_is_sent_again(inbox, tick, queue, work, files, sqlite_engine):
    put(inbox)
    tick()
    tick(SETTLE)
    work()
    retry_files(sqlite_engine, ["a.tif"], only_failed=False)
    tick(1)
    tick(SETTLE)
    assert work()
    assert states(files) == {"a.tif": "done"}


def test_it_stops_in_the_middle_of_a_tick_when_told_to(inbox, start, files):
    put(inbox)
    with pytest.raises(Stopped):
        start(stopping=lambda: True)()
    assert states(files) == {}


def test_the_watched_folder_is_never_written_to(inbox, tick, work, queue):
    put(inbox, "sub/a.tif")
    before = traces_of_writing(inbox)
    tick()
    tick(SETTLE)
    work()
    tick(SETTLE)
    assert traces_of_writing(inbox) == before


def traces_of_writing(folder):
    """All that a write would change; not the times of access, which a reader changes."""
    return {
        path: (stat.st_ino, stat.st_mode, stat.st_nlink, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        for path in (folder, *folder.rglob("*"))
        for stat in [path.stat()]
    }


def test_urgent_files_are_sent_first_and_as_urgent(inbox, tick, queue, files, row):
    for name in ("a.tif", "b/priority/x.tif", "priority/y.tif"):
        put(inbox, name)
    tick()
    tick(SETTLE)
    paths = {file.id: file.path for file in files.known()}
    assert [paths[file_id] for file_id in queue.sent] == ["b/priority/x.tif", "priority/y.tif", "a.tif"]
    assert [job.urgent for job in queue.jobs] == [True, True, False]
    assert row("priority/y.tif").urgent


def test_where_many_files_wait_they_travel_in_chunks(inbox, tick, queue):
    for number in range(40):
        put(inbox, f"{number:02}.tif")
    tick()
    tick(SETTLE)
    assert [len(job.file_ids) for job in queue.jobs] == [4] * 10
    assert len(set(queue.sent)) == 40
