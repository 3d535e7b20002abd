"""Tables of the report: scores per kind, and what became of the nuclei of each kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import numpy as np

from model.evaluation.report.markup import tag
from model.evaluation.report.mistakes import Fate, Tally
from model.evaluation.scores import Summary

SHOWN = ("0.50", "0.70", "0.90")
"""IoU thresholds with a column of their own."""

OF_TRUTH = (Fate.MATCHED, Fate.MERGED, Fate.SPLIT, Fate.MISSHAPEN, Fate.MISSED)
"""Fates of true nuclei: each has one."""

OF_FOUND = (Fate.MERGED, Fate.SPLIT, Fate.MISSHAPEN, Fate.INVENTED)
"""Fates of found nuclei that are not matched."""


@dataclass(frozen=True)
class Group:
    """All images, or those of one kind.

    Attributes:
        summary: their scores.
        tally: what became of their nuclei.
    """

    summary: Summary
    tally: Tally


def make_scores(groups: Sequence[Group]) -> Element:
    """Return the table of scores, one row a group."""
    names = ("images", "DSB score", *(f"AP {t}" for t in SHOWN), "IoU", "Dice")
    head = tag("tr", tag("th", "kind", scope="col"), *(tag("th", name, scope="col") for name in names))
    return tag(
        "table", tag("thead", head), tag("tbody", *(_make_score_row(group.summary) for group in groups))
    )


def make_fates(groups: Sequence[Group]) -> Element:
    """Return the table of what became of nuclei, one row a group, with a bar each."""
    longest = max(_length(group.tally) for group in groups)
    rows = [_make_fate_row(group, longest) for group in groups]
    return tag("table", tag("thead", *_make_fate_head()), tag("tbody", *rows))


def make_swatch(fate: Fate) -> Element:
    """Return a small square in a fate's colour."""
    return tag("span", class_=f"swatch {name_of(fate)}", aria_hidden="true")


def name_of(fate: Fate) -> str:
    """Return a fate's name, which is its class in the style sheet too."""
    return fate.name.lower()


def _make_score_row(summary: Summary) -> Element:
    figures = (
        summary.dsb,
        *(summary.average_precision[t] for t in SHOWN),
        summary.foreground_iou,
        summary.foreground_dice,
    )
    return tag(
        "tr",
        tag("th", summary.kind, scope="row"),
        tag("td", f"{summary.images:,}"),
        *(tag("td", f"{figure:.3f}") for figure in figures),
    )


def _make_fate_head() -> list[Element]:
    sides = tag(
        "tr",
        tag("td"),
        tag("th", "true nuclei", scope="colgroup", colspan=1 + len(OF_TRUTH)),
        tag("th", "found nuclei", scope="colgroup", colspan=1 + len(OF_FOUND)),
        tag("td"),
    )
    true_names, found_names = map(name_of, OF_TRUTH), map(name_of, OF_FOUND)
    names = ("kind", "all", *true_names, "all", *found_names)
    bars = tag("th", "true nuclei, and beside them the invented ones", scope="col", class_="bars")
    return [sides, tag("tr", *(tag("th", name, scope="col") for name in names), bars)]


def _make_fate_row(group: Group, longest: float) -> Element:
    counts = group.tally
    n_true, n_found = int(counts.truth.sum()), int(counts.found.sum())
    return tag(
        "tr",
        tag("th", group.summary.kind, scope="row"),
        tag("td", f"{n_true:,}"),
        *(_make_count(counts.truth[fate], n_true) for fate in OF_TRUTH),
        tag("td", f"{n_found:,}", class_="side"),
        *(_make_count(counts.found[fate], n_found) for fate in OF_FOUND),
        tag("td", _make_bar(counts, longest), class_="bars"),
    )


def _make_count(count: np.int64, whole: int) -> Element:
    share = f"{100 * count / whole:.0f} %" if whole else "–"
    return tag("td", f"{count:,} ", tag("small", share))


def _make_bar(counts: Tally, longest: float) -> Element:
    whole = max(1, int(counts.truth.sum())) * longest
    parts = [
        tag("span", class_=name_of(fate), style=f"width:{100 * counts.count(fate) / whole:.2f}%")
        for fate in (*OF_TRUTH, Fate.INVENTED)
    ]
    return tag("div", *parts, class_="bar", aria_hidden="true")


def _length(counts: Tally) -> float:
    """Length of a group's bar, where 1 is all its true nuclei."""
    return 1 + counts.count(Fate.INVENTED) / max(1, int(counts.truth.sum()))
