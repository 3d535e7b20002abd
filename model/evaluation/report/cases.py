"""Case of the report: one image, scored, its nuclei classified and drawn."""

from dataclasses import dataclass

from model.evaluation.matching import match_overlaps
from model.evaluation.report.error_types import ErrorCounts, classify, count_errors
from model.evaluation.report.pictures import ClassifiedLabels, Pictures, draw_pictures
from model.evaluation.scores import EvaluatedImage, ImageScore
from model.labels.overlaps import overlap


@dataclass(frozen=True)
class Case:
    """Evaluation of one image, in figures and pictures.

    Attributes:
        score: its name, kind and score.
        size: (H, W) in pixels.
        errors: its nuclei by error type.
        pictures: of the image and its nuclei.
    """

    score: ImageScore
    size: tuple[int, int]
    errors: ErrorCounts
    pictures: Pictures


def examine(image: EvaluatedImage) -> Case:
    """Score an image, classify its nuclei, and draw them."""
    overlaps = overlap(image.truth, image.predicted)
    types = classify(overlaps)
    truth = ClassifiedLabels(image.truth, overlaps.truth.labels, types.truth)
    predicted = ClassifiedLabels(image.predicted, overlaps.predicted.labels, types.predicted)
    return Case(
        score=ImageScore(image.name, image.kind, match_overlaps(overlaps)),
        size=(image.truth.shape[0], image.truth.shape[1]),
        errors=count_errors(types),
        pictures=draw_pictures(image.pixels, truth, predicted),
    )
