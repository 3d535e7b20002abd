"""OME-XML of a TIFF series → image metadata.

Source: *OME Data Model*, schema 2016-06: Pixels, Channel, LightSourceSettings, Plate.
"""

import re
from functools import partial
from xml.etree.ElementTree import Element

from tifffile import TiffFile, TiffPageSeries

from model.reading.metadata import ChannelMetadata, ImageMetadata, Rgb, value_or_default
from model.reading.pixel_size import NO_PIXEL_SIZE, PixelSize, judge_pixel_size, length_in_um
from model.reading.xml_tree import children, descendants, parse_xml

NM_PER_UM = 1e3


def read_ome(tif: TiffFile, series: TiffPageSeries, number: int) -> ImageMetadata:
    """Return what OME-XML says about a series."""
    if not tif.ome_metadata:
        return ImageMetadata()
    root = parse_xml(tif.ome_metadata)
    image = _find_image(root, series, number, len(tif.series))
    return ImageMetadata() if image is None else read_image_element(root, image)


def read_image_element(root: Element, image: Element) -> ImageMetadata:
    """Return what an `Image` of a document says about itself."""
    pixels = children(image, "Pixels")[0]
    return ImageMetadata(
        value_or_default(partial(_pixel_size, pixels), NO_PIXEL_SIZE),
        value_or_default(partial(_channels, pixels), ()),
        value_or_default(partial(_scene_name, root, image), None),
    )


def _find_image(root: Element, series: TiffPageSeries, number: int, count: int) -> Element | None:
    """Return the `Image` of a series: by its number, or by its name where not every `Image` has pixels here."""
    images = children(root, "Image")
    if len(images) in (1, count):
        return images[number if len(images) == count else 0]
    named = [image for image in images if image.get("Name") == series.name]
    return named[0] if len(named) == 1 else None


def _pixel_size(pixels: Element) -> PixelSize:
    return judge_pixel_size((_size(pixels, axis) for axis in "XY"), "ome")


def _size(pixels: Element, axis: str) -> float | None:
    size, unit = pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit") or "µm"
    return length_in_um(size, unit)


def _channels(pixels: Element) -> tuple[ChannelMetadata, ...]:
    """Channels in their order; where there are fewer than the image has, each at the place that its ID says."""
    elements = children(pixels, "Channel")
    found = [value_or_default(partial(_channel, element), ChannelMetadata()) for element in elements]
    count = value_or_default(lambda: int(pixels.get("SizeC", "0")), 0)
    places = [_place(element) for element in elements]
    if (
        len(found) >= count
        or len(set(places)) < len(places)
        or not all(0 <= place < count for place in places)
    ):
        return tuple(found)
    by_place = dict(zip(places, found, strict=True))
    return tuple(by_place.get(place, ChannelMetadata()) for place in range(count))


def _place(element: Element) -> int:
    """`Channel:0:2` → 2; -1 where the ID doesn't say."""
    last = re.search(r"(\d+)$", element.get("ID", ""))
    return int(last[1]) if last else -1


def _channel(channel: Element) -> ChannelMetadata:
    light = next(iter(children(channel, "LightSourceSettings")), channel)
    return ChannelMetadata.called(
        channel.get("Name"),
        channel.get("Fluor"),
        excitation_nm=_nm(channel, "ExcitationWavelength") or _nm(light, "Wavelength"),
        emission_nm=_nm(channel, "EmissionWavelength"),
        display_colour=value_or_default(lambda: _rgb(int(channel.get("Color", ""))), None),
    )


def _nm(element: Element, attribute: str) -> float | None:
    um = length_in_um(element.get(attribute), element.get(f"{attribute}Unit") or "nm")
    return None if um is None else um * NM_PER_UM


def _rgb(colour: int) -> Rgb:
    """Signed 32-bit RGBA → RGB."""
    return colour >> 24 & 255, colour >> 16 & 255, colour >> 8 & 255


def _scene_name(root: Element, image: Element) -> str | None:
    """The image's name, with that of its well where the name lacks it."""
    name, well = (image.get("Name") or "").strip(), _well_of(root, image)
    parts = (
        [well, name] if well and not re.search(rf"(?<![A-Za-z]){well[0]}0*{well[1:]}(?!\d)", name) else [name]
    )
    return ", ".join(part for part in parts if part) or None


def _well_of(root: Element, image: Element) -> str | None:
    """`B2`: the well of a plate that an image is a sample of."""
    for well in descendants(root, "Well"):
        if any(reference.get("ID") == image.get("ID") for reference in descendants(well, "ImageRef")):
            row, column = int(well.get("Row", "")), int(well.get("Column", ""))
            return f"{chr(ord('A') + row)}{column + 1}"
    return None
