"""What is around nuclei, the quality of images and textures lie in the database as they were measured."""

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import delete, func, select

from model.measurements import measure_intensities, measure_shapes, measure_surroundings, scale_distances
from nuqleus.database.engine import reading, writing
from nuqleus.database.files.results import ImageResult
from nuqleus.database.tables import Base, Image, ImageQuality, Intensity, Nucleus, Texture
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.unit.model.label_images import by_hand

LABELS = by_hand(
    """
    11....22....
    11....22....
    ............
    ............
    ............
    """
)


def measured(labels: np.ndarray = LABELS) -> ImageResult:
    """Two nuclei in two channels, of which the second has no number in it, with textures."""
    light = np.random.default_rng(0).integers(1, 255, labels.shape).astype(np.float64)
    pixels = np.stack([light, np.full(labels.shape, np.nan)], axis=-1)
    shapes, intensities = measure_shapes(labels), measure_intensities(labels, pixels)
    found = measure_surroundings(labels, pixels, shapes, intensities, scale_distances(2), ["granularity"])
    return replace(
        image_result(len(shapes["label"]), channels=2),
        nuclei={**shapes, **found.nuclei},
        intensities={**intensities, **found.intensities},
        quality=found.quality,
        textures=found.textures,
        ring_gap=1.0,
        ring_width=2.0,
        neighbor_distance=2.5,
        area_fraction=8 / 60,
    )


def stored(archive: Archive, table: type[Base]) -> dict[str, list]:
    """Columns of a table, channel by channel."""
    columns = table.__table__.columns
    order = [columns[name] for name in ("image_id", "channel", "label") if name in columns]
    with reading(archive.engine) as connection:
        rows = connection.execute(select(table).order_by(*order)).mappings().all()
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.mark.parametrize(
    ("table", "part"),
    [(Nucleus, "nuclei"), (Intensity, "intensities"), (ImageQuality, "quality"), (Texture, "textures")],
)
def test_every_number_is_there_and_what_is_none_is_null(archive: Archive, table: type[Base], part: str):
    image = measured()
    archive.done("a.tif", "abc", [image])

    rows = stored(archive, table)

    for name, values in getattr(image, part).items():
        expected = [
            None if number != number else pytest.approx(number, rel=1e-6) for number in values.tolist()
        ]
        assert rows[name] == expected, name


def test_distances_are_part_of_the_image(archive: Archive):
    archive.done("a.tif", "abc", [measured()])

    image = stored(archive, Image)

    assert (image["ring_gap"], image["ring_width"], image["neighbor_distance"]) == ([1], [2], [2.5])
    assert image["area_fraction"] == pytest.approx([8 / 60])


def test_the_only_nucleus_has_no_nearest_and_labels_are_whole_numbers(archive: Archive):
    archive.done("one.tif", "abc", [measured(np.where(LABELS == 1, 1, 0))])
    archive.done("two.tif", "def", [measured()])

    assert stored(archive, Nucleus)["neighbor_nearest_label"] == [None, 2, 1]


def test_images_of_one_transaction_may_differ_in_what_was_asked_for(archive: Archive):
    without = replace(measured(), textures={}, z=1)

    archive.done("a.tif", "abc", [measured(), without])

    with reading(archive.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(Texture)) == 4
        assert connection.scalar(select(func.count(func.distinct(Texture.image_id)))) == 1
        assert connection.scalar(select(func.count()).select_from(ImageQuality)) == 4


def test_results_that_go_take_all_of_it_along(archive: Archive):
    archive.done("a.tif", "abc", [measured()])
    with writing(archive.engine) as connection:
        connection.execute(delete(Image))

    with reading(archive.engine) as connection:
        for table in (Nucleus, Intensity, ImageQuality, Texture):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
