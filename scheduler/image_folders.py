"""Image folders: a folder that is one OME-Zarr image, and folders in which a file beside them keeps its pixels.

What lies in them is looked at as a whole: thousands of chunks are no images of their own.
"""

import os
from collections.abc import Sequence

ZARR_ENDING = ".zarr"
ZARR_METADATA = frozenset({"zarr.json", ".zgroup", ".zarray"})
"""Files of which a Zarr folder has one, whatever the folder is called."""

DATA_FOLDERS = {".vsi": "_{stem}_", ".mrxs": "{stem}"}
"""Endings of files that keep their pixels in a folder beside them, and what the folder is called."""

OIF_ENDING = ".oif.files"
"""Olympus OIF: the folder of `a.oif` is `a.oif.files`, a name that nothing else has."""


def is_image_folder(path: str, entries: Sequence[os.DirEntry[str]]) -> bool:
    """Say whether a folder with these entries is one image."""
    return path.lower().endswith(ZARR_ENDING) or any(entry.name in ZARR_METADATA for entry in entries)


def data_folder_names(entries: Sequence[os.DirEntry[str]]) -> frozenset[str]:
    """Return what the folders are called, in lower case, in which files among these entries keep their pixels."""
    names = (entry.name.lower() for entry in entries)
    return frozenset(
        DATA_FOLDERS[ending].format(stem=stem)
        for stem, ending in map(os.path.splitext, names)
        if ending in DATA_FOLDERS
    )


def is_data_folder(name: str, names: frozenset[str]) -> bool:
    """Say whether a folder holds the pixels of a file beside it; `names` come from `data_folder_names`."""
    return name.lower() in names or name.lower().endswith(OIF_ENDING)
