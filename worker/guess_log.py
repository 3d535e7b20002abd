"""Guess log: warns of nuclear channels that were guessed, so that nobody can miss it, and the log isn't flooded."""

import logging

from model.reading.channels import describe_channels
from nuqleus.database.files.results import ImageResult

log = logging.getLogger(__name__)

GUESS = "guess"
"""`ImageResult.nuclear_channel_by` where no channel is known as a nuclear stain's."""

HOW_TO_CHOOSE = (
    "Say which one shows the nuclei, by its name or number: with --channel (NUQLEUS_CHANNEL) or by a rule for these "
    "files, and queue them again with `nuqleus retry PATH`."
)


class GuessLog:
    """Warns of the first file in which the nuclear channel was guessed, then of the 10th, the 100th and so on."""

    def __init__(self) -> None:
        self._files = 0
        self._last = ""

    def note(self, path: str, image: ImageResult) -> None:
        """Take note of an image of a file; all of a file's images come one after the other."""
        if image.nuclear_channel_by != GUESS or path == self._last:
            return
        self._last = path
        self._files += 1
        if self._files == 1:
            log.warning(
                "%s: which channel shows the nuclei was guessed: %s of %s. %s",
                path,
                image.nuclear_channel or 0,
                describe_channels(image.channel_names or [""] * image.channels),
                HOW_TO_CHOOSE,
            )
        elif str(self._files).strip("0") == "1":
            log.warning(
                "The nuclear channel was guessed in %d files so far, %s for one. `nuqleus status` counts them.",
                self._files,
                path,
            )
