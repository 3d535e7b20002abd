"""Files as the scheduler and the workers see them: small frozen records instead of rows."""

from dataclasses import dataclass

from nuqleus.database.tables import FileState


@dataclass(frozen=True)
class SeenFile:
    """A file as a scan found it; `path` is relative to the watched folder, with `/`."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True)
class KnownFile:
    """A file as the database has it."""

    id: int
    path: str
    size: int
    mtime_ns: int
    state: FileState


@dataclass(frozen=True)
class Claim:
    """The right to process a file, as long as the lease is renewed.

    Attributes:
        attempt: 1 for the first time that a worker begins with this content.
        owner: the worker's name; no two live workers share one.
    """

    file_id: int
    path: str
    size: int
    mtime_ns: int
    attempt: int
    owner: str
