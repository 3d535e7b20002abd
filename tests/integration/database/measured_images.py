"""Images whose quality, and whose nuclei's DNA, are given instead of measured."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import insert, select, text, update

from nuqleus.database.engine import reading, writing
from nuqleus.database.files.results import ImageResult
from nuqleus.database.tables import Image, ImageQuality
from tests.examples import image_result
from tests.integration.database.conftest import Archive

IN_ORDER = {
    "background": 100.0,
    "power_log_log_slope": -2.0,
    "laplacian_variance": 50.0,
    "fraction_at_max": 1e-5,
    "fraction_at_min": 1e-5,
    "illumination_gradient": 0.2,
}


def add_image(
    archive: Archive,
    path: str,
    image: ImageResult | None = None,
    *,
    area_fraction: float = 0.2,
    **quality: float,
) -> int:
    """A done file with one image, whose channel 0 is IN_ORDER but for what is given. Returns the image's id."""
    file_id = archive.done(path, path, [image or image_result(1)])
    with writing(archive.engine) as connection:
        of_file = Image.file_id == file_id
        (image_id,) = connection.scalars(select(Image.id).where(of_file))
        connection.execute(update(Image).where(of_file).values(area_fraction=area_fraction))
        connection.execute(insert(ImageQuality), {"image_id": image_id, "channel": 0} | IN_ORDER | quality)
    return image_id


def add_alike(archive: Archive, folder: str, images: int = 12, **quality: float) -> list[int]:
    """Images that differ a little in everything."""
    ids = []
    for number in range(images):
        few = (number - images // 2) / images
        values = {name: value * (1 + 0.1 * few) for name, value in IN_ORDER.items()}
        ids.append(
            add_image(archive, f"{folder}{number}.tif", area_fraction=0.2 + 0.01 * few, **values | quality)
        )
    return ids


def with_contents(contents: np.ndarray, **changes: Any) -> ImageResult:
    """An image whose nuclei have these contents of DNA in channel 0, which is the nuclear one."""
    image = image_result(len(contents))
    measured = {"intensity_integrated_corrected": contents.astype(np.float32)}
    return replace(image, nuclear_channel=0, intensities={**image.intensities, **measured}, **changes)


def rows(archive: Archive, query: str, **parameters: Any) -> list[Mapping[str, Any]]:
    """What the database answers."""
    with reading(archive.engine) as connection:
        return list(connection.execute(text(query), parameters).mappings())
