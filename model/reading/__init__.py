"""Image files → planes of pixels, one at a time.

    PNG, JPEG, BMP    one plane                                        rasters.py
    TIFF              one plane per scene, time point and z; channels  tiff/
                      stay together; large ones are decoded by regions
    CZI, ND2, LIF     the same, by libraries of the extra `vendor`     czi.py, nikon.py, leica.py, scenes.py

A file's kind is decided by its content, never by its ending (file_format.py). What can't be read raises `ImageError`
with a reason (decoder_errors.py), decided from the header where that is possible.
"""

from model.reading.file_format import SUFFIXES
from model.reading.plane import LARGE, MAX_PIXELS, Pixels, Plane
from model.reading.planes import read_planes

__all__ = ["LARGE", "MAX_PIXELS", "SUFFIXES", "Pixels", "Plane", "read_planes"]
