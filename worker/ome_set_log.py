"""OME set log: warns of OME-TIFFs whose image has channels in other files, and which are images of their own."""

import logging
from collections.abc import Callable
from pathlib import Path

from model.reading.tiff.ome_sets import files_of_other_channels
from nuqleus.database.files.records import Claim
from nuqleus.paths import escape_path

log = logging.getLogger(__name__)

ENDINGS = (".ome.tif", ".ome.tiff")


class OmeSetLog:
    """Warns of the first file of each folder.

    Args:
        keep: keeps a warning about a path.
    """

    def __init__(self, keep: Callable[[str, str], None]) -> None:
        self._keep = keep
        self._folders: set[str] = set()

    def note(self, claim: Claim, path: Path) -> None:
        """Look at a file that could be read; not at one of a field, whose channels are together."""
        folder = claim.path.rpartition("/")[0]
        is_alone = claim.field_key is None and claim.path.lower().endswith(ENDINGS)
        if not is_alone or folder in self._folders:
            return
        others = files_of_other_channels(path)
        if others:
            self._folders.add(folder)
            message = (
                f"{escape_path(claim.path)} is one file of an image whose other channels are in others "
                f"({escape_path(others[0])}, for one): each is counted as an image of its own. A rule with a pattern "
                "makes one image of them (docs/plates.md); then use `nuqleus retry --regroup PATH`."
            )
            log.warning("%s", message)
            self._keep(claim.path, message)
