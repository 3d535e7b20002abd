"""Thresholds that turn a network's maps into nuclei; they belong to its weights."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PostprocessingParams:
    """Thresholds of instance segmentation; searched on validation images (`nuqleus train`), stored with the weights.

    Attributes:
        foreground: probability above which a pixel belongs to a nucleus.
        marker: height of the distance map above which a pixel belongs to a marker.
        contact: how much the contact map lowers the distance map before markers are cut.
        smoothing: standard deviation, in pixels, of the blur that makes one peak of a bumpy one.
        smallest: nuclei of fewer pixels are dropped.
    """

    foreground: float = 0.5
    marker: float = 0.5
    contact: float = 0.5
    smoothing: float = 1.0
    smallest: int = 20
