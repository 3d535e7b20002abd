"""A file from its claim to its end, on a real database, with a fake segmenter."""

import json
from unittest.mock import Mock

import numpy as np
import pytest
import tifffile
from sqlalchemy import select

from nuqleus.database.engine import reading
from nuqleus.database.file_states import FileState
from nuqleus.database.tables import Image, Nucleus
from nuqleus.logs import JsonFormatter
from tests.fake_segmenter import draw_squares
from tests.unit.worker.conftest import raising
from worker.time_limit import TimeLimitExceeded


def test_a_queued_file_ends_done_with_its_results(drop, process, row, count, heartbeat):
    file_id = drop(nuclei=3)

    process(file_id)

    assert row(file_id).state == FileState.DONE
    assert len(row(file_id).sha256) == 64
    assert (count(Image), count(Nucleus)) == (1, 3)
    assert heartbeat.files_done == 1


def test_a_file_that_is_not_queued_is_left_alone(drop, process, row, count):
    file_id = drop()
    process(file_id)

    process(file_id, raising(AssertionError("processed twice")))

    assert row(file_id).attempts == 1
    assert count(Image) == 1


def test_the_same_content_under_another_name_is_not_processed_again(drop, process, row, count):
    first, second = drop("a.png"), drop("b.png")
    process(first)

    process(second, raising(AssertionError("processed twice")))

    assert row(second).state == FileState.DUPLICATE
    assert row(second).duplicate_of == first
    assert count(Image) == 1


def test_the_preview_of_a_slide_is_refused_even_if_an_image_has_the_same_content(
    drop, process, row, settings
):
    image = drop("a.png")
    preview = drop("b.vsi", content=(settings.input_dir / "a.png").read_bytes())
    process(image)

    process(preview, raising(AssertionError("processed")))

    assert (row(preview).state, row(preview).error_kind) == (FileState.FAILED, "unsupported-format")


def test_the_same_content_under_another_rule_is_another_result(drop, process, engine, row, tmp_path):
    stack = np.stack([np.zeros((16, 32), np.uint8), draw_squares(2)])
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack", metadata={"axes": "CYX"})
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\npath = "second/*"\nchannel = 1')
    usual, ruled, twin = (
        drop(name, content=(tmp_path / "a.tif").read_bytes())
        for name in ("first/a.tif", "second/a.tif", "second/b.tif")
    )

    for file_id in (usual, ruled, twin):
        process(file_id, rules=rules)

    assert [row(file_id).state.value for file_id in (usual, ruled, twin)] == ["done", "done", "duplicate"]
    assert row(twin).duplicate_of == ruled
    with reading(engine) as connection:
        found = connection.execute(select(Image.file_id, Image.nuclear_channel, Image.n_nuclei)).all()
    assert sorted(map(tuple, found)) == [(usual, 0, 0), (ruled, 1, 2)]


def test_a_file_without_the_channel_fails_and_says_which_it_has(drop, process, row):
    file_id = drop()

    process(file_id, channel="DAPI")

    assert row(file_id).error_kind == "no-such-channel"
    assert "'DAPI'" in row(file_id).error
    assert "0" in row(file_id).error


def test_a_picture_is_drawn_where_pictures_are_wanted(drop, process, tmp_path):
    process(drop("plate/a.png"), overlay_dir=tmp_path / "overlays")

    assert (tmp_path / "overlays/plate/a.png.overlay.png").is_file()


def test_a_file_that_fails_shows_no_picture(drop, process, row, worker_files, monkeypatch, tmp_path):
    monkeypatch.setattr(worker_files, "complete_all", Mock(side_effect=ZeroDivisionError))
    process(drop("a.png"), overlay_dir=tmp_path / "overlays")

    assert list((tmp_path / "overlays").iterdir()) == []


def test_a_picture_that_cannot_be_written_does_not_fail_the_file(drop, process, row, tmp_path):
    (tmp_path / "overlays").write_text("in the way")
    file_id = drop()

    process(file_id, overlay_dir=tmp_path / "overlays")

    assert row(file_id).state == FileState.DONE


def test_what_is_no_image_fails_with_the_reasons_of_the_reader(drop, process, row):
    file_id = drop("notes.png", content=b"shopping list")

    process(file_id)

    assert row(file_id).state == FileState.FAILED
    assert row(file_id).error_kind == "not-an-image"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeLimitExceeded(), "time-limit"),
        (MemoryError(), "out-of-memory"),
        (ZeroDivisionError("a bug"), "unexpected"),
        (PermissionError(13, "Permission denied"), "unreadable"),
    ],
)
def test_an_error_in_the_middle_fails_the_file_with_its_reason(drop, process, row, count, error, kind):
    file_id = drop()

    process(file_id, raising(error))

    assert row(file_id).state == FileState.FAILED
    assert row(file_id).error_kind == kind
    assert count(Image) == 0


def test_a_file_whose_time_is_up_while_it_is_decoded_is_slow_not_damaged(drop, process, row, monkeypatch):
    def decode(data):
        raise TimeLimitExceeded

    monkeypatch.setattr("imagecodecs.png_decode", decode)
    file_id = drop()

    process(file_id)

    assert row(file_id).error_kind == "time-limit"


def test_the_line_about_a_file_whose_time_is_up_has_its_id(drop, process, caplog):
    caplog.handler.setFormatter(JsonFormatter())
    file_id = drop("slow.png")

    process(file_id, raising(TimeLimitExceeded()))

    (line,) = [line for line in map(json.loads, caplog.text.splitlines()) if "time-limit" in line["message"]]
    assert line["message"].startswith("slow.png: time-limit: ")
    assert line["file"] == file_id
