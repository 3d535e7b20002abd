"""Overlay pictures of processed files: a convenience for people, never worth failing a file for."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from model.labels.masks import LabelImage
from model.reading import Plane
from nuqleus.paths import safe_join
from worker.output_files import OVERLAY, OutputFiles, save_overlay

log = logging.getLogger(__name__)


class OverlayWriter:
    """Draws the pictures of one file's images, which are seen once they are published.

    What goes wrong is logged, and nothing else.

    Args:
        folder: the pictures go there, to the file's relative path; None: nobody wants any.
        name: the file's path, relative to the watched folder.

    Raises:
        UnsafePath: the name leads out of the folder.
    """

    def __init__(self, folder: Path | None, name: str) -> None:
        self._outputs = OutputFiles(Path(safe_join(folder, name))) if folder else None

    def add(self, plane: Plane, labels: LabelImage) -> None:
        """Draw an image; nobody sees the picture yet."""
        if self._outputs:
            with self._tolerating(self._outputs.target):
                self._outputs.add(plane, OVERLAY, partial(save_overlay, plane=plane, labels=labels))

    def publish(self) -> None:
        """Show the pictures; what can't be shown is thrown away."""
        if self._outputs:
            with self._outputs, self._tolerating(self._outputs.target):
                self._outputs.publish()

    def discard(self) -> None:
        """Throw the pictures away."""
        if self._outputs:
            self._outputs.discard()

    @contextmanager
    def _tolerating(self, target: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            log.warning("No picture of %s: %s", target, error)
