"""Several files at once, on a real database: nothing that one of them does concerns another."""

from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from threading import Barrier, Event, get_ident

import pytest
from sqlalchemy import select

from model.memory_budget import MemoryBudget
from nuqleus.database.engine import reading
from nuqleus.database.file_states import FileState
from nuqleus.database.model_registry import register_model
from nuqleus.database.tables import File, Image
from nuqleus.database.workers import Workers
from nuqleus.errors import DatabaseUnavailable
from nuqleus.messages import Job
from tests.fake_segmenter import ThresholdSegmenter
from worker.heartbeat import Heartbeat
from worker.inbox_reader import InboxReader
from worker.processor import Processor
from worker.retry_policy import RetryPolicy
from worker.thread_pool import THREADS, run_concurrently
from worker.time_limit import ChunkTimedOut, TimeLimitExceeded

PATIENCE = 120.0


class Acting(ThresholdSegmenter):
    """Finds nuclei, after something has happened to an image of this many pixels."""

    def __init__(self):
        self.acts = {}

    def segment(self, pixels, *looked_for):
        self.acts.get(pixels.shape[1] // 16, lambda: None)()
        return super().segment(pixels)


@pytest.fixture
def segmenter():
    return Acting()


@pytest.fixture
def processor(engine, worker_files, settings, clock, segmenter):
    workers = Workers(engine, clock)
    heartbeat = Heartbeat(worker_files, workers, workers.start("host", 1, "cpu:0").id, every=1, lease=60)
    model_id = register_model(engine, "threshold", "0" * 64, {}, {}, "tests")
    retry = RetryPolicy(sleep=clock.sleep)
    return Processor(
        settings, InboxReader(settings), worker_files, segmenter, model_id, "me", heartbeat, retry
    )


@pytest.fixture
def process(processor):
    """Handle a message about these files in a worker."""
    return lambda *file_ids: processor.handle(Job(file_ids))


@pytest.fixture
def chunk(drop):
    """Files with 1, 2, 3, … nuclei."""
    return lambda count: [drop(f"{nuclei}.png", nuclei=nuclei) for nuclei in range(1, count + 1)]


@pytest.fixture
def rows(engine):
    def rows():
        with reading(engine) as connection:
            return connection.execute(select(File.__table__).order_by(File.id)).all()

    return rows


@pytest.fixture
def nuclei(engine):
    """What was found, by file."""

    def nuclei():
        with reading(engine) as connection:
            return dict(connection.execute(select(Image.file_id, Image.n_nuclei)).all())

    return nuclei


def wait_for_all(pending, *_, **__):
    """The same as `concurrent.futures.wait`, however slow the machine is."""
    return wait(pending)


def failing(error):
    def fail():
        raise error

    return fail


def test_images_that_together_need_too_much_memory_go_one_after_the_other(
    chunk, process, processor, nuclei, segmenter
):
    """Bytes on disk, which bound a chunk, don't say how many pixels there will be."""
    processor.memory = budget = MemoryBudget(1)
    inside = []
    others_wait = Event()

    def enter():
        inside.append(1)
        while not others_wait.is_set() and budget.waiting < 2:
            assert len(inside) == 1
        others_wait.set()
        inside.pop()
        assert not inside

    segmenter.acts = dict.fromkeys((1, 2, 3), enter)
    ids = chunk(3)
    process(*ids)
    assert nuclei() == {file_id: count for count, file_id in enumerate(ids, start=1)}


def test_every_file_of_a_chunk_ends_with_its_own_results(chunk, process, rows, nuclei):
    ids = chunk(3 * THREADS)
    process(*ids)
    assert {row.state for row in rows()} == {FileState.DONE}
    assert nuclei() == {file_id: count for count, file_id in enumerate(ids, start=1)}


def test_files_of_a_chunk_are_at_hand_at_the_same_time(chunk, process, segmenter, rows):
    together = Barrier(3)
    segmenter.acts = dict.fromkeys((1, 2, 3), partial(together.wait, PATIENCE))
    process(*chunk(3))
    assert {row.state for row in rows()} == {FileState.DONE}


def test_a_file_alone_is_processed_in_the_calling_thread(chunk, process, segmenter):
    threads = []
    segmenter.acts = {1: lambda: threads.append(get_ident())}
    process(*chunk(1))
    assert threads == [get_ident()]


def test_a_file_that_fails_leaves_the_others_alone(chunk, process, segmenter, drop, rows):
    ids = [*chunk(3), drop("notes.png", content=b"shopping list")]
    segmenter.acts = {2: failing(ZeroDivisionError())}
    process(*ids)
    states = [(row.state.value, row.error_kind) for row in rows()]
    assert states == [("done", None), ("failed", "unexpected"), ("done", None), ("failed", "not-an-image")]


def test_a_file_that_finds_no_memory_beside_others_is_tried_again_alone(chunk, process, segmenter, rows):
    threads = []

    def take_memory():
        threads.append(get_ident())
        if len(threads) == 1:
            raise MemoryError

    segmenter.acts = {2: take_memory}
    process(*chunk(4))
    assert {row.state for row in rows()} == {FileState.DONE}
    assert threads[1] == get_ident()


def test_a_file_that_finds_no_memory_even_alone_fails(chunk, process, segmenter, rows):
    segmenter.acts = {2: failing(MemoryError())}
    process(*chunk(3))
    assert [row.error_kind for row in rows()] == [None, "out-of-memory", None]


def test_a_file_whose_results_find_no_memory_beside_others_is_tried_again_alone(
    chunk, process, worker_files, monkeypatch, rows
):
    complete_all, refused = worker_files.complete_all, []

    def starve(finished):
        if len(refused) < 2:  # together, and the first one by itself
            refused.append(len(finished))
            raise MemoryError
        return complete_all(finished)

    monkeypatch.setattr(worker_files, "complete_all", starve)
    monkeypatch.setattr("worker.thread_pool.wait", wait_for_all)
    process(*chunk(3))
    assert refused == [3, 1]
    assert {row.state for row in rows()} == {FileState.DONE}


def test_copies_in_one_chunk_share_the_results_of_the_first(drop, process, rows, nuclei):
    ids = [drop(f"{i}.png", nuclei=3) for i in range(4)]
    process(*ids)
    states = sorted(row.state.value for row in rows())
    assert states == ["done", "duplicate", "duplicate", "duplicate"]
    assert len(nuclei()) == 1


def test_a_file_that_a_worker_has_begun_with_before_is_not_taken_with_others(
    chunk, process, files, worker_files, rows, clock
):
    ids = chunk(3)
    worker_files.claim(ids[1], "a worker that died", 60)
    clock.now += 61
    files.sweep(3, 300)

    process(*ids)
    assert [row.state for row in rows()] == [FileState.DONE, FileState.QUEUED, FileState.DONE]

    process(ids[1])
    assert rows()[1].state == FileState.DONE


def test_files_that_end_together_are_committed_together(chunk, process, worker_files, monkeypatch, nuclei):
    complete_all, committed = worker_files.complete_all, []

    def counted(finished):
        committed.append(len(finished))
        return complete_all(finished)

    monkeypatch.setattr(worker_files, "complete_all", counted)
    monkeypatch.setattr("worker.thread_pool.wait", wait_for_all)
    ids = chunk(2 * THREADS)
    process(*ids)
    assert committed == [2 * THREADS]
    assert nuclei() == {file_id: count for count, file_id in enumerate(ids, start=1)}


def test_the_database_is_asked_about_all_contents_of_a_chunk_at_once(
    chunk, process, worker_files, monkeypatch
):
    find_originals, asked = worker_files.find_originals, []

    def counted(contents, model_id):
        asked.append(len(contents))
        return find_originals(contents, model_id)

    monkeypatch.setattr(worker_files, "find_originals", counted)
    process(*chunk(5))
    assert asked == [5]


def test_results_that_cannot_be_written_fail_their_file_only(
    chunk, process, worker_files, monkeypatch, rows, segmenter
):
    complete_all, meet = worker_files.complete_all, Barrier(2)

    def refuse(finished):
        if any(len(file.images[0].nuclei["label"]) == 2 for file in finished):
            raise ValueError("a number that no column holds")
        return complete_all(finished)

    monkeypatch.setattr(worker_files, "complete_all", refuse)
    segmenter.acts = dict.fromkeys((1, 2), partial(meet.wait, PATIENCE))
    process(*chunk(4))
    assert [row.state.value for row in rows()] == ["done", "failed", "done", "done"]


def test_a_database_that_is_away_for_a_moment_loses_no_work(chunk, process, worker_files, monkeypatch, rows):
    complete_all, answers = worker_files.complete_all, iter([DatabaseUnavailable("restarting")] * 2)

    def flaky(finished):
        for error in answers:
            raise error
        return complete_all(finished)

    monkeypatch.setattr(worker_files, "complete_all", flaky)
    process(*chunk(3))
    assert {row.state for row in rows()} == {FileState.DONE}


def test_a_worker_that_is_about_to_end_gives_back_what_it_has_not_begun_with(
    chunk, process, processor, segmenter, rows
):
    drained = Event()

    def drain():
        processor.drain()
        drained.set()

    others = range(2, 3 * THREADS + 1)
    segmenter.acts = {1: drain} | dict.fromkeys(others, partial(drained.wait, PATIENCE))
    process(*chunk(3 * THREADS))
    states = [row.state for row in rows()]
    assert states[0] == FileState.DONE
    assert states[THREADS:].count(FileState.WAITING) > 0
    assert set(states) == {FileState.DONE, FileState.WAITING}
    assert {row.attempts for row in rows() if row.state == FileState.WAITING} == {0}


def test_a_chunk_that_takes_too_long_is_given_up_and_each_file_gets_its_own_chance(
    chunk, process, files, rows, monkeypatch, clock
):
    def time_is_up(*_, **__):
        raise TimeLimitExceeded

    monkeypatch.setattr("worker.thread_pool.wait", time_is_up)
    monkeypatch.setattr("worker.thread_pool.ThreadPoolExecutor.submit", lambda *_: None)
    ids = chunk(3)
    with pytest.raises(ChunkTimedOut):
        process(*ids)

    assert {row.state for row in rows()} == {FileState.RUNNING}
    assert [(file.id, file.attempts) for file in files.sweep(3, 300)] == [(file_id, 1) for file_id in ids]


class TestRunConcurrently:
    def test_what_tasks_that_end_together_return_comes_together(self):
        with run_concurrently([lambda: 1, lambda: 2], commit_delay=PATIENCE) as batches:
            assert [sorted(results) for results in batches] == [[1, 2]]

    def test_a_result_is_not_kept_waiting_by_a_task_that_takes_long(self):
        go_on, taken = Event(), []

        def take_long():
            assert go_on.wait(PATIENCE)
            return "late"

        with run_concurrently([lambda: "early", take_long], commit_delay=0) as batches:
            for results in batches:
                taken.append(results)
                go_on.set()
        assert taken == [["early"], ["late"]]

    def test_a_task_that_raises_is_heard_of_when_what_had_begun_has_ended(self, monkeypatch):
        together, giving_up, ended = Barrier(2), Event(), []
        shutdown = ThreadPoolExecutor.shutdown

        def give_up(pool, **how):
            giving_up.set()
            shutdown(pool, **how)

        def fail():
            together.wait(PATIENCE)
            raise ZeroDivisionError

        def end():
            together.wait(PATIENCE)
            assert giving_up.wait(PATIENCE)
            ended.append(1)

        monkeypatch.setattr(ThreadPoolExecutor, "shutdown", give_up)
        with pytest.raises(ZeroDivisionError), run_concurrently([fail, end], commit_delay=0) as batches:
            list(batches)
        assert ended == [1]
