"""Metadata of a TIFF series: asks those who write metadata into TIFFs, one after the other.

What the first of them says of pixel size, channels and scene counts; the resolution tags come last.
"""

from collections.abc import Callable
from functools import partial

from tifffile import TiffFile, TiffPage, TiffPageSeries

from model.reading.metadata import ImageMetadata, value_or_default
from model.reading.pixel_size import NO_PIXEL_SIZE, UM_PER_INCH, PixelSize, pixel_size_from_resolution
from model.reading.tiff.imagej import read_imagej
from model.reading.tiff.microscopes import read_lsm, read_metamorph, read_metaseries, read_olympus_sis
from model.reading.tiff.ome_xml import read_ome
from model.reading.tiff.resolution import resolution
from model.reading.tiff.shaped import read_shaped
from model.reading.tiff.slide_scanners import read_aperio, read_qptiff, read_scn

Reader = Callable[[TiffFile, TiffPageSeries, int], ImageMetadata]

READERS: tuple[Reader, ...] = (
    read_ome, read_imagej, read_lsm, read_metamorph, read_metaseries, read_olympus_sis, read_qptiff, read_aperio,
    read_scn, read_shaped,
)  # fmt: skip

UM_PER_RESOLUTION_UNIT = {2: UM_PER_INCH, 3: 1e4}
"""By the value of the tag ResolutionUnit: inch and centimetre; 1 is none."""


def read_metadata(tif: TiffFile, series: TiffPageSeries, number: int) -> ImageMetadata:
    """Return what a file says about one of its series.

    Args:
        tif: the file.
        series: one of its series.
        number: of the series among all of the file.
    """
    found = ImageMetadata()
    for read in READERS:
        found = found.or_else(value_or_default(partial(read, tif, series, number), ImageMetadata()))
    tags = value_or_default(partial(_size_from_tags, series.keyframe), NO_PIXEL_SIZE)
    return found.or_else(ImageMetadata(tags))


def _size_from_tags(page: TiffPage) -> PixelSize:
    unit = page.tags.valueof("ResolutionUnit")
    um = UM_PER_RESOLUTION_UNIT.get(int(unit) if isinstance(unit, int) else 0)
    return pixel_size_from_resolution(*resolution(page), um, "tags")
