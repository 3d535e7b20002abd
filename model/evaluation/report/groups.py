"""Groups of the report: all images, and those of each kind, with their figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from model.evaluation.report.cases import Case
from model.evaluation.report.error_types import ErrorCounts, ErrorType
from model.evaluation.scores import Summary, summarise

OF_TRUTH = (
    ErrorType.MATCHED,
    ErrorType.MERGED,
    ErrorType.SPLIT,
    ErrorType.MISSHAPEN,
    ErrorType.MISSED,
)
"""Types of true nuclei: each has one."""

OF_PREDICTED = (ErrorType.MERGED, ErrorType.SPLIT, ErrorType.MISSHAPEN, ErrorType.FALSE_POSITIVE)
"""Types of predicted nuclei that are not matched."""


@dataclass(frozen=True)
class CaseGroup:
    """All images, or those of one kind.

    Attributes:
        summary: their scores.
        errors: their nuclei by error type.
    """

    summary: Summary
    errors: ErrorCounts

    @property
    def n_truth(self) -> int:
        """How many true nuclei there are."""
        return int(self.errors.truth.sum())

    @property
    def n_predicted(self) -> int:
        """How many predicted nuclei there are."""
        return int(self.errors.predicted.sum())

    @property
    def bar_length(self) -> float:
        """Length of its bar, where 1 is all its true nuclei: they, and the false positives beside them."""
        return 1 + self.errors.of(ErrorType.FALSE_POSITIVE) / max(1, self.n_truth)

    def bar(self, longest: float) -> list[tuple[ErrorType, float]]:
        """Return the parts of its bar, in percent of the longest bar of all groups."""
        whole = max(1, self.n_truth) * longest
        return [
            (error_type, 100 * self.errors.of(error_type) / whole)
            for error_type in (*OF_TRUTH, ErrorType.FALSE_POSITIVE)
        ]


def group_cases(cases: Sequence[Case]) -> list[CaseGroup]:
    """Return the group of all images, then one for each kind."""
    everything, *kinds = summarise([case.score for case in cases])
    members = [(kind, [case for case in cases if case.score.kind == kind.kind]) for kind in kinds]
    return [
        CaseGroup(summary, reduce(add, (case.errors for case in group)))
        for summary, group in [(everything, cases), *members]
    ]
