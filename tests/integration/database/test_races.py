"""Many at once: real connections, threads that race, and processes that share an SQLite file."""

import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import Engine, select

from nuqleus.database.engine import make_engine, reading, writing
from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import Claim, SeenFile
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.database.tables import File, Image
from nuqleus.errors import LeaseLost
from tests.examples import complete, image_result, observe
from tests.integration.database.concurrent_clients import FILES_EACH, work_through
from tests.integration.database.conftest import LEASE, Archive


def test_of_threads_that_race_for_files_one_gets_each(archive: Archive):
    ids = [archive.queued(f"{number}.png") for number in range(20)]
    gate = threading.Barrier(8)

    def grab(name: str) -> list[int]:
        gate.wait()
        claims = [archive.worker_files.claim(file_id, name, LEASE) for file_id in ids]
        return [claim.file_id for claim in claims if claim]

    with ThreadPoolExecutor(8) as pool:
        grabbed = list(pool.map(grab, [f"worker {number}" for number in range(8)]))

    assert sorted(file_id for files in grabbed for file_id in files) == ids
    for number, files in enumerate(grabbed):
        assert {archive.row(file_id).lease_owner for file_id in files} <= {f"worker {number}"}


def test_a_claim_waits_for_another_s_transaction_and_then_finds_nothing(archive: Archive, database_url: str):
    """The second contender has seen the file queued before the first one commits."""
    file_id = archive.queued()
    other = make_engine(database_url)
    with writing(archive.engine) as connection:
        connection.execute(
            File.__table__.update()
            .where(File.id == file_id)
            .values(state=FileState.RUNNING, lease_owner="first")
        )
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(WorkerFiles(other).claim, file_id, "second", LEASE)
            assert not second.done()
            connection.commit()
            assert second.result(timeout=120) is None
    assert archive.row(file_id).lease_owner == "first"
    other.dispose()


def test_a_worker_that_was_given_up_writes_nothing_beside_the_new_one(archive: Archive, database_url: str):
    late = archive.running(owner="late")
    archive.clock.advance(LEASE + 1)
    archive.files.sweep(max_attempts=3, resend_seconds=300)
    other_engine = make_engine(database_url)
    others_files = WorkerFiles(other_engine, archive.clock)
    new = others_files.claim(late.file_id, "new", LEASE)
    assert new

    gate = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(finish, gate, archive.worker_files, late, "by the late one", archive.model_id)
        second = pool.submit(finish, gate, others_files, new, "by the new one", archive.model_id)
        assert (first.result(), second.result()) == ("lost", "written")

    assert archive.row(late.file_id).sha256 == "by the new one"
    assert len(archive.rows(Image)) == 1
    other_engine.dispose()


def finish(gate: threading.Barrier, files: WorkerFiles, claim: Claim, sha256: str, model_id: int) -> str:
    """Write results as soon as the others are about to do so; says what became of them."""
    gate.wait()
    try:
        complete(files, claim, sha256, model_id, [image_result()])
    except LeaseLost:
        return "lost"
    return "written"


def test_results_are_invisible_until_all_are_there(archive: Archive):
    """Somebody who reads while a worker writes sees the file running and no images."""
    claim = archive.running()
    seen: list[tuple[str, int]] = []

    class WatchedColumns(dict):
        def values(self):
            seen.append((archive.state(claim.file_id), len(archive.rows(Image))))
            return super().values()

    result = image_result()
    object.__setattr__(result, "nuclei", WatchedColumns(result.nuclei))

    complete(archive.worker_files, claim, "abc", archive.model_id, [result])

    assert seen == [("running", 0)]
    assert (archive.state(claim.file_id), len(archive.rows(Image))) == ("done", 1)


def test_schedulers_that_find_the_same_file_record_it_once(archive: Archive):
    gate = threading.Barrier(4)
    seen = [SeenFile(f"{number}.png", 1, 1) for number in range(50)]

    def observe_together(_: int) -> dict[str, int]:
        gate.wait()
        return observe(archive.files, *seen)

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(observe_together, range(4))

    assert all(ids == first for ids in others)
    assert archive.files.counts()[FileState.WAITING] == 50


def test_a_model_registered_by_many_at_once_has_one_id(engine: Engine):
    gate = threading.Barrier(4)

    def register(_: int) -> int:
        gate.wait()
        return register_model(engine, "net", "a" * 64, {}, {}, "1")

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(register, range(4)))) == 1


def test_processes_that_share_a_database_never_find_it_locked(sqlite_url: str):
    """SQLite has one writer at a time; a plain BEGIN, in place of an immediate one, ends in `database is locked`."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, mp_context=spawn) as pool:
        done = list(pool.map(work_through, [sqlite_url] * 3, range(3)))

    assert sum(done) == 3 * FILES_EACH
    engine = make_engine(sqlite_url)
    with reading(engine) as connection:
        assert set(connection.scalars(select(File.state))) == {FileState.DONE}
        assert len(connection.scalars(select(Image.file_id)).all()) == 3 * FILES_EACH
    engine.dispose()


@pytest.mark.parametrize("attempt", range(5))
def test_a_change_and_a_completion_at_once_leave_one_of_two_true_states(archive: Archive, attempt: int):
    claim = archive.running()
    gate = threading.Barrier(2)

    def change() -> None:
        gate.wait()
        archive.files.observe([SeenFile("a.png", 99, 99)])

    def finish() -> None:
        gate.wait()
        with suppress(LeaseLost):
            complete(archive.worker_files, claim, "abc", archive.model_id, [image_result()])

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(change), pool.submit(finish)]:
            future.result()

    row, images = archive.row(claim.file_id), archive.rows(Image)
    assert row.state == FileState.WAITING
    # never with results and nothing that says so
    refused, to_be_looked_at = (None, False, 0), (FileState.DONE, True, 1)
    assert (row.previous_state, row.suspected, len(images)) in (refused, to_be_looked_at)
