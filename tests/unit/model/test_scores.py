"""Figures over many images."""

import numpy as np

from model.evaluation.matching import match_nuclei
from model.evaluation.scores import ImageScore, image_rows, summarise


def score(name: str, kind: str, *, found: bool) -> ImageScore:
    truth = np.ones((8, 8), np.int32)
    return ImageScore(name, kind, match_nuclei(truth, truth if found else np.zeros_like(truth)))


def test_the_first_row_is_all_images_and_then_each_kind_has_one():
    rows = summarise([score("a", "fluo", found=True), score("b", "purple", found=False)])
    assert [(row.kind, row.images, row.dsb) for row in rows] == [
        ("all", 2, 0.5),
        ("fluo", 1, 1),
        ("purple", 1, 0),
    ]
    assert rows[0].average_precision["0.50"] == 0.5


def test_images_of_one_kind_need_one_row():
    assert [row.kind for row in summarise([score("a", "fluo", found=True)])] == ["all"]


def test_images_are_listed_from_the_worst():
    rows = image_rows([score("good", "x", found=True), score("bad", "x", found=False)])
    assert [row["name"] for row in rows] == ["bad", "good"]
