"""From what a network's maps say of a nucleus to how sure it is of it; belongs to its weights."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Calibration:
    """Logistic regression from `model.segmentation.confidence.FEATURES` to the probability of a match.

    Attributes:
        weights: of the features, in their order.
        offset: log odds where all features are 0.
    """

    weights: tuple[float, ...]
    offset: float
