"""Urgency: which files go before others."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase


def make_urgency(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Say of a path, relative to the watched folder and with `/`, whether it fits one of these patterns.

    `*` stands for anything, `/` included; case matters.
    """

    def is_urgent(path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in patterns)

    return is_urgent
