"""What a worker does with a file that isn't its own any more, or that it can't know to be."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine

from nuqleus.database.engine import writing
from nuqleus.database.files import worker_files
from nuqleus.database.files.results import FileResults
from nuqleus.database.tables import Image
from nuqleus.errors import DatabaseUnavailable, LeaseLost
from tests.examples import complete, image_result
from tests.integration.database.conftest import LEASE, Archive


class TestLostLease:
    """What a worker does that doesn't own its file any more."""

    @pytest.fixture(
        params=[
            ("swept", None),
            ("swept", "another worker"),
            ("swept", "the same worker"),
            ("changed", None),
            ("changed", "another worker"),
            ("changed", "the same worker"),
            ("released", None),
            ("released", "another worker"),
        ],
        ids=lambda param: f"{param[0]}, then taken by {param[1] or 'nobody'}",
    )
    def lost(self, request: pytest.FixtureRequest, archive: Archive):
        how, next_owner = request.param
        claim = archive.running("a.png", owner="the same worker")
        if how == "swept":
            archive.clock.advance(LEASE + 1)
            archive.files.sweep(max_attempts=3, resend_seconds=300)
        elif how == "changed":
            archive.files.enqueue([archive.waiting("a.png", size=99)])
        else:
            archive.worker_files.release(claim)
            archive.files.enqueue([claim.file_id])
        if next_owner:
            assert archive.worker_files.claim(claim.file_id, next_owner, LEASE).owner == next_owner
        return claim

    def test_it_writes_no_results(self, archive: Archive, lost):
        before = archive.row(lost.file_id)

        with pytest.raises(LeaseLost):
            complete(archive.worker_files, lost, "abc", archive.model_id, [image_result()])

        assert archive.row(lost.file_id) == before
        assert archive.rows(Image) == []

    def test_it_changes_no_state(self, archive: Archive, lost):
        before = archive.row(lost.file_id)

        assert archive.worker_files.renew([lost], LEASE) == [lost]
        assert not archive.worker_files.fail(lost, "unexpected", "too late")
        assert not archive.worker_files.release(lost)

        assert archive.row(lost.file_id) == before

    def test_it_marks_no_duplicate(self, archive: Archive, lost):
        twin = archive.done("twin.png", "abc")
        before = archive.row(lost.file_id)

        with pytest.raises(LeaseLost):
            archive.worker_files.mark_duplicate(lost, "abc", twin)

        assert archive.row(lost.file_id) == before


class TestUnansweredCommit:
    """The COMMIT succeeds, and the connection drops before it says so: whoever tries again learns that it did."""

    @pytest.fixture
    def twice(self, monkeypatch: pytest.MonkeyPatch):
        """Calls an action again, after the answer to the first COMMIT was lost."""

        @contextmanager
        def drop(engine: Engine) -> Iterator[Connection]:
            with writing(engine) as connection:
                yield connection
            raise DatabaseUnavailable("the connection dropped")

        def twice(action, *arguments, **options):
            with monkeypatch.context() as dropping:
                dropping.setattr(worker_files, "writing", drop)
                with pytest.raises(DatabaseUnavailable):
                    action(*arguments, **options)
            return action(*arguments, **options)

        return twice

    def test_results_that_were_stored_are_not_called_lost(self, archive: Archive, twice):
        claims = [archive.running(path) for path in ("a.png", "b.png")]
        finished = [FileResults(claim, claim.path, archive.model_id, [image_result()]) for claim in claims]

        assert twice(archive.worker_files.complete_all, finished) == [None, None]
        assert len(archive.rows(Image)) == 2

    def test_nor_are_those_of_one_file(self, archive: Archive, twice):
        finished = [FileResults(archive.running(), "abc", archive.model_id, [image_result()])]

        assert twice(archive.worker_files.complete_all, finished) == [None]
        assert len(archive.rows(Image)) == 1

    def test_but_results_of_other_content_are(self, archive: Archive):
        claim = archive.running()
        complete(archive.worker_files, claim, "abc", archive.model_id, [image_result()])

        with pytest.raises(LeaseLost):
            complete(archive.worker_files, claim, "another", archive.model_id, [image_result()])

    @pytest.mark.parametrize("kind", ["truncated", "vanished"])
    def test_a_file_that_failed_has(self, archive: Archive, twice, kind: str):
        claim = archive.running()

        assert twice(archive.worker_files.fail, claim, kind, "It is.")
        assert archive.state(claim.file_id) == "failed"

    @pytest.mark.parametrize("count_attempt", [True, False])
    def test_a_file_that_was_released_is(self, archive: Archive, twice, count_attempt: bool):
        claim = archive.running()

        assert twice(archive.worker_files.release, claim, count_attempt=count_attempt)
        assert archive.row(claim.file_id).attempts == int(count_attempt)

    def test_a_duplicate_is_one(self, archive: Archive, twice):
        original, claim = archive.done("a.png", "abc"), archive.running("b.png")

        assert twice(archive.worker_files.mark_duplicate, claim, "abc", original)
        assert archive.row(claim.file_id).duplicate_of == original
