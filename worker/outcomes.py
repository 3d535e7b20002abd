"""Outcomes: what becomes of a claimed file, as values that one place commits (`worker.outcome_writer`).

A step that a file goes through ends in an `Outcome`, or leaves the file `Unfinished`: it goes round again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from nuqleus.database.files.records import Claim
from nuqleus.database.files.results import FileResults
from nuqleus.errors import InboxAway, LeaseLost
from nuqleus.image_options import ImageOptions
from nuqleus.paths import escape_path
from worker.failures import FailureReason, describe_failure
from worker.inbox_reader import FileChanged
from worker.overlay_writer import OverlayWriter
from worker.time_limit import TimeLimitExceeded


@dataclass(frozen=True)
class Content:
    """What a file holds, and how it is looked at: where both are equal, so are the results.

    Attributes:
        sha256: of the file; of a field, of all that it holds (`worker.claimed_field.field_content`).
        companions: SHA-256 of each companion, by the file's id.
    """

    sha256: str
    image_options: ImageOptions
    companions: Mapping[int, str] = field(default_factory=dict, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """Both as text, as the database has them."""
        return self.sha256, str(self.image_options)


@dataclass(frozen=True)
class Identified:
    """The file's content is known, and its results are still to be found."""

    claim: Claim
    content: Content


@dataclass(frozen=True)
class Unchanged:
    """The file's stamp changed, but not its content: its results count as before."""

    claim: Claim


@dataclass(frozen=True)
class Done:
    """The file's nuclei are found, and its overlay pictures drawn, but not published."""

    claim: Claim
    results: FileResults
    overlays: OverlayWriter


@dataclass(frozen=True)
class Duplicate:
    """Another file, the original, has the same content: its results count for this one too."""

    claim: Claim
    content: Content
    original: int


@dataclass(frozen=True)
class Copied:
    """The file is a copy of one that a field of a plate has: the field shows it already."""

    claim: Claim
    original: str


@dataclass(frozen=True)
class Moved:
    """The content is that of a file whose path is gone: that one was moved here, with its results."""

    claim: Claim
    content: Content


@dataclass(frozen=True)
class Failed:
    """The file can't be processed."""

    claim: Claim
    reason: FailureReason


@dataclass(frozen=True)
class Released:
    """The file goes back to the scheduler; `count_attempt` says whether that was an attempt."""

    claim: Claim
    reason: str
    count_attempt: bool = False


@dataclass(frozen=True)
class Lost:
    """The file belongs to somebody else by now: nothing is written."""

    claim: Claim


@dataclass(frozen=True)
class OutOfMemory:
    """There was no memory for the file, which may be the fault of those beside it."""

    claim: Claim


Outcome: TypeAlias = Done | Unchanged | Moved | Duplicate | Copied | Failed | Released | Lost
"""The end of a file, as far as this worker goes."""

Unfinished: TypeAlias = Identified | OutOfMemory
"""A file that is still to be processed, by this worker."""

StepResult: TypeAlias = Outcome | Unfinished
"""What a step makes of a file."""


def outcome_of_error(
    claim: Claim, error: Exception | TimeLimitExceeded, max_attempts: int, time_limit: float
) -> Outcome | OutOfMemory:
    """What becomes of a file, given what was raised while it was processed.

    Args:
        claim: of the file.
        error: what was raised.
        max_attempts: how often a file may be missing before it fails.
        time_limit: the seconds that a file may take.
    """
    match error:
        case MemoryError():
            return OutOfMemory(claim)
        case LeaseLost():
            return Lost(claim)
        case InboxAway():
            return Released(claim, f"{claim.path} goes back unjudged: {error}")
        case FileChanged():
            return Released(claim, f"{error}; it waits until it is complete")
        case FileNotFoundError() if claim.attempt < max_attempts:
            # the scheduler judges, which may see another folder than we do
            return Released(
                claim,
                f"{_file_of(claim, error) or claim.path} is not there; the scheduler looks for it",
                count_attempt=True,
            )
    return Failed(claim, describe_failure(error, time_limit, _file_of(claim, error) or "The file"))


def _file_of(claim: Claim, error: BaseException) -> str | None:
    """The file of a field that an error is about; None for files on their own."""
    name = error.filename if isinstance(error, OSError) else None
    return escape_path(str(name)) if claim.companions and name else None
