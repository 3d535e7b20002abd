"""The report: one HTML page that needs nothing but itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib.resources import files
from operator import add
from pathlib import Path
from string import Template
from xml.etree.ElementTree import Element

from model.evaluation.report import curves, gallery, tables
from model.evaluation.report.cases import Case, examine
from model.evaluation.report.markup import tag, to_html
from model.evaluation.report.mistakes import Fate
from model.evaluation.report.pictures import COLOURS
from model.evaluation.report.tables import Group
from model.evaluation.scores import ImageScore, Scene, summarise

PAGE = "index.html"

MEANINGS = {
    Fate.MATCHED: "found: IoU above 0.5",
    Fate.MERGED: "several found as one",
    Fate.SPLIT: "one found as several",
    Fate.MISSHAPEN: "seen, in another outline",
    Fate.MISSED: "not seen; dashed among ours",
    Fate.INVENTED: "found where there is none",
}
"""What the legend says of each fate."""


@dataclass(frozen=True)
class Subject:
    """What the report is about.

    Attributes:
        title: a few words.
        facts: what was measured, on what, and when: name → value.
    """

    title: str
    facts: Mapping[str, str]


class Report:
    """Gathers images, each drawn at once so that no pixels are kept, and writes the page."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        self._subject = subject
        self._folder = folder
        self._cases: list[Case] = []

    def add(self, scene: Scene) -> ImageScore:
        """Examine one more image; returns its score."""
        case = examine(scene)
        self._cases.append(case)
        return case.score

    def write(self) -> Path:
        """Write the page into the folder, which must exist, and return where it is.

        Raises:
            OSError: it can't be written.
        """
        page = self._folder / PAGE
        # a name that is no valid text, as file systems allow, must not stop the page
        page.write_text(make_page(self._subject, self._cases), encoding="utf-8", errors="xmlcharrefreplace")
        return page


def make_page(subject: Subject, cases: Sequence[Case]) -> str:
    """Return the page's HTML."""
    groups = group_cases(cases)
    summaries = [group.summary for group in groups]
    worst_first = sorted(cases, key=lambda case: case.score.agreement.score)
    kinds = [group.summary.kind for group in groups[1:]]
    parts: dict[str, list[Element]] = {
        "title": [tag("title", subject.title)],
        "heading": [tag("h1", subject.title)],
        "facts": [_make_facts({**subject.facts, **_count(groups[0])})],
        "headline": _make_headline(groups[0]),
        "scores": [tables.make_scores(groups)],
        "fates": [tables.make_fates(groups)],
        "curves": [curves.draw_curves(summaries)],
        "figures": [curves.make_table(summaries)],
        "legend": [_make_legend()],
        "filter": gallery.make_filter(kinds),
        "gallery": gallery.make_gallery(worst_first),
    }
    html = {name: "".join(map(to_html, elements)) for name, elements in parts.items()}
    return Template(_read("page.html")).substitute(html, style=_make_style(), script=_read("page.js"))


def group_cases(cases: Sequence[Case]) -> list[Group]:
    """Return the figures of all images, then of each kind."""
    everything, *kinds = summarise([case.score for case in cases])
    groups = [(kind, [case for case in cases if case.score.kind == kind.kind]) for kind in kinds]
    return [
        Group(summary, reduce(add, (case.tally for case in members)))
        for summary, members in [(everything, cases), *groups]
    ]


def _make_facts(facts: Mapping[str, str]) -> Element:
    rows = [tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items()]
    return tag("dl", *rows, class_="facts")


def _count(everything: Group) -> dict[str, str]:
    return {"Images": f"{everything.summary.images:,}", "True nuclei": f"{everything.summary.nuclei:,}"}


def _make_headline(everything: Group) -> list[Element]:
    summary = everything.summary
    share = everything.tally.count(Fate.MATCHED) / max(1, summary.nuclei)
    figures = {
        "DSB score": f"{summary.dsb:.3f}",
        **{f"AP at IoU {t}": f"{summary.average_precision[t]:.3f}" for t in tables.SHOWN},
        "of the nuclei matched": f"{100 * share:.0f} %",
    }
    return [tag("div", tag("b", figure), tag("span", name)) for name, figure in figures.items()]


def _make_legend() -> Element:
    entries = [
        tag("li", tables.make_swatch(fate), tag("b", tables.name_of(fate)), f" {meaning}")
        for fate, meaning in MEANINGS.items()
    ]
    return tag("ul", *entries, class_="legend")


def _make_style() -> str:
    """The style sheet, with the colours of the pictures' lines."""
    colours = "".join(f".{tables.name_of(fate)}{{--fate:rgb{colour}}}" for fate, colour in COLOURS.items())
    return _read("page.css") + colours


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
