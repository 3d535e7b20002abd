"""The door of this package: a file of any kind that can be read → its planes."""

from collections.abc import Callable, Iterator
from pathlib import Path

from model.reading.czi import read_czi
from model.reading.file_format import Content, recognise
from model.reading.leica import read_lif
from model.reading.nikon import read_nd2
from model.reading.plane import MAX_PIXELS, Plane
from model.reading.rasters import read_bmp, read_jpeg, read_png
from model.reading.tiff import read_tiff

READERS: dict[Content, Callable[[Path, int], Iterator[Plane]]] = {
    Content.PNG: read_png,
    Content.JPEG: read_jpeg,
    Content.BMP: read_bmp,
    Content.TIFF: read_tiff,
    Content.CZI: read_czi,
    Content.ND2: read_nd2,
    Content.LIF: read_lif,
}


def read_planes(path: Path, *, max_pixels: int = MAX_PIXELS) -> Iterator[Plane]:
    """Read the planes of an image file, one at a time.

    Each plane is read when it is asked for, so a stack needs the memory of one plane. Errors come with the first
    plane that they concern; sizes are checked for all planes before the first.

    Args:
        path: the file.
        max_pixels: planes with more pixels than this are refused from the header alone.

    Yields:
        At least one plane, ordered by scene; within a scene as they lie in the file, but those of a z-stack one after
        the other.

    Raises:
        ImageError: the content can't be read; see `ImageError.kind`.
        OSError: the file system doesn't give the file (missing, no permission, …).
    """
    yield from READERS[recognise(path)](path, max_pixels)
