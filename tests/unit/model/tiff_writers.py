"""TIFFs as microscopes and slide scanners write them, small, with metadata of our own making."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

OME = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def channels_of(*names: str, **attributes: Sequence[Any]) -> list[dict[str, Any]]:
    """Attributes of OME channels: names, and others one per channel; what is None is left out."""
    columns = {"Name": names, **attributes}
    count = max(len(column) for column in columns.values())
    return [
        {key: column[i] for key, column in columns.items() if i < len(column) and column[i] is not None}
        for i in range(count)
    ]


def ome_image(
    number: int,
    shape: tuple[int, int, int],
    first: int,
    channels: Sequence[Mapping[str, Any]],
    **attributes: Any,
) -> str:
    """An OME `Image` of (C, H, W) uint16 pixels in pages from `first` on; `Image_…` attributes are its own."""
    own = {key.removeprefix("Image_"): value for key, value in attributes.items() if key.startswith("Image_")}
    said = {key: value for key, value in attributes.items() if not key.startswith("Image_")}
    inner = "".join(
        f"<Channel {_attributes({'ID': f'Channel:{number}:{i}', 'SamplesPerPixel': 1, **channel})}/>"
        for i, channel in enumerate(channels)
    )
    pixels = {
        "ID": f"Pixels:{number}", "DimensionOrder": "XYCZT", "Type": "uint16", "SizeX": shape[2], "SizeY": shape[1],
        "SizeC": shape[0], "SizeZ": 1, "SizeT": 1, **said,
    }  # fmt: skip
    return (
        f"<Image {_attributes({'ID': f'Image:{number}', **own})}><Pixels {_attributes(pixels)}>{inner}"
        f'<TiffData IFD="{first}" PlaneCount="{shape[0]}"/></Pixels></Image>'
    )


def _attributes(values: Mapping[str, Any]) -> str:
    return " ".join(f'{key}="{value}"' for key, value in values.items())


def write_ome(path: Path, images: Sequence[np.ndarray], xml: Sequence[str], beside: str = "") -> Path:
    """Write images of (C, H, W) values with their `Image` elements, and what is `beside` them in the document."""
    document = f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{OME}">{beside}{"".join(xml)}</OME>'
    pages = [page for image in images for page in image]
    with tifffile.TiffWriter(path) as file:
        for number, page in enumerate(pages):
            description = document.encode() if number == 0 else None
            file.write(page, photometric="minisblack", description=description, metadata=None)
    return path


def write_ome_channels(
    path: Path, channels: Sequence[Mapping[str, Any]], count: int | None = None, **attributes: Any
) -> Path:
    """Write one OME image with this many channels."""
    values = numbered(count or len(channels), 24, 32)
    return write_ome(path, [values], [ome_image(0, values.shape, 0, channels, **attributes)])


def numbered(*shape: int) -> np.ndarray:
    """uint16 values 0, 1, 2, …"""
    return np.arange(np.prod(shape)).reshape(shape).astype(np.uint16)


def write_lsm(
    path: Path, values: np.ndarray, names: Sequence[str], colours: Sequence[tuple[int, int, int]], um: float
) -> Path:
    """Write (C, H, W) values as Zeiss's LSM: planar channels, a thumbnail, and Zeiss's own block (tag 34412)."""
    count, height, width = values.shape
    info = struct.pack(
        "<10i6d", 0x0400494C, 380, width, height, 1, count, 1, 2, 8, 8, *[um / 1e6] * 2, 1e-6, 0, 0, 0
    )
    info = info.ljust(380, b"\0")
    with tifffile.TiffWriter(path, byteorder="<") as file:
        extra = [(34412, 1, len(info), info, True)]
        options = {"planarconfig": "separate", "metadata": None}
        file.write(values, photometric="minisblack", extratags=extra, **options)
        file.write(np.zeros((3, 8, 8), np.uint8), photometric="rgb", subfiletype=1, **options)
    written = bytearray(path.read_bytes())
    at = written.index(info[:40])
    written[at + 108 : at + 112] = struct.pack("<I", len(written))
    packed = b"".join(struct.pack("<I", len(name) + 1) + name.encode() + b"\0" for name in names)
    offset = 24 + 4 * count
    header = struct.pack("<6I", offset + len(packed), count, count, 24, offset, 0)
    path.write_bytes(written + header + b"".join(bytes([*colour, 0]) for colour in colours) + packed)
    return path


def write_qptiff(path: Path, values: np.ndarray, channels: Sequence[Mapping[str, str]]) -> Path:
    """Write (C, H, W) values as Akoya's QPTIFF: a page for each channel, a thumbnail, a level at half the size."""

    shared: dict[str, Any] = {"metadata": None, "software": "PerkinElmer-QPI"}
    levels = {"FullResolution": 1, "ReducedResolution": 2}
    with tifffile.TiffWriter(path) as file:
        for kind, step in levels.items():
            resolution = (20_000 // step, 20_000 // step)
            gray = {
                "photometric": "minisblack",
                "tile": (16, 16),
                "resolution": resolution,
                "resolutionunit": 3,
            }
            for page, about in zip(values, channels, strict=True):
                text = _qptiff_description(kind, about)
                file.write(page[::step, ::step], description=text, **gray, **shared)
            if kind == "FullResolution":
                thumbnail, text = np.zeros((16, 16, 3), np.uint8), _qptiff_description("Thumbnail", {})
                file.write(thumbnail, description=text, photometric="rgb", **shared)
    return path


def _qptiff_description(kind: str, about: Mapping[str, str]) -> str:
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in {"ImageType": kind, **about}.items())
    root = "PerkinElmer-QPI-ImageDescription"
    return f'<?xml version="1.0" encoding="utf-16"?>\r\n<{root}>{inner}</{root}>'


def write_metaseries(path: Path, values: np.ndarray, **properties: Any) -> Path:
    """Write (H, W) values as MetaXpress does; keys have _ for -, and begin with __ where they are custom."""
    props = "".join(
        f'<prop id="{key if key.startswith("_") else key.replace("_", "-")}" type="string" value="{value}"/>'
        for key, value in properties.items()
    )
    description = f"<MetaData><PlaneInfo>{props}</PlaneInfo></MetaData>"
    tifffile.imwrite(path, values, description=description, software="MetaSeries", metadata=None)
    return path


def write_named_pages(path: Path, names: Sequence[str], description: Sequence[str] | None = None) -> Path:
    """Write a page for each name (tag PageName), each brighter than the one before."""
    with tifffile.TiffWriter(path) as file:
        for number, name in enumerate(names):
            page = np.full((24, 32), 10 * number, np.uint16)
            text = description[number] if description else None
            file.write(page, metadata=None, description=text, extratags=[(285, 2, len(name) + 1, name, True)])
    return path


def write_scn(path: Path, overview: np.ndarray, scan: np.ndarray) -> Path:
    """Write a gray overview of a slide, and a scan of a part of it with a level at half the size, as Leica's SCN."""

    def image(name: str, ifds: Sequence[int], pixels: np.ndarray, view: tuple[int, int, int, int]) -> str:
        dimensions = "".join(f'<dimension r="{r}" ifd="{ifd}"/>' for r, ifd in enumerate(ifds))
        width, height, x, y = view
        return (
            f'<image name="{name}"><pixels sizeX="{pixels.shape[1]}" sizeY="{pixels.shape[0]}">{dimensions}</pixels>'
            f'<view sizeX="{width}" sizeY="{height}" offsetX="{x}" offsetY="{y}"/></image>'
        )

    whole = (1_000_000, 2_000_000)
    xml = (
        '<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01"><collection '
        f'sizeX="{whole[0]}" sizeY="{whole[1]}">{image("image_000", [0], overview, (*whole, 0, 0))}'
        f"{image('image_001', [1, 2], scan, (scan.shape[1] * 500, scan.shape[0] * 500, 9, 9))}</collection></scn>"
    )
    with tifffile.TiffWriter(path) as file:
        file.write(overview, description=xml, metadata=None)
        file.write(scan, metadata=None)
        file.write(scan[::2, ::2], metadata=None)
    return path
