"""Records of files: what the scheduler and the workers know of one, small and frozen."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nuqleus.database.file_states import FileState
from nuqleus.database.plates import KnownChannel
from nuqleus.file_stat import FileStat
from nuqleus.paths import escape_path

log = logging.getLogger(__name__)

LONGEST_PATH = 2_500
"""Bytes of a path, as a row holds it; PostgreSQL's index takes 2,704 and refuses a whole transaction otherwise."""


@dataclass(frozen=True)
class SeenFile:
    """A file as a scan found it.

    Attributes:
        path: relative to the watched folder, with `/`.
        inode: part of its stamp, as `size`, `mtime_ns` and `ctime_ns`; see `nuqleus.file_stat`.
        ignored_by: why it is no image, in a word; None for a file to process.
    """

    path: str
    size: int
    mtime_ns: int
    ignored_by: str | None = None
    inode: int | None = None
    ctime_ns: int | None = None

    @classmethod
    def of(cls, path: str, stat: FileStat, ignored_by: str | None = None) -> "SeenFile":
        """A file with its stamp."""
        return cls(path, stat.size, stat.mtime_ns, ignored_by, stat.inode, stat.ctime_ns)


@dataclass(frozen=True)
class KnownFile:
    """A file as the database has it; `is_gone` says that its path was no longer there."""

    id: int
    path: str
    state: FileState
    stat: FileStat
    is_gone: bool


@dataclass(frozen=True)
class ClaimedPlate:
    """The plate of a claimed field, as the database has it; `well_id` is that of the field."""

    channels: tuple[KnownChannel, ...]
    pixel_size_um: float | None
    well_id: int | None


@dataclass(frozen=True)
class Companion:
    """A file that belongs to the image of another, its lead.

    Attributes:
        inode: part of its stamp, as `size`, `mtime_ns` and `ctime_ns`.
        channel: which channel it holds, as its microscope calls it.
        z: step of a z-stack, 0-based; None where its name says none.
    """

    file_id: int
    path: str
    size: int
    mtime_ns: int
    inode: int | None
    ctime_ns: int | None
    channel: str
    z: int | None


@dataclass(frozen=True)
class Claim:
    """Claim on a file: the right to process it, as long as the lease is renewed.

    Attributes:
        attempt: 1 for the first time that a worker begins with this content.
        owner: the worker's name; no two live workers share one.
        inode: part of the stamp that the scheduler saw, as `size`, `mtime_ns` and `ctime_ns`.
        sha256: of the content that the file's results belong to; None if it has none.
        suspected: if the content is still that one, there is nothing to do.
        field_key: the field of a plate that the file leads, as `nuqleus.fields.FieldPlace` writes it; None for a file
            on its own.
        channel: which channel of the field it holds, as its microscope calls it; `z` which step of a z-stack.
        companions: the other files of the field. Whatever befalls one of them ends this claim.
        plate: that the field lies in.
    """

    file_id: int
    path: str
    size: int
    mtime_ns: int
    attempt: int
    owner: str
    inode: int | None = None
    ctime_ns: int | None = None
    sha256: str | None = None
    suspected: bool = False
    field_key: str | None = None
    channel: str | None = None
    z: int | None = None
    companions: tuple[Companion, ...] = ()
    plate: ClaimedPlate | None = None

    @property
    def files(self) -> tuple["Claim | Companion", ...]:
        """All files: this one, and its companions."""
        return (self, *self.companions)


@dataclass(frozen=True)
class QueuedFile:
    """A file whose message is to be sent.

    Attributes:
        size: bytes, with those of its companions.
        attempts: times that a worker has begun with it.
        urgent: goes before files that aren't.
    """

    id: int
    size: int
    attempts: int = 0
    urgent: bool = False


def storable(files: Iterable[SeenFile]) -> Iterator[SeenFile]:
    """Leave out, and log, files whose path is too long to be indexed."""
    for file in files:
        row = escape_path(file.path)
        if len(row.encode()) <= LONGEST_PATH:
            yield file
        else:
            log.error("This path is too long and its file is passed over: use shorter names. %s", row)
