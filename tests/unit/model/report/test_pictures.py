"""Pictures of an image and its nuclei, read back from their data URIs."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from model.evaluation.report.cases import examine
from model.evaluation.report.error_types import ErrorType
from model.evaluation.report.pictures import COLOURS, FILL_ALPHA, SIDE
from model.evaluation.scores import EvaluatedImage
from tests.unit.model.report.discs import BRIDGE, LEFT, LOWER, NOTHING, RIGHT, SHAPE, UPPER, label

GRAY = np.zeros((*SHAPE, 1), np.uint8)


def open_uri(uri: str, kind: str) -> Image.Image:
    prefix = f"data:{kind};base64,"
    assert uri.startswith(prefix)
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(prefix))))


def draw(truth: np.ndarray, found: np.ndarray, pixels: np.ndarray | None = None):
    return examine(
        EvaluatedImage("a", "b", np.zeros((*truth.shape, 1)) if pixels is None else pixels, truth, found)
    ).pictures


def layer(uri: str) -> np.ndarray:
    """(H, W, 4), see-through where nothing is drawn."""
    return np.asarray(open_uri(uri, "image/png").convert("RGBA"))


def colours(pixels: np.ndarray) -> set[tuple[int, ...]]:
    shown = np.unique(np.ascontiguousarray(pixels).view(np.uint32))
    return {tuple(colour) for colour in shown.view(np.uint8).reshape(-1, 4).tolist() if colour[3]}


def line(error_type: ErrorType) -> tuple[int, ...]:
    return (*COLOURS[error_type], 255)


def fill(error_type: ErrorType) -> tuple[int, ...]:
    return (*COLOURS[error_type], FILL_ALPHA)


def marks(error_type: ErrorType) -> set[tuple[int, ...]]:
    return {line(error_type), fill(error_type)}


def test_nuclei_that_match_have_a_line_and_no_fill():
    pictures = draw(label(LEFT), label(LEFT))
    assert colours(layer(pictures.truth)) == colours(layer(pictures.predicted)) == {line(ErrorType.MATCHED)}


@pytest.mark.parametrize(
    ("truth", "found", "error_type"),
    [
        (label(LEFT, RIGHT), label(LEFT | RIGHT | BRIDGE), ErrorType.MERGED),
        (label(LEFT), label(UPPER, LOWER), ErrorType.SPLIT),
    ],
)
def test_merged_and_split_nuclei_have_their_colour_in_both_pictures(truth, found, error_type):
    pictures = draw(truth, found)
    assert colours(layer(pictures.truth)) == colours(layer(pictures.predicted)) == marks(error_type)


def test_a_missed_nucleus_is_dashed_where_it_should_have_been_found():
    pictures = draw(label(LEFT), NOTHING)
    true_layer, found_layer = layer(pictures.truth), layer(pictures.predicted)
    outline = (true_layer == line(ErrorType.MISSED)).all(axis=-1)
    dashes = (found_layer == line(ErrorType.MISSED)).all(axis=-1)
    assert colours(found_layer) == {line(ErrorType.MISSED)}
    assert dashes[~outline].sum() == 0
    assert 0.3 < dashes.sum() / outline.sum() < 0.7


def test_a_false_positive_is_drawn_among_ours_alone():
    pictures = draw(NOTHING, label(LEFT))
    assert colours(layer(pictures.truth)) == set()
    assert colours(layer(pictures.predicted)) == marks(ErrorType.FALSE_POSITIVE)


def test_marks_lie_on_their_nucleus():
    drawn = layer(draw(label(LEFT), NOTHING).truth)
    scale = SIDE // max(SHAPE)
    assert drawn.shape[:2] == (SHAPE[0] * scale, SHAPE[1] * scale)
    assert ((drawn[..., 3] > 0) == np.kron(LEFT, np.ones((scale, scale), bool))).all()


@pytest.mark.parametrize("size", [(1, 1), (900, 800), (SIDE, SIDE + 1), (10, 3000), (SIDE - 1, 7)])
def test_pictures_are_never_larger_than_the_page_needs(size):
    labels = np.zeros(size, np.int32)
    labels[: size[0] // 2 + 1] = 1
    pictures = draw(labels, labels, np.ones((*size, 3), np.uint8))
    for picture in (open_uri(pictures.image, "image/webp"), open_uri(pictures.truth, "image/png")):
        assert max(picture.size) <= SIDE
        assert min(picture.size) >= 1


@pytest.mark.parametrize(
    ("dtype", "channels"), [(np.uint8, 1), (np.uint16, 3), (np.float32, 5), (np.bool_, 2)]
)
def test_any_image_is_shown(dtype, channels):
    pixels = np.zeros((*SHAPE, channels), dtype)
    pixels[LEFT] = 1
    shown = np.asarray(open_uri(draw(label(LEFT), label(LEFT), pixels).image, "image/webp").convert("L"))
    assert shown.shape == SHAPE
    assert shown[LEFT].min() > shown[RIGHT].max() + 20
