"""Image files → planes of pixels, one at a time.

    PNG, JPEG, BMP    one plane                                        rasters.py
    TIFF              one plane per scene, time point and z; channels  tiff/
                      stay together; large ones are decoded by regions
    CZI, ND2, LIF     the same, by libraries of the extra `vendor`     czi.py, nikon.py, leica.py, scenes.py
    OME-Zarr          the same of a folder, by the extra `zarr`        ome_zarr.py, zarr_store.py, linkless_folder.py

A file's format is decided by its content (file_format.py); endings only name those that aren't read
(unsupported_formats.py). What can't be read raises `ImageError` with a reason (decoder_errors.py), decided from the
header where that is possible. What files say of themselves is `ImageMetadata` (metadata.py, pixel_size.py); which
channel shows the nuclei is decided in channels.py, by the table of nuclear_stains.py.
"""

from model.reading.file_format import SUFFIXES
from model.reading.plane import LARGE, MAX_PIXELS, Pixels, Plane
from model.reading.planes import read_planes

__all__ = ["LARGE", "MAX_PIXELS", "SUFFIXES", "Pixels", "Plane", "read_planes"]
