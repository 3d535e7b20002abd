"""Files of the same content share their results; none is left without when one of them goes its own way."""

from dataclasses import replace

import pytest
from sqlalchemy import delete

from nuqleus.database.engine import writing
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.retry import retry_files
from nuqleus.database.model_registry import register_model
from nuqleus.database.tables import Channel, File, Image, Nucleus
from nuqleus.image_options import DEFAULT_OPTIONS, ImageOptions
from tests.examples import complete, image_result
from tests.integration.database.conftest import Archive


def test_a_twin_has_the_same_content_and_the_same_model(archive: Archive):
    done = archive.done("a.png", "abc")
    other_model = register_model(archive.engine, "another", "e" * 64, {}, {}, "1.0")

    usual = str(DEFAULT_OPTIONS)
    assert archive.worker_files.find_originals(["xyz", "abc"], archive.model_id) == {("abc", usual): done}
    assert archive.worker_files.find_originals(["xyz"], archive.model_id) == {}
    assert archive.worker_files.find_originals(["abc"], other_model) == {}


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

    assert not archive.worker_files.mark_duplicate(claim, "abc", done)
    assert archive.state(claim.file_id) == "running"


def change_content(archive: Archive, path: str, file_id: int) -> None:
    """A worker finds another content in a file whose stamp changed."""
    archive.files.observe([SeenFile(path, 11, 2)])
    archive.files.enqueue([file_id])
    claim = archive.worker_files.claim(file_id, "worker 1", 60.0)
    assert claim
    assert archive.worker_files.drop_results(claim)


def test_when_the_first_changes_its_first_duplicate_inherits(archive: Archive):
    first = archive.done("a.png", "abc")
    heir, other = archive.duplicate("b.png", of=first), archive.duplicate("c.png", of=first)

    change_content(archive, "a.png", first)

    assert [archive.state(file) for file in (first, heir, other)] == ["running", "done", "duplicate"]
    assert archive.row(heir).duplicate_of is None
    assert archive.row(other).duplicate_of == heir
    assert [image.file_id for image in archive.rows(Image)] == [heir]
    assert len(archive.rows(Nucleus)) == 3


def test_when_a_duplicate_changes_the_first_keeps_its_results(archive: Archive):
    first = archive.done("a.png", "abc")
    duplicate = archive.duplicate("b.png", of=first)

    change_content(archive, "b.png", duplicate)

    assert archive.state(duplicate) == "running"
    assert archive.row(duplicate).duplicate_of is None
    assert archive.state(first) == "done"
    assert len(archive.rows(Image)) == 1


class TestRetry:
    """What becomes of those that share results when one of them is processed again."""

    def again(self, archive: Archive, path: str):
        retry_files(archive.engine, [path], only_failed=False)
        return archive.running(path)

    def finish(self, archive: Archive, claim, sha256: str = "abc"):
        complete(archive.worker_files, claim, sha256, archive.model_id, [image_result(5)])

    def owners(self, archive: Archive) -> list[tuple[int, int]]:
        return sorted((image.file_id, image.n_nuclei) for image in archive.rows(Image))

    def test_duplicates_share_the_new_results(self, archive: Archive):
        first = archive.done("a.png", "abc")
        duplicate = archive.duplicate("b.png", of=first)

        claim = self.again(archive, "a.png")
        assert archive.row(duplicate).duplicate_of == first
        self.finish(archive, claim)

        assert (archive.state(duplicate), archive.row(duplicate).duplicate_of) == ("duplicate", first)
        assert self.owners(archive) == [(first, 5)]

    def test_all_at_once_end_as_before(self, archive: Archive):
        first = archive.done("a.png", "abc")
        duplicate = archive.duplicate("b.png", of=first)
        assert sorted(retry_files(archive.engine, ["a.png", "b.png"], only_failed=False)) == [
            first,
            duplicate,
        ]

        self.finish(archive, archive.running("b.png"))
        assert archive.worker_files.mark_duplicate(archive.running("a.png"), "abc", duplicate)

        assert [archive.state(file) for file in (first, duplicate)] == ["duplicate", "done"]
        assert self.owners(archive) == [(duplicate, 5)]

    def test_one_that_finds_a_twin_takes_its_duplicates_along(self, archive: Archive):
        first, twin = archive.done("a.png", "abc"), archive.done("twin.png", "abc")
        duplicate = archive.duplicate("b.png", of=first)

        assert archive.worker_files.mark_duplicate(self.again(archive, "a.png"), "abc", twin)

        assert [archive.row(file).duplicate_of for file in (first, duplicate)] == [twin, twin]
        assert self.owners(archive) == [(twin, 3)]

    @pytest.mark.parametrize("joins", [False, True], ids=["processed", "twin of another"])
    def test_content_that_changed_unseen_leaves_the_old_results_to_the_duplicate(
        self, archive: Archive, joins: bool
    ):
        """Same size, same time, other bytes."""
        first, other = archive.done("a.png", "abc"), archive.done("c.png", "xyz")
        duplicate = archive.duplicate("b.png", of=first)

        claim = self.again(archive, "a.png")
        if joins:
            assert archive.worker_files.mark_duplicate(claim, "xyz", other)
        else:
            self.finish(archive, claim, "xyz")

        assert (archive.state(duplicate), archive.row(duplicate).duplicate_of) == ("done", None)
        assert self.owners(archive) == sorted([(duplicate, 3), (other, 3), *([] if joins else [(first, 5)])])

    @pytest.mark.parametrize("running", [False, True])
    def test_one_that_vanished_leaves_them_to_its_duplicate(self, archive: Archive, running: bool):
        first = archive.done("a.png", "abc")
        duplicate = archive.duplicate("b.png", of=first)
        retry_files(archive.engine, ["a.png"], only_failed=False)

        if running:
            archive.failed("a.png", "vanished")
        else:
            archive.files.end_vanished([first])

        assert [archive.state(file) for file in (first, duplicate)] == ["duplicate", "done"]
        assert archive.row(first).duplicate_of == duplicate
        assert self.owners(archive) == [(duplicate, 3)]


class TestChoices:
    """The same content looked at in another way has other results."""

    OTHER = ImageOptions("GFP", "max")

    def test_a_twin_was_looked_at_in_the_same_way(self, archive: Archive):
        usual, other = archive.done("a.tif", "abc"), self.done(archive, "b.tif")

        assert archive.worker_files.find_originals(["abc"], archive.model_id) == {
            ("abc", str(DEFAULT_OPTIONS)): usual,
            ("abc", str(self.OTHER)): other,
        }
        claim = archive.running("c.tif")
        assert not archive.worker_files.mark_duplicate(claim, "abc", usual, self.OTHER)
        assert archive.worker_files.mark_duplicate(claim, "abc", other, self.OTHER)

    def test_a_file_whose_rule_changed_leaves_the_old_results_to_its_duplicate(self, archive: Archive):
        first = archive.done("a.tif", "abc")
        duplicate = archive.duplicate("b.tif", of=first)
        retry_files(archive.engine, ["a.tif"], only_failed=False)

        self.done(archive, "a.tif")

        assert [archive.state(file) for file in (first, duplicate)] == ["done", "done"]
        assert sorted((i.file_id, i.n_nuclei) for i in archive.rows(Image)) == [(first, 5), (duplicate, 3)]
        assert archive.row(first).image_options == "channel GFP, z max"
        assert archive.row(duplicate).image_options == str(DEFAULT_OPTIONS)

    def test_a_file_that_joins_another_way_leaves_them_too(self, archive: Archive):
        first, other = archive.done("a.tif", "abc"), self.done(archive, "c.tif")
        duplicate = archive.duplicate("b.tif", of=first)
        retry_files(archive.engine, ["a.tif"], only_failed=False)

        assert archive.worker_files.mark_duplicate(archive.running("a.tif"), "abc", other, self.OTHER)

        assert (archive.state(duplicate), archive.row(duplicate).duplicate_of) == ("done", None)
        assert sorted(image.file_id for image in archive.rows(Image)) == sorted([other, duplicate])

    def test_what_was_done_is_told(self, archive: Archive):
        image = replace(image_result(1), nuclear_channel=1, projection="max", channel_names=("GFP", "DAPI"))
        archive.done("a.tif", "abc", [image])

        (row,) = archive.rows(Image)
        assert (row.nuclear_channel, row.projection) == (1, "max")
        assert [(c.image_id, c.channel, c.name) for c in archive.rows(Channel)] == [
            (row.id, 0, "GFP"),
            (row.id, 1, "DAPI"),
        ]

    def done(self, archive: Archive, path: str) -> int:
        claim = archive.running(path)
        complete(archive.worker_files, claim, "abc", archive.model_id, [image_result(5)], self.OTHER)
        return claim.file_id


def test_deleting_a_file_leaves_its_results_to_its_duplicate_and_deletes_them_with_the_last(archive: Archive):
    first = archive.done("a.png", "abc")
    heir = archive.duplicate("b.png", of=first)

    with writing(archive.engine) as connection:
        connection.execute(delete(File).where(File.id == first))
    assert (archive.state(heir), archive.row(heir).duplicate_of) == ("done", None)
    assert [image.file_id for image in archive.rows(Image)] == [heir]

    with writing(archive.engine) as connection:
        connection.execute(delete(File).where(File.id == heir))
    assert archive.rows(File) == []
    assert archive.rows(Image) == []
    assert archive.rows(Nucleus) == []
