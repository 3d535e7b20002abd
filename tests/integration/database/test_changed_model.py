"""`nuqleus retry --model-changed`: what an older model made is queued again, on both databases."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from model.hashing import hash_file
from model.weights import SHIPPED, ModelCard, read_card, write_card
from nuqleus.database.files import retry
from nuqleus.database.files.retry import retry_produced_by
from nuqleus.database.model_registry import other_models, register_model
from nuqleus.database.tables import Image
from tests.examples import complete, image_result
from tests.integration.database.conftest import Archive


@pytest.fixture
def present(archive: Archive) -> int:
    """The model that comes with nuqleus; the archive's own is an older one, called `a network`."""
    return register_model(archive.engine, "nuclei", read_card(SHIPPED).sha256, {}, {}, "2.0")


def done_by(archive: Archive, model_id: int, path: str, sha256: str = "abc", images: int = 1) -> int:
    claim = archive.running(path)
    results = [image_result(z=z) for z in range(images)]
    complete(archive.worker_files, claim, sha256, model_id, results)
    return claim.file_id


def test_other_models_are_all_but_the_one_with_these_weights(archive: Archive, present: int):
    (other,) = other_models(archive.engine, read_card(SHIPPED).sha256)

    assert (other.id, other.name, other.sha256) == (archive.model_id, "a network", "f" * 64)
    assert [model.id for model in other_models(archive.engine, "new")] == [archive.model_id, present]


class TestFiles:
    """`retry_produced_by`."""

    def test_files_of_that_model_wait_and_others_stay(self, archive: Archive, present: int):
        old, new = archive.done("old.png"), done_by(archive, present, "new.png")

        assert retry_produced_by(archive.engine, archive.model_id) == 1

        assert [archive.state(file) for file in (old, new)] == ["waiting", "done"]
        assert archive.row(old).attempts == 0

    def test_old_results_stay_until_new_ones_replace_them(self, archive: Archive, present: int):
        done = archive.done("a.png", "abc")

        retry_produced_by(archive.engine, archive.model_id)
        assert [image.model_id for image in archive.rows(Image)] == [archive.model_id]

        done_by(archive, present, "a.png")
        assert [(image.file_id, image.model_id) for image in archive.rows(Image)] == [(done, present)]
        assert retry_produced_by(archive.engine, archive.model_id) == 0

    def test_a_file_of_many_images_counts_once(self, archive: Archive, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(retry, "IMAGES_PER_STATEMENT", 2)
        for number in range(3):
            done_by(archive, archive.model_id, f"{number}.tif", f"content {number}", images=3)

        assert retry_produced_by(archive.engine, archive.model_id) == 3

    @pytest.mark.parametrize("files", [2, 3, 5])
    def test_files_of_one_image_each_are_found_on_every_page(
        self, archive: Archive, monkeypatch: pytest.MonkeyPatch, files: int
    ):
        monkeypatch.setattr(retry, "IMAGES_PER_STATEMENT", 2)
        ids = [archive.done(f"{number}.png", f"content {number}") for number in range(files)]

        assert retry_produced_by(archive.engine, archive.model_id) == files
        assert {archive.state(file_id) for file_id in ids} == {"waiting"}

    def test_a_duplicate_follows_its_original(self, archive: Archive, present: int):
        first = archive.done("a.png", "abc")
        duplicate = archive.duplicate("b.png", of=first)

        assert retry_produced_by(archive.engine, archive.model_id) == 1
        done_by(archive, present, "a.png", "abc")

        assert (archive.state(duplicate), archive.row(duplicate).duplicate_of) == ("duplicate", first)

    @pytest.mark.parametrize("state", ["waiting", "queued", "running"])
    def test_what_is_on_its_way_again_is_left_alone(self, archive: Archive, state: str):
        done = archive.done("a.png")
        retry_produced_by(archive.engine, archive.model_id)
        getattr(archive, state)("a.png")
        before = archive.row(done)

        assert retry_produced_by(archive.engine, archive.model_id) == 0
        assert archive.row(done) == before

    def test_one_that_failed_with_the_new_model_is_tried_again(self, archive: Archive):
        done = archive.done("a.png")
        retry_produced_by(archive.engine, archive.model_id)
        archive.failed("a.png")

        assert retry_produced_by(archive.engine, archive.model_id) == 1
        assert archive.state(done) == "waiting"

    def test_a_folder_stands_for_its_files(self, archive: Archive):
        inside, beside = archive.done("well_1/a.png", "abc"), archive.done("well_2/a.png", "xyz")

        assert retry_produced_by(archive.engine, archive.model_id, ["well_1"]) == 1

        assert [archive.state(file) for file in (inside, beside)] == ["waiting", "done"]


class TestCommand:
    def run(self, url: str, *arguments: str):
        return CliRunner().invoke(main, ["retry", "--database", url, *arguments])

    def test_it_says_how_many_files_and_of_which_models(
        self, archive: Archive, present: int, database_url: str
    ):
        oldest = register_model(archive.engine, "the first", "e" * 64, {}, {}, "0.1")
        archive.done("a.png", "1"), archive.done("b.png", "2")
        done_by(archive, oldest, "c.png", "3"), done_by(archive, present, "d.png", "4")

        result = self.run(database_url, "--model-changed")

        assert result.exit_code == 0
        assert result.output.splitlines() == [
            "3 files will be processed again.",
            f"2 of them by a network (weights {'f' * 12}).",
            f"1 of them by the first (weights {'e' * 12}).",
        ]

    def test_nothing_is_older_than_the_present_model(self, archive: Archive, present: int, database_url: str):
        done = done_by(archive, present, "a.png")

        result = self.run(database_url, "--model-changed")

        assert (result.exit_code, result.output) == (0, "0 files will be processed again.\n")
        assert archive.state(done) == "done"

    def test_the_present_model_is_that_of_the_configured_weights(
        self, archive: Archive, present: int, database_url: str, weights: Path
    ):
        """No worker has used it yet: all results are older."""
        archive.done("a.png", "1"), done_by(archive, present, "b.png", "2")
        write_card(ModelCard("mine", hash_file(weights), {}, {}, "1"), weights)

        result = self.run(database_url, "--model-changed")

        assert "2 files will be processed again." in result.output
        assert "1 of them by nuclei" in result.output

    def test_weights_without_their_card_are_refused(self, archive: Archive, database_url: str, weights: Path):
        done = archive.done("a.png")

        result = self.run(database_url, "--model-changed")

        assert result.exit_code == 1
        assert "need their card" in result.output
        assert archive.state(done) == "done"

    @pytest.fixture
    def weights(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        file = tmp_path / "mine.weights.h5"
        file.write_bytes(b"other weights")
        monkeypatch.setenv("NUQLEUS_WEIGHTS", str(file))
        return file

    def test_it_can_be_told_where(self, archive: Archive, present: int, database_url: str):
        inside, beside = archive.done("plate/a.png", "1"), archive.done("b.png", "2")
        done_by(archive, present, "new.png", "3")

        result = self.run(database_url, "--model-changed", "plate", "new.png")

        assert result.exit_code == 1
        assert "1 file will be processed again." in result.output
        assert "nothing to process again at 'new.png'" in result.output
        assert [archive.state(file) for file in (inside, beside)] == ["waiting", "done"]

    def test_it_goes_with_failed(self, archive: Archive, present: int, database_url: str):
        old, failed = archive.done("a.png"), archive.failed("b.png")
        new = done_by(archive, present, "c.png", "3")

        result = self.run(database_url, "--model-changed", "--failed")

        assert result.output.startswith("2 files will be processed again.\n1 of them by a network")
        assert [archive.state(file) for file in (old, failed, new)] == ["waiting", "waiting", "done"]
