"""Output files of one input file: written under temporary names, published together when all are whole."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from PIL import Image

from model.labels.masks import LabelImage
from model.labels.overlay import draw_overlay
from model.reading import LARGE, Plane

OVERLAY = ".overlay.png"

LONGEST_SIDE, MOST_PIXELS = 8192, LARGE
"""Pictures of larger images are thinned out: every second pixel, every third, … until they fit."""

PlaneIndex = tuple[int, int, int]
"""Scene, time point and z of an image in its file."""


class OutputFiles:
    """Output files named after an input file: `<target>.overlay.png`, or `<target>.s0.t2.z1.overlay.png` in a stack.

    Leaving the block without `publish` leaves nothing behind.

    Attributes:
        target: folder and name that the names begin with.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._unfinished: dict[tuple[PlaneIndex, str], Path] = {}

    def add(self, plane: Plane, ending: str, write: Callable[[Path], object]) -> None:
        """Let `write` write a file about one image; the same ending for the same image replaces it.

        Raises:
            OSError: it can't be written.
        """
        index = (plane.scene, plane.t, plane.z)
        path = self.target.with_name(f".{self.target.name}{_plane_suffix(index)}{ending}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        with _removed_unless_whole(path):
            write(path)
        self._unfinished[index, ending] = path

    def publish(self) -> None:
        """Give the files their names, replacing those of an earlier run.

        Raises:
            OSError: one can't be renamed.
        """
        several = len({index for index, _ in self._unfinished}) > 1
        for (index, ending), path in self._unfinished.items():
            path.replace(
                self.target.with_name(f"{self.target.name}{_plane_suffix(index) if several else ''}{ending}")
            )
        self._unfinished.clear()

    def discard(self) -> None:
        """Remove what is not published."""
        for path in self._unfinished.values():
            _remove(path)
        self._unfinished.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def save_overlay(path: Path, plane: Plane, labels: LabelImage) -> None:
    """Draw an image with its nuclei into a PNG.

    Raises:
        OSError: it can't be written.
    """
    height, width = labels.shape
    step = math.ceil(max(height / LONGEST_SIDE, width / LONGEST_SIDE, (height * width / MOST_PIXELS) ** 0.5))
    picture = draw_overlay(plane.pixels[::step, ::step], labels[::step, ::step])
    Image.fromarray(picture).save(path, format="PNG", compress_level=3)


def _plane_suffix(index: PlaneIndex) -> str:
    return ".s{}.t{}.z{}".format(*index)


@contextmanager
def _removed_unless_whole(path: Path) -> Iterator[None]:
    """Remove what was written if it wasn't written to its end."""
    try:
        yield
    except BaseException:
        _remove(path)
        raise


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
