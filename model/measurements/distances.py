"""Distances around nuclei: how far rings and neighbourhoods reach, in pixels."""

from dataclasses import dataclass
from math import ceil

GAP_SHARE, WIDTH_SHARE, NEIGHBOR_SHARE = 1 / 20, 1 / 5, 1 / 8
"""Of the nuclei's diameter, where nobody says otherwise."""

LEAST_GAP, LEAST_WIDTH = 1.0, 2.0
"""Pixels: a nearer or narrower ring would hold the nucleus' own blurred edge, or hardly a pixel."""

DENSITY_DIAMETERS = 10
"""Diameters along the side of the square in which nuclei are counted for the density around one."""


@dataclass(frozen=True)
class Distances:
    """Distances between pixel centres that measurements around nuclei reach, in pixels.

    Attributes:
        ring_gap: what is this near to a nucleus, or nearer, is in no ring.
        ring_width: of rings, beyond their gap.
        neighbor_distance: nuclei of which two pixels are this near are neighbours.
        density_side: side of the square in which nuclei are counted.
    """

    ring_gap: float
    ring_width: float
    neighbor_distance: float
    density_side: float

    @property
    def ring_end(self) -> float:
        """What is farther from all nuclei is background."""
        return self.ring_gap + self.ring_width

    @property
    def margin(self) -> int:
        """Pixels around a nucleus that say all of its ring and its neighbours.

        Twice the ring: a pixel at its end may belong to a nucleus beyond.
        """
        return ceil(max(2 * self.ring_end, self.neighbor_distance)) + 1


def scale_distances(
    diameter: float,
    *,
    ring_gap: float | None = None,
    ring_width: float | None = None,
    neighbor_distance: float | None = None,
) -> Distances:
    """Return the distances for nuclei of a diameter, in pixels, of which some may be given."""
    return Distances(
        max(LEAST_GAP, GAP_SHARE * diameter) if ring_gap is None else ring_gap,
        max(LEAST_WIDTH, WIDTH_SHARE * diameter) if ring_width is None else ring_width,
        max(LEAST_WIDTH, NEIGHBOR_SHARE * diameter) if neighbor_distance is None else neighbor_distance,
        DENSITY_DIAMETERS * diameter,
    )
