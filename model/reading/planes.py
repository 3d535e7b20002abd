"""`read_planes`: dispatches a file to the reader of its format."""

from collections.abc import Callable, Iterator
from pathlib import Path

from model.reading.czi import read_czi
from model.reading.file_format import FileFormat, sniff
from model.reading.leica import read_lif
from model.reading.nikon import read_nd2
from model.reading.ome_zarr import read_ome_zarr
from model.reading.plane import MAX_PIXELS, Plane
from model.reading.rasters import read_bmp, read_jpeg, read_png
from model.reading.tiff.reader import Pages, read_tiff

READERS: dict[FileFormat, Callable[..., Iterator[Plane]]] = {
    FileFormat.PNG: read_png,
    FileFormat.JPEG: read_jpeg,
    FileFormat.BMP: read_bmp,
    FileFormat.TIFF: read_tiff,
    FileFormat.CZI: read_czi,
    FileFormat.ND2: read_nd2,
    FileFormat.LIF: read_lif,
}


def read_planes(path: Path, *, max_pixels: int | None = None, pages: Pages | None = None) -> Iterator[Plane]:
    """Read the planes of an image file, one at a time.

    Each plane is read when it is asked for, so a stack needs the memory of one plane. Errors come with the first
    plane that they concern; sizes are checked for all planes before the first.

    Args:
        path: the file, or the folder of an OME-Zarr.
        max_pixels: planes with more pixels than this are refused from the header alone; None: `MAX_PIXELS`.
        pages: what the pages of a TIFF count, `channels`, `z` or `t`, where somebody knows better than the file.

    Yields:
        At least one plane, ordered by scene; within a scene as they lie in the file, but those of a z-stack one after
        the other.

    Raises:
        ImageError: the content can't be read; see `ImageError.kind`.
        OSError: the file system doesn't give the file (missing, no permission, …).
    """
    if path.is_dir():
        yield from read_ome_zarr(path, max_pixels or MAX_PIXELS)
        return
    found = sniff(path)
    options = {"pages": pages} if found is FileFormat.TIFF else {}
    yield from READERS[found](path, max_pixels or MAX_PIXELS, **options)
