"""Painter: has pictures drawn by processes that may die of what they read."""

import json
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nuqleus.settings import Settings
from web.drawing_process import DrawingProcess, DriveSilent, ProcessLost
from web.messages import DrawingMessage

log = logging.getLogger(__name__)

PROCESSES = 2
"""An image is always drawn by the same one of them, which may have it decoded."""

REFUSED_SECONDS = 60.0
"""An image that ended its process isn't tried again for so long."""

COMMAND = (sys.executable, "-P", "-m", "web.drawing")


class PictureProblem(Exception):  # noqa: N818 - of a picture, and of nothing else
    """A picture can't be drawn; the text says why, to a person."""


class Painter:
    """Has pictures drawn.

    Args:
        settings: of the folder.
        clock: seconds from any origin.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        options = {
            "folder": str(settings.input_dir.absolute()),
            "links_may_leave": settings.outside_links,
            "max_pixels": settings.max_pixels,
        }
        command = (*COMMAND, json.dumps(options))
        self._processes = [DrawingProcess(command) for _ in range(PROCESSES)]
        self._clock = clock
        self._refused: dict[int, float] = {}

    def draw(self, image_id: int, request: Mapping[str, Any], parts: Sequence[bytes] = ()) -> bytes:
        """Have a picture of an image drawn.

        Raises:
            PictureProblem: it can't be.
        """
        _, pictures = self._ask(image_id, request, parts)
        if not pictures:
            raise PictureProblem("No picture came.")
        return pictures[0]

    def look_up(self, image_id: int, request: Mapping[str, Any], parts: Sequence[bytes] = ()) -> int:
        """Have a label looked up in a mask.

        Raises:
            PictureProblem: it can't be.
        """
        head, _ = self._ask(image_id, request, parts)
        label = head.get("label")
        return label if isinstance(label, int) else 0

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.end()

    def _ask(self, image_id: int, request: Mapping[str, Any], parts: Sequence[bytes]) -> DrawingMessage:
        if self._clock() < self._refused.get(image_id, float("-inf")):
            raise PictureProblem("This image could not be drawn a moment ago.")
        process = self._processes[image_id % len(self._processes)]
        try:
            head, pictures = process.ask({"image_id": image_id, **request}, parts)
        except DriveSilent as silent:
            log.warning("Image %d can't be drawn: %s", image_id, silent)
            raise PictureProblem(str(silent)) from silent
        except ProcessLost as error:
            self._refused[image_id] = self._clock() + REFUSED_SECONDS
            log.warning("Image %d can't be drawn: %s", image_id, error)
            raise PictureProblem(f"This image can't be drawn: {error}") from error
        if "problem" in head:
            raise PictureProblem(str(head["problem"])[:500])
        return head, pictures
