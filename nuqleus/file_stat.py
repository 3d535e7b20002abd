"""What tells one content of a file from another without reading it."""

import os
from typing import NamedTuple


class FileStat(NamedTuple):
    """A file's stamp: where it is another one than before, the content may be another one, and is looked at.

    Numbers have 64 bits, as the database has them: a date that takes more nanoseconds (before 1677, after 2262), or a
    larger inode, wraps around.

    Attributes:
        size: bytes.
        mtime_ns: time of change in nanoseconds since 1970; anybody can set it.
        inode: the file's number on its drive; None where it isn't known.
        ctime_ns: time of the last change of the content, the name or the permissions, which nobody can set; None where
            it isn't known.
    """

    size: int
    mtime_ns: int
    inode: int | None = None
    ctime_ns: int | None = None

    @classmethod
    def of(cls, seen: os.stat_result) -> "FileStat":
        """The stamp of a file that was looked at."""
        return cls(seen.st_size, wrap64(seen.st_mtime_ns), wrap64(seen.st_ino), wrap64(seen.st_ctime_ns))


def wrap64(number: int) -> int:
    """The number that has the same lowest 64 bits, and a sign."""
    return number if -(2**63) <= number < 2**63 else (number + 2**63) % 2**64 - 2**63
