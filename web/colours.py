"""Colours of numbers: viridis, which stays in order for the colour-blind and in gray (Smith and van der Walt, 2015)."""

from collections.abc import Iterable
from dataclasses import dataclass

STOPS = (0x440154, 0x482878, 0x3E4A89, 0x31688E, 0x26828E, 0x1F9E89, 0x35B779, 0x6DCD59, 0xB4DE2C, 0xFDE725)

UNKNOWN = 0x9AA0A6
"""Of what has no number."""

LOW, HIGH = 0.02, 0.98
"""Shares of the numbers below and above the range of colours: a few odd ones must not make all others alike."""


@dataclass(frozen=True)
class Scale:
    """Colour scale: numbers from `low` to `high` in colours; what lies outside has the colour of the end."""

    low: float
    high: float

    def colour(self, value: float | None) -> int:
        """The colour of a number, as 0xRRGGBB."""
        if value is None:
            return UNKNOWN
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        place = min(max(share, 0.0), 1.0) * (len(STOPS) - 1)
        first = min(int(place), len(STOPS) - 2)
        return _between(STOPS[first], STOPS[first + 1], place - first)

    def css(self, value: float | None) -> str:
        """The same as text: `#35b779`."""
        return f"#{self.colour(value):06x}"


def fit_scale(values: Iterable[float | None]) -> Scale | None:
    """Find the range of numbers; None if there are none."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    return Scale(known[int(LOW * (len(known) - 1))], known[round(HIGH * (len(known) - 1))])


def _between(first: int, second: int, share: float) -> int:
    mixed = 0
    for shift in (16, 8, 0):
        a, b = first >> shift & 255, second >> shift & 255
        mixed |= round(a + (b - a) * share) << shift
    return mixed
