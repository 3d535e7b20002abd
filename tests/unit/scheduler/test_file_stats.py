"""File stats: a mapping that takes little memory, compared folder by folder."""

import os

import pytest

from nuqleus.file_stat import FileStat
from scheduler.file_stats import FileStats, pack, pack_seen

KNOWN = FileStat(5, 1_700_000_000_000_000_000, 12, 1_700_000_000_000_000_001)
BY_PATH = {
    "a.tif": KNOWN,
    "plate/a.tif": FileStat(0, -1, -(2**63), 2**63 - 1),
    "plate/B02/a.tif": FileStat(3, 0),
}


def stats(by_path):
    return FileStats(by_path.items())


def test_it_is_a_mapping_of_paths_to_stats():
    assert stats(BY_PATH) == BY_PATH
    assert len(stats(BY_PATH)) == 3
    assert "plate/a.tif" in stats(BY_PATH)
    for absent in ("", "plate", "b.tif", "plate/b.tif", "other/a.tif"):
        assert absent not in stats(BY_PATH)


def test_a_stat_is_what_it_was_whether_its_inode_is_known_or_not():
    assert stats({"a": KNOWN})["a"] == KNOWN
    assert stats({"a": FileStat(*KNOWN[:2])})["a"] == FileStat(*KNOWN[:2])


@pytest.mark.parametrize("other", [FileStat(6, *KNOWN[1:]), FileStat(*KNOWN[:3], 7), FileStat(*KNOWN[:2])])
def test_new_and_changed_files_differ(other):
    before = stats({"a": KNOWN, "x/a": KNOWN, "x/b": KNOWN, "gone/a": KNOWN})
    now = stats({"a": KNOWN, "x/a": KNOWN, "x/b": other, "x/c": KNOWN, "new/a": KNOWN})
    assert sorted(now.differing_from(before)) == ["new/a", "x/b", "x/c"]
    assert list(now.differing_from(now)) == []


def test_files_that_went_are_missing_from_what_is_there():
    before = stats({"a": KNOWN, "b": KNOWN, "x/a": KNOWN, "gone/a": KNOWN})
    now = stats({"a": KNOWN, "x/a": FileStat(1, 1), "x/b": KNOWN})
    assert sorted(before.missing_from(now)) == ["b", "gone/a"]


def test_files_are_joined_to_others_and_both_stay_as_they_were():
    first, more = stats({"a": KNOWN, "x/a": KNOWN}), {"x/b": KNOWN, "y/a": KNOWN, "a": FileStat(1, 1)}
    assert first | more == {"a": FileStat(1, 1), "x/a": KNOWN, "x/b": KNOWN, "y/a": KNOWN}
    assert first == {"a": KNOWN, "x/a": KNOWN}


def test_folders_that_stayed_as_they_were_share_their_memory():
    before, now = stats({"x/a": KNOWN, "y/a": KNOWN}), FileStats()
    now.add("x", {"a": pack(KNOWN)}, before)
    now.add("y", {"a": pack(KNOWN), "b": pack(KNOWN)}, before)
    assert now._folders["x"] is before._folders["x"]
    assert before == {"x/a": KNOWN, "y/a": KNOWN}


def test_a_folder_of_which_more_is_found_later_leaves_an_earlier_one_alone():
    before, now = stats({"a.tif": KNOWN}), FileStats()
    now.add("", {"a.tif": pack(KNOWN)}, before)
    now.add("", {"b.zarr": pack(FileStat(1, 1))}, before)
    assert now == {"a.tif": KNOWN, "b.zarr": FileStat(1, 1)}
    assert before == {"a.tif": KNOWN}


@pytest.mark.parametrize("inode", [12, 2**64 - 1])
def test_a_file_is_packed_as_its_stat_is(tmp_path, inode):
    (tmp_path / "a").touch()
    os.utime(tmp_path / "a", ns=(0, -5))
    seen = (tmp_path / "a").stat()
    assert pack_seen(seen) == pack(FileStat.of(seen))
    odd = os.stat_result([seen.st_mode, inode, *seen[2:]], {"st_mtime_ns": 2**70, "st_ctime_ns": 1})
    assert pack_seen(odd) == pack(FileStat.of(odd))
