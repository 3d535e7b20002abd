"""What the report holds of one image."""

from dataclasses import dataclass

from model.evaluation.matching import agree
from model.evaluation.report.mistakes import Tally, judge, tally
from model.evaluation.report.pictures import Judged, Pictures, draw_pictures
from model.evaluation.scores import ImageScore, Scene
from model.labels.overlaps import overlap


@dataclass(frozen=True)
class Case:
    """How well an image was segmented, in figures and pictures.

    Attributes:
        score: its name, kind and agreement with the truth.
        size: (H, W) in pixels.
        tally: what became of its nuclei.
        pictures: of the image and its nuclei.
    """

    score: ImageScore
    size: tuple[int, int]
    tally: Tally
    pictures: Pictures


def examine(scene: Scene) -> Case:
    """Score an image, judge its nuclei, and draw them."""
    overlaps = overlap(scene.truth, scene.found)
    verdict = judge(overlaps)
    truth = Judged(scene.truth, overlaps.truth.labels, verdict.truth)
    found = Judged(scene.found, overlaps.found.labels, verdict.found)
    return Case(
        score=ImageScore(scene.name, scene.kind, agree(overlaps)),
        size=(scene.truth.shape[0], scene.truth.shape[1]),
        tally=tally(verdict),
        pictures=draw_pictures(scene.pixels, truth, found),
    )
