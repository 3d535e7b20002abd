"""`nuqleus run --once` on a folder of good and bad files, with the real network, broker and database."""

import csv
import json
from collections import Counter
from io import BytesIO

import numpy as np
import pytest
import tifffile

from tests.acceptance.conftest import look_at
from tests.acceptance.images import NUCLEI, save_png

pytestmark = pytest.mark.acceptance


def test_good_files_are_done_and_bad_ones_failed_with_the_reason(finished):
    ended = {
        path: (state, kind)
        for path, state, kind in finished.deployment.rows("SELECT path, state, error_kind FROM files")
    }
    assert ended.pop("day 1/a copy.png")[1] is None
    ended.pop("fluorescence.png")
    expected = {path: ("done", None) for path in finished.good if path != "fluorescence.png"}
    expected |= dict.fromkeys(finished.ignored, ("ignored", None))
    assert ended == expected | {path: ("failed", kind) for path, kind in finished.bad.items()}


def test_of_two_files_with_the_same_content_one_has_the_results_and_the_other_refers_to_it(finished):
    states = finished.deployment.states()
    assert {states["fluorescence.png"], states["day 1/a copy.png"]} == {"done", "duplicate"}
    query = "SELECT other.state FROM files JOIN files other ON other.id = files.duplicate_of"
    assert finished.deployment.rows(query) == [("done",)]


def test_the_exit_status_and_the_list_tell_what_failed(finished):
    assert finished.process.returncode == 1, finished.process.stderr
    said = finished.process.stdout + finished.process.stderr
    assert [path for path in finished.bad if path not in said] == []
    assert "Traceback" not in said


def test_a_stack_has_an_image_for_each_plane(finished):
    query = "SELECT path, count(*) FROM files JOIN images ON file_id = files.id WHERE path NOT IN (?, ?) GROUP BY path"
    twins = ("fluorescence.png", "day 1/a copy.png")
    expected = {path: count for path, count in finished.good.items() if path not in twins}
    assert dict(finished.deployment.rows(query, *twins)) == expected


def test_the_nuclei_that_were_drawn_are_found(finished):
    query = "SELECT path, n_nuclei FROM images JOIN files ON file_id = files.id WHERE path != 'stack.tif'"
    for path, found in finished.deployment.rows(query):
        assert 0.7 * NUCLEI <= found <= 1.3 * NUCLEI, f"{path}: {found} instead of {NUCLEI}"


def test_every_nucleus_has_one_row_and_one_for_each_channel(finished):
    query = """
        SELECT n_nuclei, channels,
            (SELECT count(*) FROM nuclei WHERE image_id = images.id),
            (SELECT count(*) FROM intensities WHERE image_id = images.id)
        FROM images"""
    for n_nuclei, channels, nuclei, intensities in finished.deployment.rows(query):
        assert (nuclei, intensities) == (n_nuclei, n_nuclei * channels)


def test_a_mask_opens_as_a_tiff_and_agrees_with_the_table(finished):
    for image, data in finished.deployment.rows("SELECT image_id, data FROM masks"):
        areas = dict(finished.deployment.rows("SELECT label, area FROM nuclei WHERE image_id = ?", image))
        labels, counts = np.unique(tifffile.imread(BytesIO(data)), return_counts=True)
        assert dict(zip(labels[1:], counts[1:], strict=True)) == areas


def test_hidden_files_and_unfinished_downloads_are_left_alone(finished):
    known = {*finished.good, *finished.bad, *finished.ignored, "day 1/a copy.png"}
    assert set(finished.deployment.states()) == known


def test_accessories_are_ignored_counted_and_listed_neither_as_results_nor_as_failures(finished):
    query = "SELECT path, ignored_by FROM files WHERE state = 'ignored'"
    assert dict(finished.deployment.rows(query)) == finished.ignored
    said = " ".join((finished.process.stdout + finished.process.stderr).split())
    assert "11 files ignored, being no images (8 metadata, 1 data-folder, 1 mask, 1 thumbnail)" in said
    assert [path for path in finished.ignored if f"{path}:" in said] == []


def test_ignored_files_do_not_touch_the_exit_status(deployment):
    save_png(deployment.inbox / "a.png", seed=1)
    for number in range(8):
        (deployment.inbox / f"Index.{number}.xml").write_text("<Index/>")

    process = deployment.call("run", "--once", "--input", deployment.inbox)

    assert process.returncode == 0, process.stderr
    assert Counter(deployment.states().values()) == {"done": 1, "ignored": 8}


def test_the_inbox_is_only_read(finished):
    assert look_at(finished.deployment.inbox) == finished.before


def test_each_image_has_a_picture(finished):
    (images,) = finished.deployment.rows("SELECT count(*) FROM images")[0]
    assert len(list(finished.deployment.overlays.rglob("*.overlay.png"))) == images


def test_status_counts_the_files(finished):
    told = json.loads(finished.deployment.call("status", "--json").stdout)
    ended = {"failed": len(finished.bad), "done": len(finished.good), "duplicate": 1}
    expected = ended | {"ignored": len(finished.ignored)}
    assert {state: count for state, count in told["counts"].items() if count} == expected


def test_exported_labels_are_the_masks_of_the_database(finished, tmp_path):
    assert finished.deployment.call("export", "--output", tmp_path, "--format", "labels").returncode == 0
    query = "SELECT data FROM masks JOIN images ON image_id = images.id JOIN files ON file_id = files.id WHERE path = ?"
    ((data,),) = finished.deployment.rows(query, "day 1/plate/A01.tif")
    labels = tifffile.imread(tmp_path / "labels/day 1/plate/A01.tif.label.tif")
    assert np.array_equal(labels, tifffile.imread(BytesIO(data)))


def test_exported_tables_hold_every_nucleus_of_every_file(finished, tmp_path):
    assert finished.deployment.call("export", "--output", tmp_path, "--format", "csv").returncode == 0
    with (tmp_path / "nuclei.csv").open(newline="") as file:
        exported = Counter(row["path"] for row in csv.DictReader(file))
    query = """
        SELECT path, (SELECT sum(n_nuclei) FROM images WHERE file_id = coalesce(duplicate_of, files.id))
        FROM files WHERE state IN ('done', 'duplicate')"""
    assert exported == dict(finished.deployment.rows(query))


def test_segment_finds_what_the_pipeline_found(finished, tmp_path):
    image = finished.deployment.inbox / "day 1/plate/A01.tif"
    assert finished.deployment.call("segment", image, "--output", tmp_path).returncode == 0
    (labels,) = map(tifffile.imread, tmp_path.rglob("*.label.tif"))
    query = "SELECT n_nuclei FROM images JOIN files ON file_id = files.id WHERE path = 'day 1/plate/A01.tif'"
    assert finished.deployment.rows(query) == [(labels.max(),)]
