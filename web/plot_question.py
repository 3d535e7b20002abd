"""Plot questions: what a URL asks to be plotted."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from nuqleus.database.queries.nuclei import DNA_CONTENT, INTENSITIES, SHAPES
from nuqleus.database.queries.plotted_values import Axis, NucleusFilter
from nuqleus.database.queries.value_ranges import Span
from web import query

NAMES = ("x", "y")
"""Of axes, in URLs."""

CHOICES = (
    *("x", "x_channel", "x_low", "x_high", "y", "y_channel", "y_low", "y_high"),
    *("path", "plate", "well", "confidence"),
)
"""Parameters that say what is plotted."""

HISTOGRAM_BINS, SCATTER_BINS = (60,), (40, 28)


@dataclass(frozen=True)
class PlotQuestion:
    """What is plotted.

    Attributes:
        axes: none, one or two measurements.
        spans: where somebody wants each axis to begin and end.
        nucleus_filter: of which nuclei.
        exact: of all of them, however many there are.
    """

    axes: tuple[Axis, ...]
    spans: tuple[Span, ...]
    nucleus_filter: NucleusFilter
    exact: bool

    @property
    def bins(self) -> tuple[int, ...]:
        """Of each axis."""
        return SCATTER_BINS if len(self.axes) == len(SCATTER_BINS) else HISTOGRAM_BINS


def read_question(given: Mapping[str, str]) -> PlotQuestion:
    """Read the parameters of a URL.

    Raises:
        HTTPException: they make no sense.
    """
    axes = _axes(given)
    spans = tuple(_span(given, name) for name in NAMES)
    return PlotQuestion(axes, spans[: len(axes)], _nucleus_filter(given), bool(given.get("exact")))


def _axes(given: Mapping[str, str]) -> tuple[Axis, ...]:
    """None, one or two measurements."""
    axes: list[Axis] = []
    for name in NAMES:
        measurement = query.word(given, name)
        if measurement is None:
            break
        if measurement not in {*SHAPES, *INTENSITIES, DNA_CONTENT}:
            raise query.refuse(name, "a measurement")
        axes.append(Axis(measurement, query.number(given, f"{name}_channel", most=999) or 0))
    return tuple(axes)


def _nucleus_filter(given: Mapping[str, str]) -> NucleusFilter:
    return NucleusFilter(
        query.word(given, "path"),
        query.number(given, "plate"),
        query.number(given, "well"),
        query.real_number(given, "confidence"),
    )


def _span(given: Mapping[str, str], name: str) -> Span:
    low, high = query.real_number(given, f"{name}_low"), query.real_number(given, f"{name}_high")
    if low is not None and high is not None and not (low < high and isfinite(high - low)):
        raise query.refuse(f"{name}_high", f"larger than {name}_low")
    return Span(low, high)
