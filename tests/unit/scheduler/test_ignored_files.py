"""What is no image is ignored, with a row that says why, and is neither queued nor failed."""

import logging

import pytest

from nuqleus.database.files.retry import retry_files
from nuqleus.rules import Rule, Rules
from tests.unit.scheduler.conftest import SETTLE, put, states


def test_accessories_are_ignored_at_once_and_never_queued(inbox, tick, files, row, queue):
    for name in ("a.tif", "a_mask.tif", "notes.txt", "a.xml"):
        put(inbox, name)
    tick()
    assert states(files) == {
        "a.tif": "waiting",
        "a_mask.tif": "ignored",
        "a.xml": "ignored",
        "notes.txt": "ignored",
    }
    assert row("a_mask.tif").ignored_by == "mask"
    tick(SETTLE)
    assert len(queue.sent) == 1


@pytest.mark.parametrize(
    ("mask", "image"),
    [("a_mask.tif", "a.tif"), ("Mask of a.tif", "a.png"), ("masks/sub/a.tif", "raw/sub/a.tif")],
)
def test_a_mask_that_came_before_its_image_is_ignored_as_well(mask, image, inbox, tick, files):
    put(inbox, mask)
    tick()
    assert states(files) == {mask: "waiting"}
    put(inbox, image)
    tick(SETTLE)
    assert states(files) == {mask: "ignored", image: "waiting"}


def test_patterns_of_the_settings_are_added_to_the_list(inbox, start, files, row):
    put(inbox, "plate [1]/overview.tif")
    put(inbox, "plate [1]/a.tif")
    start(ignore=["*/overview.*"])()
    assert states(files) == {"plate [1]/a.tif": "waiting", "plate [1]/overview.tif": "ignored"}
    assert row("plate [1]/overview.tif").ignored_by == "setting"


def test_a_rule_skips_files_or_keeps_what_looks_like_an_accessory(inbox, start, files, row):
    rules = Rules(
        [Rule(path="keep/*", skip=False), Rule(path="*_mask.tif", channel="1"), Rule(path="b*", skip=True)]
    )
    for name in ("keep/a.tif", "keep/a_mask.tif", "a.tif", "a_mask.tif", "b.tif"):
        put(inbox, name)
    start(rules=rules, ignore=["keep/*"])()
    assert states(files) == {
        "a.tif": "waiting",
        "a_mask.tif": "ignored",
        "b.tif": "ignored",
        "keep/a.tif": "waiting",
        "keep/a_mask.tif": "waiting",
    }
    assert row("b.tif").ignored_by == "rule"


def test_at_the_first_start_failed_accessories_become_ignored_and_what_is_done_stays(
    inbox, start, files, worker_files, work, row
):
    for name in ("a.tif", "a_mask.tif", "b.tif", "notes.txt"):
        put(inbox, name)
    keep_all = Rules([Rule(path="*", skip=False)])  # as a version without the list
    tick = start(rules=keep_all)
    tick()
    tick(SETTLE)
    work()  # a.tif
    work()  # a_mask.tif
    for file in files.known():
        if file.state.value == "queued":
            claim = worker_files.claim(file.id, "worker", 60)
            worker_files.fail(claim, "not-an-image", "It is text.")

    start()()

    assert states(files) == {"a.tif": "done", "a_mask.tif": "done", "b.tif": "failed", "notes.txt": "ignored"}
    assert (row("notes.txt").ignored_by, row("notes.txt").error, row("notes.txt").attempts) == (
        "metadata",
        None,
        0,
    )


def test_what_is_no_longer_on_the_list_is_processed_after_the_next_start(inbox, start, files, queue):
    put(inbox, "a.tif")
    start(ignore=["a*"])()
    assert states(files) == {"a.tif": "ignored"}

    tick = start()
    tick()
    assert states(files) == {"a.tif": "waiting"}
    tick(SETTLE)
    tick(SETTLE)
    assert len(queue.sent) == 1


def test_a_changed_file_is_judged_by_its_name_again(inbox, tick, files):
    put(inbox, "notes.txt", mtime_ns=1)
    tick()
    put(inbox, "notes.txt", b"more", mtime_ns=2)
    tick(SETTLE)
    assert states(files) == {"notes.txt": "ignored"}


def test_ignored_files_are_not_retried(inbox, tick, sqlite_engine):
    put(inbox, "notes.txt")
    tick()
    assert retry_files(sqlite_engine, ["notes.txt"], only_failed=False) == []


@pytest.mark.parametrize("name", [".hidden.tif", "a.tif.part", "Thumbs.db", "@eaDir/a.tif"])
def test_what_was_passed_over_without_a_row_still_is(inbox, tick, files, name):
    put(inbox, name)
    tick()
    assert states(files) == {}


def test_a_rule_that_decides_about_nothing_is_named_once(inbox, start, caplog):
    caplog.set_level(logging.WARNING)
    rules = Rules(
        [Rule(path="Plate A/*", z="max"), Rule(path="*.tif", z="max"), Rule(path="b.tif", z="mean")]
    )
    put(inbox, "a.tif")
    put(inbox, "b.tif")
    tick = start(rules=rules)
    tick()
    tick(SETTLE)

    nowhere, shadowed = (record.getMessage() for record in caplog.records)
    assert nowhere.startswith(
        "The rule for path = 'Plate A/*' decides about none of the files in the folder, as it fits"
    )
    assert shadowed.startswith(
        "The rule for path = 'b.tif' decides about none of the files in the folder: the first rule"
    )
    assert "path = '*.tif'" in shadowed


def test_in_an_empty_folder_no_rule_is_blamed(start, caplog):
    start(rules=Rules([Rule(path="a", z="max")]))()

    assert caplog.records == []


class TestImagesThatComeAfterTheirAccessories:
    @pytest.fixture
    def process_all(self, tick, queue, work):
        def process_all():
            tick()
            tick(SETTLE)
            while queue.waiting:
                work()

        return process_all

    @pytest.mark.parametrize(
        ("accessory", "image", "kind"),
        [
            ("a_mask.tif", "a.tif", "mask"),
            ("exp/masks/a.tif", "exp/a.tif", "mask"),
            ("exp/labels/a.tif", "exp/images/a.tif", "mask"),
            ("a_thumb.jpg", "a.tif", "thumbnail"),
            ("p/DC_1.tif", "p/AssayPlate_B02_T0001F001L01A01Z01C01.tif", "flat-field"),
        ],
    )
    def test_what_was_taken_for_an_image_is_ignored(
        self, inbox, process_all, files, row, accessory, image, kind
    ):
        put(inbox, accessory)
        process_all()
        assert states(files) == {accessory: "done"}

        put(inbox, image)
        process_all()

        assert states(files)[accessory] == "ignored"
        assert row(accessory).ignored_by == kind

    def test_what_a_rule_keeps_stays(self, inbox, start, files, queue, work):
        tick = start(rules=Rules([Rule(path="*_mask.tif", skip=False)]))
        put(inbox, "a_mask.tif")
        tick()
        put(inbox, "a.tif")
        tick(SETTLE)

        assert states(files)["a_mask.tif"] == "queued"

    def test_a_queued_one_is_not_processed(self, inbox, tick, files, queue, work):
        put(inbox, "a_mask.tif")
        tick()
        tick(SETTLE)
        assert states(files) == {"a_mask.tif": "queued"}
        put(inbox, "a.tif")
        tick()

        assert work() is None
        assert states(files) == {"a.tif": "waiting", "a_mask.tif": "ignored"}

    def test_only_the_folders_of_new_images_are_looked_into(self, inbox, tick, monkeypatch):
        for name in ("x/a_mask.tif", "y/a_mask.tif"):
            put(inbox, name)
        tick()
        asked = []
        kind = "scheduler.ignore_list.accessory_kind"
        monkeypatch.setattr(kind, lambda path, look: asked.append(path))

        tick()
        assert asked == []
        put(inbox, "x/notes.txt")
        tick()
        assert asked == ["x/notes.txt"]
        put(inbox, "x/b.tif")
        tick()
        assert {path.partition("/")[0] for path in asked} == {"x"}
