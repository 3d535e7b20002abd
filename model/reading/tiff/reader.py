"""Reader of TIFF and its relatives (BigTIFF, ImageJ, OME, …): a plane per scene, time point and z.

tifffile decodes; it is decided here which pages are images (image_series.py), what they count (layout.py,
page_names.py) and what the file says of them (metadata.py).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

from tifffile import TiffFile, TiffPageSeries

from model.errors import ImageError
from model.reading.decoder_errors import as_image_error
from model.reading.metadata import ChannelMetadata, ImageMetadata
from model.reading.plane import Plane
from model.reading.tiff.ifd_chain import check_ifd_chain
from model.reading.tiff.image_series import image_series
from model.reading.tiff.metadata import read_metadata
from model.reading.tiff.ome_sets import own_metadata
from model.reading.tiff.page_names import are_channels, names_of_pages
from model.reading.tiff.series_reader import SeriesReader
from model.reading.tiff.whole_series import WholeSeriesReader, axes_across_pages

SINGLE_FILE: dict[str, Any] = {"_multifile": False, "is_mmstack": False, "is_ndtiff": False}
"""Metadata may name other files of a set. They are files of their own here, so each gives its own pages only."""

Pages = Literal["channels", "z", "t"]
"""What the pages of a TIFF count."""

AXES: dict[str, str] = {"channels": "C", "z": "Z", "t": "T"}


def read_tiff(path: Path, max_pixels: int, pages: Pages | None = None) -> Iterator[Plane]:
    """Yield the planes of a TIFF file, each read when it is asked for.

    Args:
        path: the file.
        max_pixels: planes with more pixels than this are refused from the header alone.
        pages: what its pages count, where somebody knows better than the file.
    """
    with path.open("rb") as file:
        with as_image_error(path):
            check_ifd_chain(path, file)
            tif = _open_alone(path, file)
            scenes = [_reader(path, tif, series, number, pages) for number, series in image_series(tif)]
            _check_complete(path, tif)
            for scene in scenes:
                scene.check(max_pixels)
        first = 0
        for scene in scenes:
            yield from scene.planes(first)
            first += scene.layout.scenes


def _open_alone(path: Path, file: BinaryIO) -> TiffFile:
    """Open a file as if it were alone: of a set, it gives its own planes, with the axes that the set has."""
    tif = TiffFile(file, **SINGLE_FILE)
    own = own_metadata(path, tif)
    if own is None:
        return tif
    file.seek(0)  # where tifffile takes the file to begin
    return TiffFile(file, omexml=own, **SINGLE_FILE)


def _reader(
    path: Path, tif: TiffFile, series: TiffPageSeries, number: int, pages: Pages | None
) -> SeriesReader | WholeSeriesReader:
    metadata = read_metadata(tif, series, number)
    axes = axes_across_pages(path, series)
    if axes:
        return WholeSeriesReader(path, series, axes, metadata)
    names = names_of_pages(tif, series)
    if pages == "channels" or (pages is None and are_channels(names)):
        named = ImageMetadata(channels=tuple(ChannelMetadata.called(*of_one) for of_one in names))
        return SeriesReader(path, tif, series, metadata.or_else(named), AXES["channels"])
    return SeriesReader(path, tif, series, metadata, AXES[pages] if pages else None)


def _check_complete(path: Path, tif: TiffFile) -> None:
    """ImageJ writes large stacks as one page with all pixels behind it; tifffile gives up on it if some are missing."""
    said = int((tif.imagej_metadata or {}).get("images", 1))
    if said > 1 and len(tif.pages) == 1 and tif.series[0].kind != "imagej":
        raise ImageError(
            "truncated",
            f"{path} ends too early: it should hold {said:,} images, as ImageJ wrote it. Copy it again.",
        )
