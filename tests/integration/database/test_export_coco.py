"""`nuqleus export --format coco`: masks, read back by COCO's own library."""

from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from sqlalchemy import update

from nuqleus.database.engine import writing
from nuqleus.database.queries.snapshot import snapshot
from nuqleus.database.tables import Nucleus
from tests.examples import image_result, label_image
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export

WITH_A_HOLE = np.zeros((9, 14), np.int32)
WITH_A_HOLE[1:6, 1:6] = 1
WITH_A_HOLE[2:4, 2:5] = 0
WITH_A_HOLE[5:, 5:] = 2  # in the last corner


def label_image_of(coco: COCO, image: dict) -> np.ndarray:
    labels = np.zeros((image["height"], image["width"]), np.int32)
    for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]])):
        labels[coco.annToMask(annotation) == 1] = annotation["label"]
    return labels


def test_masks_boxes_and_areas_are_those_of_the_nuclei(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.tif", "abc", [image_result(labels=WITH_A_HOLE), image_result(0, z=1)])
    archive.duplicate("b.tif", of=archive.done("c.tif", "xyz", [image_result(3)]), sha256="xyz")

    result = export(database_url, tmp_path, "--format", "coco")

    assert result.exit_code == 0, result.output
    coco = COCO(tmp_path / "coco.json")
    images = coco.loadImgs(coco.getImgIds())
    assert [(image["file_name"], image["z"]) for image in images] == [
        ("a.tif", 0),
        ("a.tif", 1),
        ("c.tif", 0),
        ("b.tif", 0),
    ]
    for image, labels in zip(
        images, [WITH_A_HOLE, label_image(0), label_image(3), label_image(3)], strict=True
    ):
        np.testing.assert_array_equal(label_image_of(coco, image), labels)
    with snapshot(archive.engine) as results:
        for annotation, row in zip(coco.dataset["annotations"], results.nuclei(), strict=True):
            left, top, width, height = annotation["bbox"]
            assert annotation["area"] == row["area"] == coco.annToMask(annotation).sum()
            assert (top, left) == (row["bbox_row0"], row["bbox_col0"])
            assert (top + height, left + width) == (row["bbox_row1"], row["bbox_col1"])


def test_an_image_in_many_blocks_has_the_same_masks(
    archive: Archive, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("nuqleus.results.masks.BLOCK_SIDE", 48)
    labels = label_image(7).T.copy()
    archive.done("a.tif", "abc", [image_result(labels=labels)])

    export(database_url, tmp_path, "--format", "coco")

    coco = COCO(tmp_path / "coco.json")
    np.testing.assert_array_equal(label_image_of(coco, coco.imgs[1]), labels)


def test_nothing_is_a_file_without_images(database_url: str, tmp_path: Path):
    export(database_url, tmp_path, "--format", "coco")

    assert COCO(tmp_path / "coco.json").dataset == {
        "categories": [{"id": 1, "name": "nucleus", "supercategory": "nucleus"}],
        "images": [],
        "annotations": [],
    }


def test_a_mask_that_can_t_be_read_is_named_and_the_file_is_not_there(
    archive: Archive, database_url: str, tmp_path: Path
):
    archive.done("good.tif", "abc")
    archive.done("bad.tif", "xyz")
    with writing(archive.engine) as connection:
        connection.execute(update(Nucleus).where(Nucleus.image_id == 2, Nucleus.label == 3).values(label=9))

    result = export(database_url, tmp_path, "--format", "coco")

    assert "bad.tif: nucleus 9 has measurements, but is not in the mask" in str(result.exception)
    assert not list(tmp_path.glob("*coco*"))
