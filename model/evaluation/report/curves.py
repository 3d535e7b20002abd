"""Average precision over IoU, as an inline SVG with one line a kind, and as a table."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from model.evaluation.report.markup import tag
from model.evaluation.scores import Summary

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 12, 44
"""Margins around the plot, in the SVG's units."""

COLOURS = ("currentColor", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Of all images, then of the kinds in turn (Okabe and Ito 2008: distinct for colour-blind readers)."""

DASHES = ("none", "none", "9 4", "2 4", "9 4 2 4", "14 4", "5 5")
GRID = 5
"""Number of steps from 0 to 1 on the vertical axis."""


def draw_curves(summaries: Sequence[Summary]) -> Element:
    """Return a figure: the curves, and which line is which."""
    lines = [tag("li", _draw_sample(i), summary.kind, class_="kind") for i, summary in enumerate(summaries)]
    return tag("div", _draw_plot(summaries), tag("ul", *lines, class_="key"), class_="curves")


def make_table(summaries: Sequence[Summary]) -> Element:
    """Return the curves' figures: a row a kind, a column a threshold."""
    thresholds = list(summaries[0].average_precision)
    head = tag("tr", tag("th", "IoU above", scope="col"), *(tag("th", t, scope="col") for t in thresholds))
    rows = [
        tag(
            "tr",
            tag("th", summary.kind, scope="row"),
            *(tag("td", f"{summary.average_precision[t]:.3f}") for t in thresholds),
        )
        for summary in summaries
    ]
    return tag("table", tag("thead", head), tag("tbody", *rows))


def _draw_plot(summaries: Sequence[Summary]) -> Element:
    thresholds = list(summaries[0].average_precision)
    curves = [_draw_curve(i, summary) for i, summary in enumerate(summaries)]
    return tag(
        "svg",
        tag("title", "Average precision over IoU"),
        *_draw_grid(),
        *_draw_ticks(thresholds),
        *reversed(curves),  # that of all images on top
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )


def _draw_curve(number: int, summary: Summary) -> Element:
    points = [(_x(float(t)), _y(p), t, p) for t, p in summary.average_precision.items()]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in points)
    dots = [
        tag("circle", tag("title", f"{summary.kind}, IoU {t}: {p:.3f}"), cx=f"{x:.1f}", cy=f"{y:.1f}", r=3)
        for x, y, t, p in points
    ]
    return tag("g", tag("polyline", points=path, **_style(number)), *dots, fill=_colour(number))


def _draw_grid() -> list[Element]:
    elements = []
    for step in range(GRID + 1):
        y = _y(step / GRID)
        elements += [
            tag("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y),
            tag("text", f"{step / GRID:.1f}", x=LEFT - 8, y=y + 4, text_anchor="end"),
        ]
    return elements


def _draw_ticks(thresholds: Sequence[str]) -> list[Element]:
    ticks = [tag("text", t, x=_x(float(t)), y=HEIGHT - BOTTOM + 18, text_anchor="middle") for t in thresholds]
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [
        *ticks,
        tag("text", "IoU above which a nucleus counts", x=middle, y=HEIGHT - 6, text_anchor="middle"),
    ]


def _draw_sample(number: int) -> Element:
    line = tag("line", x1=0, x2=32, y1=5, y2=5, **_style(number))
    return tag("svg", line, class_="sample", viewBox="0 0 32 10", aria_hidden="true")


def _style(number: int) -> dict[str, str]:
    return {
        "stroke": _colour(number),
        "stroke-width": "3" if number == 0 else "2",
        "stroke-dasharray": DASHES[number % len(DASHES)],
        "fill": "none",
    }


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _x(threshold: float) -> float:
    return round(LEFT + (threshold - 0.5) / 0.45 * (WIDTH - LEFT - RIGHT - 16) + 8, 1)


def _y(precision: float) -> float:
    return round(TOP + (1 - precision) * (HEIGHT - TOP - BOTTOM), 1)
