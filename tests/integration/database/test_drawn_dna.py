"""Phases of cells in drawn images: pixels are measured as a worker does, stored, and estimated by the views."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from benchmarks.cell_cycle import ARRESTED, GROWING, PHASES, draw_population
from model.measurements import measure_intensities, measure_shapes, measure_surroundings, scale_distances
from nuqleus.database.engine import reading
from nuqleus.database.files.results import ImageResult
from nuqleus.database.group_statistics import GroupStatistics
from nuqleus.database.queries.group_views import dna_content
from tests.examples import image_result
from tests.integration.database.conftest import Archive

SIDE, SPACING, IMAGES = 15, 32, 4
"""Nuclei in a row and in a column, pixels between them, and how many images."""

OFFSET, PHOTONS = 300.0, 60_000.0
"""What the camera shows in the dark, and how many photons G1 sends."""

WELL = 50_000.0
"""Photons that a pixel holds, above all that is drawn: it is only reached where a test makes it smaller."""


def draw_image(contents: np.ndarray, seed: int, largest: float = WELL) -> tuple[np.ndarray, np.ndarray]:
    """Nuclei of different sizes, each with its content's light: labels and pixels (H, W, 1), blurred and counted."""
    rng = np.random.default_rng(seed)
    shape = (SIDE * SPACING,) * 2
    rows, cols = np.mgrid[: shape[0], : shape[1]]
    labels, light = np.zeros(shape, np.int32), np.zeros(shape)
    for number, content in enumerate(contents):
        row, col = (SPACING * (place + 0.5) for place in divmod(number, SIDE))
        inside = (rows - row) ** 2 + (cols - col) ** 2 <= (
            7 * content ** (1 / 3) * rng.uniform(0.9, 1.1)
        ) ** 2
        labels[inside] = number + 1
        light[inside] = content * PHOTONS / inside.sum()
    out_of_focus = 80 + 40 * cols / shape[1]
    photons = rng.poisson(gaussian_filter(light, 1.0) + out_of_focus)
    pixels = OFFSET + np.minimum(photons, largest) + rng.normal(0, 3, shape)
    return labels, np.minimum(np.round(pixels), OFFSET + largest)[..., None].astype(np.uint16)


def measured(labels: np.ndarray, pixels: np.ndarray) -> ImageResult:
    """As a worker measures it."""
    shapes, intensities = measure_shapes(labels), measure_intensities(labels, pixels)
    distances = scale_distances(14)
    around = measure_surroundings(labels, pixels, shapes, intensities, distances)
    return replace(
        image_result(labels=labels),
        nuclei={**shapes, **around.nuclei},
        intensities={**intensities, **around.intensities},
        quality=around.quality,
        nuclear_channel=0,
        area_fraction=float((labels > 0).mean()),
    )


def store(archive: Archive, shares: tuple[float, ...], *, seed: int = 0, largest: float = WELL) -> np.ndarray:
    """Store images of a population. Returns the cells' true phases."""
    population = draw_population(IMAGES * SIDE**2, shares, cv=0.03, unit=1.0, seed=seed)
    for number, contents in enumerate(np.split(population.contents, IMAGES)):
        image = measured(*draw_image(contents, seed + number, largest))
        archive.done(f"{seed}/{number}.tif", f"{seed} {number}", [image])
    GroupStatistics(archive.engine).refresh_all()
    return population.phases


def estimated(archive: Archive) -> tuple[list[float | None], list[str | None], set[str | None]]:
    """Contents and phases in order, and why they aren't known."""
    columns = dna_content.c
    with reading(archive.engine) as connection:
        found = connection.execute(dna_content.select().order_by(columns.image_id, columns.label)).all()
    return (
        [row.dna_content for row in found],
        [row.phase for row in found],
        {row.unknown_because for row in found},
    )


def test_growing_cells_have_the_phases_that_were_drawn(archive: Archive):
    true = store(archive, GROWING)

    contents, phases, unknown = estimated(archive)

    assert unknown == {None}
    contents_of = {name: np.array(contents)[true == number] for number, name in enumerate(PHASES)}
    assert np.median(contents_of["G1"]) == pytest.approx(1, rel=0.03)
    assert np.median(contents_of["G2/M"]) == pytest.approx(2, rel=0.05)
    found = np.array([PHASES.index(phase) for phase in phases])
    assert (found[true == 1] == 1).mean() > 0.98
    assert (found[true == 3] == 3).mean() > 0.98
    assert np.bincount(found, minlength=5) / len(found) == pytest.approx(
        np.bincount(true, minlength=5) / len(true), abs=0.15
    )


def test_arrested_cells_have_no_phase(archive: Archive):
    store(archive, ARRESTED)

    contents, phases, unknown = estimated(archive)

    assert set(contents) == set(phases) == {None}
    assert unknown == {
        "the G1 peak of its folder isn't known: there is no pair of peaks, and one alone may be G1 or G2/M"
    }


def test_saturated_cells_have_no_phase(archive: Archive):
    store(archive, GROWING, largest=400)

    contents, phases, unknown = estimated(archive)

    assert set(contents) == set(phases) == {None}
    assert all(reason.endswith("% of the pixels saturated") for reason in unknown)
