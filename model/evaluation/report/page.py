"""Evaluation report: one HTML page that needs nothing but itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from model.evaluation.matching import THRESHOLDS
from model.evaluation.report.cases import Case, examine
from model.evaluation.report.curves import make_plot
from model.evaluation.report.error_types import ErrorType
from model.evaluation.report.groups import OF_PREDICTED, OF_TRUTH, group_cases
from model.evaluation.report.pictures import COLOURS
from model.evaluation.scores import EvaluatedImage, ImageScore

PAGE = "index.html"

SHOWN = ("0.50", "0.70", "0.90")
"""IoU thresholds with a column of their own."""

MEANINGS = {
    ErrorType.MATCHED: "found: IoU above 0.5",
    ErrorType.MERGED: "several found as one",
    ErrorType.SPLIT: "one found as several",
    ErrorType.MISSHAPEN: "seen, in another outline",
    ErrorType.MISSED: "not seen; dashed among ours",
    ErrorType.FALSE_POSITIVE: "found where there is none",
}
"""What the legend says of each error type."""


@dataclass(frozen=True)
class Subject:
    """What the report is about.

    Attributes:
        title: a few words.
        facts: what was measured, on what, and when: name → value.
    """

    title: str
    facts: Mapping[str, str]


class EvaluationReport:
    """Gathers images, each drawn at once so that no pixels are kept, and writes the page."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        self._subject = subject
        self._folder = folder
        self._cases: list[Case] = []

    def add(self, image: EvaluatedImage) -> ImageScore:
        """Examine one more image; returns its score."""
        case = examine(image)
        self._cases.append(case)
        return case.score

    def write(self) -> Path:
        """Write the page into the folder, which must exist, and return where it is.

        Raises:
            OSError: it can't be written.
        """
        page = self._folder / PAGE
        # a name that is no valid text, as file systems allow, must not stop the page
        page.write_text(render_page(self._subject, self._cases), encoding="utf-8", errors="xmlcharrefreplace")
        return page


def render_page(subject: Subject, cases: Sequence[Case]) -> str:
    """Return the page's HTML; whatever names and kinds hold is text in it and never markup."""
    groups = group_cases(cases)
    return (
        _environment()
        .get_template("page.html")
        .render(
            subject=subject,
            groups=groups,
            longest=max(group.bar_length for group in groups),
            plot=make_plot([group.summary for group in groups]),
            cases=sorted(cases, key=lambda case: case.score.matching.score),
            thresholds=[f"{threshold:.2f}" for threshold in THRESHOLDS],
            shown=SHOWN,
            meanings=MEANINGS,
            colours=COLOURS,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("model.evaluation.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "ErrorType": ErrorType,
        "of_truth": OF_TRUTH,
        "of_predicted": OF_PREDICTED,
        "percent": _percent,
    }
    return environment


def _percent(count: int, whole: int) -> str:
    return f"{100 * count / whole:.0f} %" if whole else "–"
