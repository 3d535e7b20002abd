"""Readers of PNG, JPEG and BMP: one plane each.

PNG pixels come from imagecodecs: Pillow cuts 16-bit colour to 8 bits. Samples of 1, 2 and 4 bits are spread over
0..255, as the PNG standard says. Pillow's plugins are called by name, not through `Image.open`: that opens other
formats too, and has a limit of pixels of its own.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from model.errors import ImageError
from model.reading.decoder_errors import as_image_error
from model.reading.pixel_size import pixel_size_from_dpi
from model.reading.plane import Plane, check_size
from model.reading.single_colour import gray_if_single_colour


def read_png(path: Path, max_pixels: int) -> Iterator[Plane]:
    """Yield the plane of a PNG file: uint8 or uint16; palettes become colour.

    Raises:
        ImageError: it is too large, ends too early, or can't be decoded.
    """
    with as_image_error(path), path.open("rb") as file:
        header = PngImageFile(file)
        check_size(path, header.height, header.width, len(header.getbands()), max_pixels)
        file.seek(0)
        data = file.read()
        if b"IEND" not in data:
            raise ImageError("truncated", f"{path} ends too early: its last chunk is missing. Copy it again.")
        plane = _plane(imagecodecs.png_decode(data), header)
    yield plane


def read_jpeg(path: Path, max_pixels: int) -> Iterator[Plane]:
    """Yield the plane of a JPEG file, turned as its EXIF orientation says; CMYK becomes RGB.

    Raises:
        ImageError: it is too large, or can't be decoded.
    """
    with as_image_error(path), path.open("rb") as file:
        image = JpegImageFile(file)
        check_size(path, image.height, image.width, len(image.getbands()), max_pixels)
        plane = _plane(np.asarray(_upright(_rgb(image))), image)
    yield plane


def read_bmp(path: Path, max_pixels: int) -> Iterator[Plane]:
    """Yield the plane of a BMP file; palettes become colour, gray palettes gray."""
    with as_image_error(path), path.open("rb") as file:
        image = BmpImageFile(file)
        check_size(path, image.height, image.width, len(image.getbands()), max_pixels)
        plane = _plane(np.asarray(image.convert({"1": "L", "P": "RGB"}.get(image.mode, image.mode))), image)
    yield plane


def _plane(pixels: NDArray[Any], header: ImageFile) -> Plane:
    samples = pixels.reshape(*pixels.shape[:2], -1)
    channels = 3 if samples.shape[2] >= 3 else 1  # without alpha
    plane = Plane(
        np.ascontiguousarray(samples[..., :channels]),
        colour=channels == 3,
        pixel_size=pixel_size_from_dpi(header.info.get("dpi")),
    )
    return gray_if_single_colour(plane, lossy=header.format == "JPEG") if plane.colour else plane


def _rgb(image: ImageFile) -> Image.Image:
    if image.mode != "CMYK":
        return image
    if "adobe" in image.info:
        return image.convert("RGB")
    # Pillow takes every CMYK JPEG for Adobe's, which stores it inverted
    return Image.eval(image, lambda ink: 255 - ink).convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF data raise anything, and say nothing about the pixels
        return image
