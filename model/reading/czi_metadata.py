"""Metadata of a CZI file: its XML → pixel size, channels, names of scenes."""

from dataclasses import dataclass
from functools import partial
from xml.etree.ElementTree import Element

from model.reading.metadata import ChannelMetadata, ImageMetadata, Rgb, value_or_default
from model.reading.pixel_size import NO_PIXEL_SIZE, PixelSize, judge_pixel_size, length_in_um, parse_number
from model.reading.xml_tree import at_path, children, parse_xml, text_of

DIMENSIONS = "Metadata/Information/Image/Dimensions"


@dataclass(frozen=True)
class CziMetadata:
    """Metadata of a CZI file.

    Attributes:
        image: what its scenes have in common.
        scene_names: by their numbers.
    """

    image: ImageMetadata
    scene_names: dict[int, str]

    def of_scene(self, number: int | None) -> ImageMetadata:
        """Return the metadata of a scene; None stands for the one of a file without scenes."""
        name = self.scene_names.get(number or 0)
        return ImageMetadata(self.image.pixel_size, self.image.channels, name)


def read_czi_metadata(xml: str) -> CziMetadata:
    """Return what the XML of a CZI file says; what it says in an unexpected form is left out."""
    root = value_or_default(lambda: parse_xml(xml), Element("ImageDocument"))
    pixel_size = value_or_default(partial(_pixel_size, root), NO_PIXEL_SIZE)
    channels = value_or_default(partial(_channels, root), ())
    return CziMetadata(ImageMetadata(pixel_size, channels), value_or_default(partial(_scene_names, root), {}))


def _pixel_size(root: Element) -> PixelSize:
    metres = {
        one.get("Id"): text_of(one, "Value") for one in at_path(root, "Metadata/Scaling/Items/Distance")
    }
    return judge_pixel_size((length_in_um(metres.get(axis), "m") for axis in "XY"), "czi")


def _channels(root: Element) -> tuple[ChannelMetadata, ...]:
    """Channels as they were recorded, and what the settings of the display call them."""
    recorded = at_path(root, f"{DIMENSIONS}/Channels/Channel")
    displayed = at_path(root, "Metadata/DisplaySetting/Channels/Channel")
    by_id = {channel.get("Id"): channel for channel in displayed}
    if not recorded:
        return tuple(_channel(channel, channel) for channel in displayed)
    nothing = Element("Channel")
    return tuple(
        _channel(channel, by_id.get(channel.get("Id"), displayed[i] if i < len(displayed) else nothing))
        for i, channel in enumerate(recorded)
    )


def _channel(recorded: Element, displayed: Element) -> ChannelMetadata:
    return ChannelMetadata.called(
        recorded.get("Name"),
        text_of(recorded, "Fluor"),
        text_of(recorded, "DyeName"),
        displayed.get("Name"),
        text_of(displayed, "ShortName"),
        text_of(displayed, "DyeName"),
        excitation_nm=parse_number(text_of(recorded, "ExcitationWavelength")),
        emission_nm=parse_number(text_of(recorded, "EmissionWavelength")),
        display_colour=_rgb(text_of(displayed, "Color") or text_of(recorded, "Color")),
    )


def _rgb(colour: str) -> Rgb | None:
    """#AARRGGBB or #RRGGBB."""
    parts = value_or_default(lambda: bytes.fromhex(colour.removeprefix("#"))[-3:], b"")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def _scene_names(root: Element) -> dict[int, str]:
    """Names of scenes, with those of their wells: `B2, P1`."""
    names = {}
    for number, scene in enumerate(at_path(root, f"{DIMENSIONS}/S/Scenes/Scene")):
        wells = [text_of(scene, "ArrayName"), *(shape.get("Name", "") for shape in children(scene, "Shape"))]
        parts = dict.fromkeys(
            name.strip() for name in (*wells, scene.get("Name", "")) if name and name.strip()
        )
        if parts:
            names[int(scene.get("Index", number))] = ", ".join(parts)
    return names
