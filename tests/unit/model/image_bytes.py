"""Whole images of many formats as bytes, for tests that cut and damage them."""

from io import BytesIO

import numpy as np
import tifffile
from PIL import Image

from .images import RGB, png, ramp


def encoded(values, format_, **options):
    buffer = BytesIO()
    Image.fromarray(values).save(buffer, format_, **options)
    return buffer.getvalue()


def encoded_tiff(values, **options):
    buffer = BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


STACK = np.arange(6 * 40 * 50, dtype=np.uint16).reshape(6, 40, 50)

NOISE = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)

WHOLE = {
    "png": encoded(NOISE, "PNG"),
    "png, 16-bit colour": png(ramp(60, 80, "uint16", 3), 16, RGB),
    "jpeg": encoded(NOISE, "JPEG"),
    "bmp": encoded(NOISE, "BMP"),
    "tiff": encoded_tiff(NOISE),
    "tiff, lzw": encoded_tiff(NOISE, compression="lzw"),
    "tiff, jpeg": encoded_tiff(NOISE, compression="jpeg", tile=(16, 16)),
    "tiff, big": encoded_tiff(NOISE, bigtiff=True),
    "stack": encoded_tiff(STACK, photometric="minisblack"),
    "stack, deflate": encoded_tiff(STACK, photometric="minisblack", compression="zlib", metadata=None),
    "stack, imagej": encoded_tiff(STACK, imagej=True),
    "stack, imagej, one directory": encoded_tiff(STACK, imagej=True, truncate=True),
    "stack, ome": encoded_tiff(STACK, ome=True, photometric="minisblack"),
}  # fmt: skip
