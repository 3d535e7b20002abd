"""Overlay pictures of processed files: a convenience for people, never worth failing a file for."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from model.labels.masks import LabelImage
from model.reading import Plane
from nuqleus.paths import inside
from worker.output_files import OVERLAY, OutputFiles, save_overlay

log = logging.getLogger(__name__)


class Album:
    """Pictures of the images of one file. What goes wrong is logged, and nothing else."""

    def __init__(self, outputs: OutputFiles) -> None:
        self._outputs = outputs

    def add(self, plane: Plane, labels: LabelImage) -> None:
        """Draw an image; nobody sees the picture yet."""
        with self._forgiving():
            self._outputs.add(plane, OVERLAY, partial(save_overlay, plane=plane, labels=labels))

    def publish(self) -> None:
        """Show the pictures."""
        with self._forgiving():
            self._outputs.publish()

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            log.warning("No picture of %s: %s", self._outputs.target, error)


@contextmanager
def open_album(folder: Path | None, name: str) -> Iterator[Album | None]:
    """Give an album of a file, at its relative path below a folder; None if there is no folder.

    Pictures that are not published by the end of the block are thrown away.
    """
    if folder is None:
        yield None
        return
    with OutputFiles(Path(inside(folder, name))) as outputs:
        yield Album(outputs)
