"""Folders that are one thing are one row: an OME-Zarr image, and folders in which a file keeps its pixels."""

import pytest

from nuqleus.file_stat import FileStat
from scheduler.scanner import Scanner
from tests.unit.scheduler.conftest import SETTLE, put, states


def zarr(inbox, name="a.zarr", metadata=".zattrs", chunks=40):
    put(inbox, f"{name}/{metadata}", b"{}", 1)
    put(inbox, f"{name}/0/.zarray", b"{}", 1)
    for chunk in range(chunks):
        put(inbox, f"{name}/0/{chunk}", b"12345", 1)


@pytest.mark.parametrize(
    ("name", "metadata"),
    [("a.zarr", "other"), ("a.ome.ZARR", "x"), ("image", "zarr.json"), ("image", ".zgroup")],
)
def test_a_zarr_folder_is_one_candidate_by_its_name_or_its_content(inbox, name, metadata):
    zarr(inbox, f"plates/{name}", metadata)
    put(inbox, "plates/b.tif")

    assert sorted(Scanner(inbox).scan().files) == sorted([f"plates/{name}", "plates/b.tif"])


def test_its_size_and_time_of_change_are_those_of_all_its_files(inbox):
    zarr(inbox, chunks=3)
    put(inbox, "a.zarr/0/1", b"12345", 9)

    assert Scanner(inbox).scan().files["a.zarr"] == FileStat(2 + 2 + 15, 9)


def test_it_waits_until_all_of_its_files_stand_still(inbox, tick, files):
    for chunk in range(5):
        put(inbox, f"a.zarr/0/{chunk}", b"12345", chunk)
        tick(SETTLE * 0.9)
    assert states(files) == {"a.zarr": "waiting"}
    tick(SETTLE)
    assert states(files) == {"a.zarr": "queued"}


@pytest.mark.parametrize("change", ["grows", "is rewritten", "loses a chunk"])
def test_it_is_processed_again_when_a_part_of_it_changes(inbox, tick, work, files, change):
    zarr(inbox)
    tick()
    tick(SETTLE)
    work()
    assert states(files) == {"a.zarr": "done"}

    if change == "grows":
        put(inbox, "a.zarr/0/100", b"x", 1)
    elif change == "is rewritten":
        put(inbox, "a.zarr/0/7", b"54321", 2)
    else:
        (inbox / "a.zarr/0/7").unlink()
    tick(SETTLE)
    assert states(files) == {"a.zarr": "waiting"}


@pytest.mark.parametrize(
    ("owner", "folder"),
    [("slide2.vsi", "_slide2_"), ("Slide.VSI", "_slide_"), ("slide.mrxs", "slide"), ("a.oif", "a.oif.files")],
)
def test_the_folder_of_a_file_s_pixels_is_one_row_that_is_ignored(inbox, tick, files, row, owner, folder):
    put(inbox, f"day 1/{owner}")
    for number in range(10):
        put(inbox, f"day 1/{folder}/stack{number}/frame_t.ets")
    tick()

    assert states(files) == {f"day 1/{owner}": "waiting", f"day 1/{folder}": "ignored"}
    assert row(f"day 1/{folder}").ignored_by == "data-folder"


def test_a_folder_without_such_a_file_beside_it_is_searched(inbox):
    put(inbox, "_old_/a.tif")
    put(inbox, "slide/b.tif")
    put(inbox, "c.mrxs")
    put(inbox, "__/d.tif")

    assert sorted(Scanner(inbox).scan().files) == ["__/d.tif", "_old_/a.tif", "c.mrxs", "slide/b.tif"]
