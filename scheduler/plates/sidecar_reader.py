"""Sidecar reader: what a microscope wrote about a plate beside its images. A process of its own, the scheduler's child.

    python -m scheduler.plates.sidecar_reader NAME < SIDECAR > JSON

What is read is somebody else's: it is streamed, no entity and no document type is taken, texts, lists and memory have
limits, and whatever goes wrong in here ends this process alone.
"""

import csv
import io
import json
import re
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from scheduler.plates.sidecar_xml import SidecarError, elements

MAX_FILES = 2_000_000
MAX_CHANNELS = 1_000
MAX_HTD_BYTES = 16 * 2**20
MEMORY_BYTES = 4 * 2**30


@dataclass
class ChannelDescription:
    """A channel as a sidecar describes it; `wavelength` is that of the excitation, in nm."""

    name: str = ""
    wavelength: float | None = None


@dataclass
class Description:
    """What a sidecar says of a plate.

    Attributes:
        channels: by their keys: `w1`, `ch1`, `C01`, `UV - DAPI`.
        files: names of the images that there are to be.
        has_steps: several planes, which it doesn't list one by one.
    """

    channels: dict[str, ChannelDescription] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    has_steps: bool = False
    rows: int | None = None
    cols: int | None = None
    pixel_size_um: float | None = None

    def channel(self, key: str) -> ChannelDescription:
        """A channel, from now on known.

        Raises:
            SidecarError: there are too many.
        """
        if len(self.channels) >= MAX_CHANNELS:
            raise SidecarError(f"it has more than {MAX_CHANNELS} channels")
        return self.channels.setdefault(key, ChannelDescription())

    def add_file(self, name: str) -> None:
        """Note an image that there is to be, without its folder.

        Raises:
            SidecarError: there are too many.
        """
        if len(self.files) >= MAX_FILES:
            raise SidecarError(f"it lists more than {MAX_FILES:,} files")
        self.files.append(name.strip().replace("\\", "/").rpartition("/")[2])


def read_htd(file: BinaryIO) -> Description:
    """MetaXpress: lines of `"WaveName1", "DAPI"`.

    Raises:
        SidecarError: it is no such file.
    """
    text = file.read(MAX_HTD_BYTES).decode("utf-8-sig", errors="replace")
    values = {row[0]: row[1] for row in csv.reader(io.StringIO(text), skipinitialspace=True) if len(row) > 1}
    if "HTSInfoFile" not in values:
        raise SidecarError("it does not begin with HTSInfoFile")
    description = Description(has_steps=values.get("ZSeries", "FALSE").strip().upper() == "TRUE")
    description.rows, description.cols = _whole(values.get("YWells")), _whole(values.get("XWells"))
    for number in range(1, 1 + min(_whole(values.get("NWavelengths")) or 1, MAX_CHANNELS)):
        if values.get(f"WaveCollect{number}", "1").strip() != "0":
            description.channel(f"w{number}").name = values.get(f"WaveName{number}", "").strip()
    return description


def read_harmony(file: BinaryIO) -> Description:
    """Harmony's `Index.idx.xml` and `Index.xml`: an `Image` for each file; later, a `Map` of channels."""
    description, image = Description(), dict[str, str]()
    for around, (name, attributes, text) in elements(file):
        if name in {"Image", "Entry"}:
            _take_harmony(description, image | attributes)
            image.clear()
        elif around[-1:] in (["Image"], ["Entry"]):
            image[name] = text
        elif name == "PlateRows":
            description.rows = _whole(text)
        elif name == "PlateColumns":
            description.cols = _whole(text)
    return description


def _take_harmony(description: Description, image: dict[str, str]) -> None:
    if "URL" in image:
        description.add_file(image["URL"])
    if resolution := _number(image.get("ImageResolutionX")):
        description.pixel_size_um = resolution * 1e6
    if number := _whole(image.get("ChannelID")):
        channel = description.channel(f"ch{number}")
        channel.name = image.get("ChannelName") or channel.name
        channel.wavelength = _number(image.get("MainExcitationWavelength")) or channel.wavelength


def read_cellvoyager(file: BinaryIO) -> Description:
    """Yokogawa's `MeasurementData.mlf` (files), `MeasurementDetail.mrf` (pixels) and `.mes` (channels' names)."""
    description, light = Description(), None
    for _, (name, attributes, text) in elements(file):
        if name == "MeasurementRecord" and attributes.get("Type", "IMG") == "IMG":
            description.add_file(text)
        elif name == "MeasurementDetail":
            description.rows, description.cols = map(_whole, map(attributes.get, ("RowCount", "ColumnCount")))
        elif name == "MeasurementChannel":
            description.channel(_voyager_key(attributes))
            description.pixel_size_um = (
                _number(attributes.get("HorizontalPixelDimension")) or description.pixel_size_um
            )
        elif name == "Channel" and "Ch" in attributes:
            channel = description.channel(_voyager_key(attributes))
            channel.name = attributes.get("Target") or attributes.get("Fluorophore") or channel.name
            channel.wavelength, light = light or channel.wavelength, None
        elif name == "LightSourceName" and (found := re.search(r"\d{3}", text)):
            light = float(found[0])
    return description


def _voyager_key(attributes: dict[str, str]) -> str:
    return f"C{_whole(attributes.get('Ch')) or 0:02d}"


def read_incell(file: BinaryIO) -> Description:
    """InCell's `.xdce`: filters of each `Wavelength`, and an `Image` for each file."""
    description, filters = Description(), dict[str, dict[str, str]]()
    for _, (name, attributes, _text) in elements(file):
        if name in {"ExcitationFilter", "EmissionFilter"}:
            filters[name] = attributes
        elif name == "Wavelength" and len(filters) == 2:
            excitation, emission = filters["ExcitationFilter"], filters["EmissionFilter"]
            channel = description.channel(f"{excitation.get('name', '')} - {emission.get('name', '')}")
            channel.name = emission.get("name", "")
            channel.wavelength = _number(excitation.get("wavelength"))
            filters.clear()
        elif name == "Image" and "filename" in attributes:
            description.add_file(attributes["filename"])
        elif name == "ObjectiveCalibration":
            description.pixel_size_um = _number(attributes.get("pixel_width"))
        elif name == "Plate":
            description.rows, description.cols = map(_whole, map(attributes.get, ("rows", "columns")))
    return description


READERS: dict[str, Callable[[BinaryIO], Description]] = {
    ".htd": read_htd,
    ".xml": read_harmony,
    ".mlf": read_cellvoyager,
    ".mrf": read_cellvoyager,
    ".mes": read_cellvoyager,
    ".xdce": read_incell,
}
"""By the ending of a sidecar's name."""


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\s*\d{1,6}\s*", text) else None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def main(name: str) -> int:
    """Read from stdin what is called like this; a description goes to stdout, or what is wrong to stderr."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    read = READERS["." + name.lower().rpartition(".")[2]]
    try:
        description = read(sys.stdin.buffer)
    except (SidecarError, expat.ExpatError, csv.Error) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    json.dump(asdict(description), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
