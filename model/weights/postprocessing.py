"""Thresholds that turn a network's maps into nuclei; they belong to its weights."""

from dataclasses import dataclass, replace

LEAST_PIXELS = 20
"""Pixels of an image that a nucleus has at least, 5 across, however much it is enlarged: less is dust."""


@dataclass(frozen=True)
class PostprocessingParams:
    """Thresholds of instance segmentation; searched on validation images (`nuqleus train`), stored with the weights.

    Attributes:
        foreground: probability above which a pixel belongs to a nucleus.
        marker: height of the distance map above which a pixel belongs to a marker.
        contact: how much the contact map lowers the distance map before markers are cut.
        smoothing: standard deviation, in pixels, of the blur that makes one peak of a bumpy one.
        smallest: nuclei of fewer pixels are dropped.
        smallest_share: nuclei of less than this share of the area of a typical one of the image are dropped.
        enclosed: share of its outline that a nucleus must have in common with a single larger one to be a piece of it.
        least_confidence: nuclei of which the network is less sure are dropped, where its card has a calibration.
    """

    foreground: float = 0.5
    marker: float = 0.5
    contact: float = 0.5
    smoothing: float = 1.0
    smallest: int = 20
    smallest_share: float = 0.0
    enclosed: float = 1.0
    least_confidence: float = 0.0

    def at(self, zoom: float) -> "PostprocessingParams":
        """Return the same thresholds for maps brought back to the pixels of an image that was seen zoomed."""
        smallest = max(1, round(self.smallest / zoom**2), min(self.smallest, LEAST_PIXELS))
        return replace(self, smoothing=self.smoothing / zoom, smallest=smallest)
