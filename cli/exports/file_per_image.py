"""Formats that have a file for each image, at the path of the image's file."""

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from cli.exports.exporter import Written
from cli.progress_bars import track_stream
from model.errors import MaskError
from nuqleus.database.queries.snapshot import Snapshot, StoredImage
from nuqleus.errors import UnsafePath
from nuqleus.paths import escape_path, safe_join
from nuqleus.whole_files import whole_file

OF_ALL_FILES = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors after which nothing else can be written: a full disk, one that can only be read."""


def write_each_image(
    results: Snapshot,
    folder: Path,
    *,
    ending: str,
    what: str,
    write: Callable[[Path, StoredImage], None],
    whole: Callable[[Path], AbstractContextManager[Path]] = whole_file,
) -> Written:
    """Write a file for each image; one that can't be written is no reason to leave out the others.

    Args:
        results: the images.
        folder: where the files lie, at the images' paths and with `ending`.
        ending: what distinguishes the format.
        what: the files are, in the plural.
        write: writes one of them, whole.
        whole: `whole_folder` where they are folders.

    Raises:
        OSError: no other file can be written there either.
    """
    written, problems = 0, []
    for image in track_stream(results.images(), what, results.image_count()):
        try:
            path = _file_of(image, folder, ending)
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole(path) as unfinished:
                write(unfinished, image)
            written += 1
        except (OSError, UnsafePath, MaskError) as error:
            if isinstance(error, OSError) and error.errno in OF_ALL_FILES:
                raise
            problems.append(f"{escape_path(image.path)}: {error}")
    return Written(f"{written} {what} in {folder}", problems)


def _file_of(image: StoredImage, folder: Path, ending: str) -> Path:
    """Return where a file lies; images of one file are told apart by scene, time point and z."""
    plane = ".s{scene}.t{t}.z{z}".format_map(image.columns) if image.images_in_file > 1 else ""
    return Path(safe_join(folder, f"{image.path}{plane}{ending}"))
