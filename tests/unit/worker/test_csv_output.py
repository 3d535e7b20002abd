"""A CSV of nuclei: the columns of the export, one row a nucleus."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from nuqleus.database.files.results import ImageResult
from nuqleus.database.queries.image_findings import NUCLEUS_FINDINGS
from nuqleus.database.queries.result_columns import IMAGE_KEY, nucleus_columns
from nuqleus.micrometres import COLUMNS
from tests.fake_segmenter import ThresholdSegmenter, draw_squares
from worker.csv_output import save_table
from worker.pipeline import process


def results_of(tmp_path, pixels) -> list[ImageResult]:
    import tifffile

    path = tmp_path / "image.tif"
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata={"axes": "CYX"})
    return list(process(path, ThresholdSegmenter()))


def read(path):
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_columns_are_those_of_the_export_but_for_what_takes_the_other_images(tmp_path):
    (result,) = results_of(tmp_path, np.stack([draw_squares(2), draw_squares(2)]))
    save_table(tmp_path / "image.csv", result)

    expected = [name for name in nucleus_columns(2) if name not in {*IMAGE_KEY, *NUCLEUS_FINDINGS}]
    assert list(read(tmp_path / "image.csv")[0]) == expected


def test_every_nucleus_has_a_row_with_its_intensity_in_each_channel(tmp_path):
    first, second = draw_squares(2, value=100), np.zeros((16, 32), np.uint8)
    second[:, :16], second[:, 16:] = 30, 40
    (result,) = results_of(tmp_path, np.stack([first, second]))
    save_table(tmp_path / "image.csv", result)

    rows = read(tmp_path / "image.csv")
    assert [row["label"] for row in rows] == ["1", "2"]
    assert [float(row["area"]) for row in rows] == [64, 64]
    assert [float(row["intensity_mean-0"]) for row in rows] == [100, 100]
    assert [float(row["intensity_mean-1"]) for row in rows] == [30, 40]


@pytest.mark.parametrize("pixel_size_um", [0.5, None])
def test_sizes_are_in_micrometres_too_where_the_pixel_size_is_known(tmp_path, pixel_size_um):
    (result,) = results_of(tmp_path, draw_squares(1)[None])
    save_table(tmp_path / "image.csv", replace(result, pixel_size_um=pixel_size_um))

    (row,) = read(tmp_path / "image.csv")
    if pixel_size_um is None:
        assert {row[column] for column in COLUMNS} == {""}
    else:
        assert float(row["area_um2"]) == 16
        assert float(row["centroid_row_um"]) == float(row["centroid_row"]) / 2
        assert float(row["perimeter_um"]) == float(row["perimeter"]) / 2


def test_the_nearest_neighbour_is_a_whole_number_or_nobody(tmp_path):
    for count, nearest in ((2, ["2", "1"]), (1, [""])):
        (result,) = results_of(tmp_path, draw_squares(count)[None])
        save_table(tmp_path / "image.csv", result)

        assert [row["neighbor_nearest_label"] for row in read(tmp_path / "image.csv")] == nearest


def test_textures_that_were_asked_for_are_there(tmp_path):
    (result,) = results_of(tmp_path, draw_squares(2)[None])
    textures = {"label": np.array([1, 2]), "channel": np.zeros(2, int), "granularity_1": np.array([3.5, 4.5])}
    save_table(tmp_path / "image.csv", replace(result, textures=textures))

    assert [row["granularity_1-0"] for row in read(tmp_path / "image.csv")] == ["3.5", "4.5"]
