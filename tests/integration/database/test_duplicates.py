"""Files of the same content share their results; none is left without when one of them goes its own way."""

from sqlalchemy import delete

from nuqleus.database.engine import writing
from nuqleus.database.models import register_model
from nuqleus.database.records import SeenFile
from nuqleus.database.tables import File, Image, Nucleus
from tests.integration.database.conftest import Archive


def test_a_twin_has_the_same_content_and_the_same_model(archive: Archive):
    done = archive.done("a.png", "abc")
    other_model = register_model(archive.engine, "another", "e" * 64, {}, {}, "1.0")

    assert archive.files.find_twin("abc", archive.model_id, file_id=0) == done
    assert archive.files.find_twin("abc", archive.model_id, file_id=done) is None
    assert archive.files.find_twin("xyz", archive.model_id, file_id=0) is None
    assert archive.files.find_twin("abc", other_model, file_id=0) is None


def test_a_duplicate_names_its_twin_and_has_no_rows_of_its_own(archive: Archive):
    done = archive.done("a.png", "abc")
    duplicate = archive.duplicate("b.png", of=done)

    row = archive.row(duplicate)
    assert (row.state, row.duplicate_of, row.sha256, row.lease_owner) == ("duplicate", done, "abc", None)
    assert row.finished_at == archive.clock.now
    assert [image.file_id for image in archive.rows(Image)] == [done]


def test_a_twin_that_changed_meanwhile_is_no_twin(archive: Archive):
    done = archive.done("a.png", "abc")
    claim = archive.running("b.png")
    archive.files.observe([SeenFile("a.png", 11, 2)])

    assert not archive.files.mark_duplicate(claim, "abc", done)
    assert archive.state(claim.file_id) == "running"


def test_when_the_first_changes_its_first_duplicate_inherits(archive: Archive):
    first = archive.done("a.png", "abc")
    heir, other = archive.duplicate("b.png", of=first), archive.duplicate("c.png", of=first)

    archive.files.observe([SeenFile("a.png", 11, 2)])

    assert [archive.state(file) for file in (first, heir, other)] == ["waiting", "done", "duplicate"]
    assert archive.row(heir).duplicate_of is None
    assert archive.row(other).duplicate_of == heir
    assert [image.file_id for image in archive.rows(Image)] == [heir]
    assert len(archive.rows(Nucleus)) == 3


def test_when_a_duplicate_changes_the_first_keeps_its_results(archive: Archive):
    first = archive.done("a.png", "abc")
    duplicate = archive.duplicate("b.png", of=first)

    archive.files.observe([SeenFile("b.png", 11, 2)])

    assert archive.state(duplicate) == "waiting"
    assert archive.row(duplicate).duplicate_of is None
    assert archive.state(first) == "done"
    assert len(archive.rows(Image)) == 1


def test_all_retried_at_once_leave_no_results(archive: Archive):
    first = archive.done("a.png", "abc")
    duplicate = archive.duplicate("b.png", of=first)

    assert sorted(archive.files.retry(["a.png", "b.png"], only_failed=False)) == [first, duplicate]

    assert [archive.state(file) for file in (first, duplicate)] == ["waiting", "waiting"]
    assert archive.rows(Image) == []


def test_deleting_a_file_deletes_what_hangs_on_it(archive: Archive):
    """Its duplicates too: the next scan finds them anew."""
    first = archive.done("a.png", "abc")
    archive.duplicate("b.png", of=first)

    with writing(archive.engine) as connection:
        connection.execute(delete(File).where(File.id == first))

    assert archive.rows(File) == []
    assert archive.rows(Image) == []
    assert archive.rows(Nucleus) == []
