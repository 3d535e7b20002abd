"""Slide scanners' own metadata of a TIFF series: Aperio SVS, PerkinElmer and Akoya QPTIFF, Leica SCN."""

import re
from collections.abc import Iterable
from functools import partial
from xml.etree.ElementTree import Element

from tifffile import TiffFile, TiffPageSeries

from model.reading.metadata import ChannelMetadata, ImageMetadata, Rgb, value_or_default
from model.reading.pixel_size import NO_PIXEL_SIZE, PixelSize, judge_pixel_size, length_in_um
from model.reading.xml_tree import children, descendants, parse_xml, text_of

QPTIFF = "PerkinElmer-QPI-ImageDescription"

NM_PER_UM = 1e3


def read_aperio(_tif: TiffFile, series: TiffPageSeries, _number: int) -> ImageMetadata:
    """Return what Aperio says of an image: `… |MPP = 0.2520|…`, micrometres per pixel."""
    description = series.keyframe.description
    mpp = re.search(r"\|\s*MPP\s*=\s*([\d.,eE+-]+)", description) if "Aperio" in description[:80] else None
    size = length_in_um(mpp[1], "µm") if mpp else None
    return ImageMetadata(judge_pixel_size((size,), "aperio"))


def read_qptiff(_tif: TiffFile, series: TiffPageSeries, _number: int) -> ImageMetadata:
    """Return what each page of a QPTIFF, which is a channel, says of itself."""
    if QPTIFF not in series.keyframe.description[:200]:
        return ImageMetadata()
    pages = [page.aspage() for page in series.pages if page is not None]
    described = [value_or_default(partial(parse_xml, page.description), Element(QPTIFF)) for page in pages]
    return ImageMetadata(
        value_or_default(partial(_qptiff_size, described[0]), NO_PIXEL_SIZE),
        tuple(value_or_default(partial(_qptiff_channel, page), ChannelMetadata()) for page in described),
    )


def _qptiff_size(page: Element) -> PixelSize:
    said = next((size.text for size in descendants(page, "PixelSizeMicrons")), None)
    size = length_in_um(said, "µm")
    return judge_pixel_size((size,), "qptiff")


def _qptiff_channel(page: Element) -> ChannelMetadata:
    return ChannelMetadata.called(
        text_of(page, "Name"),
        text_of(page, "Biomarker"),
        text_of(page, "Fluor"),
        display_colour=value_or_default(lambda: _rgb(text_of(page, "Color").split(",")), None),
    )


def _rgb(parts: Iterable[str]) -> Rgb:
    red, green, blue = (int(part) for part in parts)
    return red, green, blue


def read_scn(tif: TiffFile, series: TiffPageSeries, _number: int) -> ImageMetadata:
    """Return what Leica's SCN says of an image: the size of its view in nm and in pixels, and names of channels."""
    if not tif.is_scn:
        return ImageMetadata()
    images = list(descendants(parse_xml(tif.pages.first.description), "image"))
    first = next(page.index for page in series.pages if page is not None)
    image = next(one for one in images if first in _ifds(one))
    settings = sorted(descendants(image, "channelSettings"), key=lambda one: int(one.get("index", "0")))
    channels = tuple(ChannelMetadata.called(one.get("name")) for one in settings)
    return ImageMetadata(
        value_or_default(partial(_scn_size, image), NO_PIXEL_SIZE), channels, image.get("name")
    )


def _ifds(image: Element) -> set[int]:
    return {int(one.get("ifd", "-1")) for one in descendants(image, "dimension")}


def _scn_size(image: Element) -> PixelSize:
    view, pixels = children(image, "view")[0], children(image, "pixels")[0]
    sizes = (
        float(view.get(f"size{axis}", "")) / NM_PER_UM / float(pixels.get(f"size{axis}", "")) for axis in "XY"
    )
    return judge_pixel_size(sizes, "scn")


def scn_overviews(tif: TiffFile) -> set[int]:
    """Return the pages of the images of an SCN file that show the whole slide, where others show parts of it."""
    found: set[int] = set()
    for collection in descendants(parse_xml(tif.pages.first.description), "collection"):
        images = children(collection, "image")
        whole = [image for image in images if _shows_all(image, collection)]
        if len(whole) < len(images):
            found.update(ifd for image in whole for ifd in _ifds(image))
    return found


def _shows_all(image: Element, collection: Element) -> bool:
    view = next(iter(children(image, "view")), Element("view"))
    return all(view.get(size) == collection.get(size) for size in ("sizeX", "sizeY"))
