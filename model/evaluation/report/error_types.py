"""Error types: whether a nucleus was segmented well, or lost in which way.

Of two nuclei, one true and one predicted, A *covers* B if more than half of B's pixels are A's; a nucleus is covered
by at most one other. Each nucleus, true or predicted, has one type: the first that applies.

| type           | a true nucleus                                   | a predicted nucleus                              |
| -------------- | ------------------------------------------------ | ------------------------------------------------ |
| matched        | a predicted one has an IoU above 0.5 with it     | a true one has an IoU above 0.5 with it          |
| merged         | what covers it covers another true one too       | it covers two or more true ones                  |
| split          | it covers two or more predicted ones             | what covers it covers another predicted one too  |
| misshapen      | it covers a predicted one, or more than half of  | it covers a true one, or more than half of       |
|                | it is predicted foreground                       | it is true foreground                            |
| missed         | none of these: mostly predicted background       |                                                  |
| false positive |                                                  | none of these: mostly true background            |

The first row is the Data Science Bowl's count at its lowest threshold: matched nuclei are its true positives. A
predicted nucleus that is matched may have swallowed a second true one, which alone is then merged; a true nucleus that
is matched may cover a crumb besides its partner, which alone is then split.

Merged, split and missed (false negative) nuclei are the errors that Caicedo et al. (2019, Cytometry A 95, 952-965)
count. They take two nuclei for one another from an IoU of 0.1 on; "more than half of its pixels" is the rule of
Matula et al. (2015, PLoS ONE 10, e0144959). It does not depend on how many nuclei were merged (each of twelve equal
ones has an IoU of 1/12 with the whole) nor count a neighbour that is merely grazed. Misshapen is what both leave to
the misses: a nucleus that is there and was seen, in another outline.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from model.arrays import Bools, Ints
from model.labels.overlaps import Overlaps

MATCHED_IOU = 0.5
"""Above this IoU two nuclei are one: each has at most one such partner."""


class ErrorType(IntEnum):
    """How a nucleus was segmented: well (`MATCHED`), or with which error."""

    MATCHED = 1
    MERGED = 2
    SPLIT = 3
    MISSHAPEN = 4
    MISSED = 5
    FALSE_POSITIVE = 6

    @property
    def label(self) -> str:
        """What the report calls it."""
        return self.name.lower().replace("_", " ")

    @property
    def css_class(self) -> str:
        """What the report's style sheet and script call it."""
        return self.name.lower().replace("_", "-")


ErrorTypes = NDArray[np.uint8]
"""The `ErrorType` of each nucleus of an image, in the order of its labels."""


@dataclass(frozen=True)
class Classification:
    """Error types of the nuclei of one image.

    Attributes:
        truth: of the T true nuclei: (T,).
        predicted: of the P predicted nuclei: (P,).
    """

    truth: ErrorTypes
    predicted: ErrorTypes


@dataclass(frozen=True)
class ErrorCounts:
    """How many nuclei, of one image or of several, are of each type.

    Attributes:
        truth: true nuclei, indexed by `ErrorType`: (7,) int64.
        predicted: predicted nuclei, likewise.
    """

    truth: Ints
    predicted: Ints

    def __add__(self, other: "ErrorCounts") -> "ErrorCounts":
        return ErrorCounts(self.truth + other.truth, self.predicted + other.predicted)

    def of(self, error_type: ErrorType) -> int:
        """How many nuclei are of a type: predicted ones for false positives, else true ones."""
        counts = self.predicted if error_type is ErrorType.FALSE_POSITIVE else self.truth
        return int(counts[error_type])


def count_errors(classification: Classification) -> ErrorCounts:
    """Count the nuclei of each type."""
    sides = classification.truth, classification.predicted
    truth, predicted = (np.bincount(types, minlength=len(ErrorType) + 1) for types in sides)
    return ErrorCounts(truth, predicted)


def classify(overlaps: Overlaps) -> Classification:
    """Return the error type of every true and every predicted nucleus."""
    back = overlaps.transposed
    merged, split = _shares_its_cover(overlaps), _covers_several(overlaps)
    merging, piece = _covers_several(back), _shares_its_cover(back)
    return Classification(
        truth=_first_that_applies(
            [_is_matched(overlaps), merged, split, _was_seen(overlaps)], ErrorType.MISSED
        ),
        predicted=_first_that_applies(
            [_is_matched(back), merging, piece, _was_seen(back)], ErrorType.FALSE_POSITIVE
        ),
    )


def _first_that_applies(flags: list[Bools], otherwise: ErrorType) -> ErrorTypes:
    types = [ErrorType.MATCHED, ErrorType.MERGED, ErrorType.SPLIT, ErrorType.MISSHAPEN]
    return np.select(flags, types, otherwise).astype(np.uint8)


def _is_matched(overlaps: Overlaps) -> Bools:
    return _count(overlaps, overlaps.ious > MATCHED_IOU) > 0


def _covers_several(overlaps: Overlaps) -> Bools:
    return _count(overlaps, _covers(overlaps)) > 1


def _shares_its_cover(overlaps: Overlaps) -> Bools:
    back = overlaps.transposed
    shares = _covers(back) & _covers_several(back)[back.rows]
    return _count(overlaps, shares) > 0


def _was_seen(overlaps: Overlaps) -> Bools:
    foreground = np.bincount(overlaps.rows, overlaps.shared, len(overlaps.truth))
    return (_count(overlaps, _covers(overlaps)) > 0) | (2 * foreground > overlaps.truth.areas)


def _covers(overlaps: Overlaps) -> Bools:
    """Whether the nucleus in each pair's row covers the one in its column: (S,)."""
    return 2 * overlaps.shared > overlaps.predicted.areas[overlaps.columns]


def _count(overlaps: Overlaps, pairs: Bools) -> Ints:
    """How many of these pairs each row's nucleus has part in: (T,)."""
    return np.bincount(overlaps.rows[pairs], minlength=len(overlaps.truth))
