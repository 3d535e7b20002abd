"""Which files share a message."""

import pytest

from nuqleus.database.files.records import QueuedFile
from scheduler.chunks import CHUNK_BYTES, SMALL_FILE_BYTES, chunk_size, cut_chunks


def ids(files, size=4):
    return [job.file_ids for job in cut_chunks(files, size)]


def test_small_files_travel_together_in_their_order():
    assert ids([QueuedFile(i, 1000) for i in range(1, 11)]) == [(1, 2, 3, 4), (5, 6, 7, 8), (9, 10)]


def test_no_files_need_no_message():
    assert ids([]) == []


def test_a_large_file_travels_alone():
    files = [
        QueuedFile(1, 10),
        QueuedFile(2, SMALL_FILE_BYTES + 1),
        QueuedFile(3, 10),
        QueuedFile(4, SMALL_FILE_BYTES),
    ]
    assert ids(files) == [(1,), (2,), (3, 4)]


def test_a_chunk_holds_only_so_many_bytes():
    assert ids([QueuedFile(i, CHUNK_BYTES // 3) for i in range(1, 6)]) == [(1, 2, 3), (4, 5)]


def test_a_file_that_a_worker_has_begun_with_travels_alone():
    files = [QueuedFile(1, 10), QueuedFile(2, 10, attempts=1), QueuedFile(3, 10), QueuedFile(4, 10)]
    assert ids(files) == [(1,), (2,), (3, 4)]


def test_urgent_files_never_wait_for_ordinary_ones_of_their_chunk():
    files = [QueuedFile(1, 10, urgent=True), QueuedFile(2, 10), QueuedFile(3, 10)]
    jobs = list(cut_chunks(files, 4))
    assert [(job.file_ids, job.urgent) for job in jobs] == [((1,), True), ((2, 3), False)]


@pytest.mark.parametrize(
    ("waiting", "workers", "size"),
    [(1, 1, 1), (10, 3, 1), (400, 3, 16), (100, 8, 3), (100_000, 64, 16), (50, 0, 12)],
)
def test_few_files_are_spread_over_the_workers_many_travel_in_chunks(waiting, workers, size):
    assert chunk_size(waiting, workers, max_files=16) == size
