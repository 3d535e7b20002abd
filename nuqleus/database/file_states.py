"""States of a file, and groups of them."""

from enum import StrEnum


class FileState(StrEnum):
    """Where a file stands. `nuqleus.database.files` says who moves it on."""

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    COMPANION = "companion"


PENDING_STATES = (FileState.WAITING, FileState.QUEUED, FileState.RUNNING)
"""States of files that still have to end."""

ENDED_STATES = (
    FileState.DONE,
    FileState.FAILED,
    FileState.DUPLICATE,
    FileState.IGNORED,
    FileState.COMPANION,
)
"""States that a file stays in until it changes or is retried; a companion's end is that of its field's lead."""

RETRYABLE_STATES = (FileState.DONE, FileState.FAILED, FileState.DUPLICATE)
"""States of files that were processed, and can be again."""

UNLISTED_STATES = (FileState.IGNORED, FileState.COMPANION)
"""States of files that have no results of their own to list."""
