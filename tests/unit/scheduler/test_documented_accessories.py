"""docs/formats.md shows the list of what is ignored as the code has it."""

import re
from pathlib import Path

from scheduler.accessories import (
    IMAGE_FOLDERS,
    MASK_BEGINNINGS,
    MASK_DETAILS,
    MASK_FOLDERS,
    MASK_WORDS,
    METADATA_ENDINGS,
)
from scheduler.ignore_list import REASONS
from scheduler.image_folders import DATA_FOLDERS, OIF_ENDING, ZARR_METADATA

PAGE = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
TABLE = PAGE.split("| `ignored_by` | is | told by |")[1].split("\n\n")[0]
ROWS = {
    kind: (what, told_by)
    for kind, what, told_by in re.findall(r"^\| `(.+?)` \| (.+?) \| (.+) \|$", TABLE, re.M)
}


def quoted(kind: str) -> list[str]:
    return re.findall(r"`(.+?)`", ROWS[kind][1])


def test_every_reason_has_its_row_and_its_meaning():
    assert {kind: what for kind, (what, _) in ROWS.items()} == REASONS


def test_endings_of_metadata_and_masks_are_all_there():
    assert quoted("metadata") == list(METADATA_ENDINGS)
    folders = [f"{name}/" for name in (*MASK_FOLDERS, *IMAGE_FOLDERS)]
    assert quoted("mask") == [*MASK_WORDS, *MASK_DETAILS, *MASK_BEGINNINGS, *folders]


def test_folders_that_are_one_thing_are_named():
    expected = {f"NAME{ending}": folder.format(stem="NAME") for ending, folder in DATA_FOLDERS.items()}
    named = quoted("data-folder")

    assert dict(zip(named[1::2], named[::2], strict=False)) == expected
    assert named[-1] == f"NAME{OIF_ENDING}"
    assert all(f"`{name}`" in PAGE for name in ZARR_METADATA)
