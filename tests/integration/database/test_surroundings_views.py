"""What is around nuclei, and how good images are, by the names of the views."""

import pytest
from sqlalchemy import text

from nuqleus.database.engine import reading
from nuqleus.database.tables import Image, ImageQuality, Intensity, Nucleus
from tests.examples import surrounded_result
from tests.integration.database.conftest import Archive


@pytest.fixture(autouse=True)
def image(archive: Archive) -> None:
    archive.done("a.tif", "abc", [surrounded_result(3, channels=2, pixel_size_um=0.5)])


def read(archive: Archive, view: str, order: str) -> list[dict]:
    with reading(archive.engine) as connection:
        rows = connection.execute(text(f'SELECT * FROM "{view}" ORDER BY "{order}"')).mappings()
        return [dict(row) for row in rows]


def test_distances_areas_and_densities_are_in_micrometres(archive: Archive):
    in_um, nuclei = read(archive, "nuclei_um", "label"), archive.rows(Nucleus)

    for row, nucleus in zip(in_um, nuclei, strict=True):
        assert row["neighbor_nearest_distance_um"] == pytest.approx(nucleus.neighbor_nearest_distance / 2)
        assert row["ring_area_um2"] == nucleus.ring_area / 4 > 0
        assert row["neighbor_density_per_um2"] == pytest.approx(nucleus.neighbor_density * 4)


def test_a_nucleus_has_its_neighbours(archive: Archive):
    objects, nuclei = read(archive, "Per_Object", "ObjectNumber"), archive.rows(Nucleus)

    for row, nucleus in zip(objects, nuclei, strict=True):
        neighbors = {
            "NumberOfNeighbors": nucleus.neighbor_count,
            "PercentTouching": 100 * nucleus.neighbor_touching_fraction,
            "FirstClosestDistance": nucleus.neighbor_nearest_distance,
            "FirstClosestObjectNumber": nucleus.neighbor_nearest_label,
            "RingArea": nucleus.ring_area,
            "Density": nucleus.neighbor_density,
        }
        assert {name: row[f"Nuclei_Neighbors_{name}"] for name in neighbors} == pytest.approx(neighbors)


def test_a_nucleus_has_its_ring_in_each_channel(archive: Archive):
    objects = {row["ObjectNumber"]: row for row in read(archive, "Per_Object", "ObjectNumber")}
    intensities = archive.rows(Intensity)

    assert len(intensities) == 3 * 2
    for measured in intensities:
        around = {
            "MeanIntensityRing": measured.intensity_ring_mean,
            "MedianIntensityRing": measured.intensity_ring_median,
            "IntegratedIntensityRing": measured.intensity_ring_integrated,
            "RatioToRing": measured.intensity_ring_ratio,
            "RatioToRingCorrected": measured.intensity_ring_ratio_corrected,
            "MeanIntensityCorrected": measured.intensity_mean_corrected,
            "IntegratedIntensityCorrected": measured.intensity_integrated_corrected,
            "EdgeSharpness": measured.edge_sharpness,
        }
        row = objects[measured.label]
        named = {name: row[f"Nuclei_Intensity_{name}_Ch{measured.channel}"] for name in around}
        assert named == pytest.approx(around)
        assert row["Nuclei_Intensity_MeanIntensityRing_Ch2"] is None


def test_an_image_has_the_quality_of_each_channel(archive: Archive):
    (row,), (image,) = read(archive, "Per_Image", "ImageNumber"), archive.rows(Image)

    distances = [row[f"Image_Metadata_{name}"] for name in ("RingGap", "RingWidth", "NeighborDistance")]
    assert distances == [image.ring_gap, image.ring_width, image.neighbor_distance]
    assert row["Image_AreaOccupied_AreaFraction_Nuclei"] == pytest.approx(image.area_fraction)
    for quality in archive.rows(ImageQuality):
        expected = {
            "Background": quality.background,
            "IlluminationGradient": quality.illumination_gradient,
            "LaplacianVariance": quality.laplacian_variance,
            "PercentMaximal": 100 * quality.fraction_at_max,
            "PercentMinimal": 100 * quality.fraction_at_min,
            "PowerLogLogSlope": quality.power_log_log_slope,
        }
        named = {name: row[f"Image_ImageQuality_{name}_Ch{quality.channel}"] for name in expected}
        assert named == pytest.approx(expected)
        assert quality.background > 0
