r"""Name patterns: regular expressions by which people say what the names of their files mean.

    (?P<well>[A-P]\d\d)_(?P<site>\d+)_(?P<channel>\w+)\.tif

Searched for in a file's name, or, with a `/` in it, in its path. Compiled by RE2, whose time is linear in the length
of a name: no pattern, however written, can hold up the scheduler.
"""

import re
from dataclasses import dataclass
from typing import Any

from nuqleus.paths import escape_path

GROUPS = ("plate", "well", "site", "channel", "t", "z")

LONGEST = 1_000
"""Characters of a pattern."""

_GROUP_NAME = re.compile(r"\(\?P?<(\w+)>")


@dataclass(frozen=True)
class Fit:
    """What a pattern found.

    Attributes:
        values: by group; those that the pattern lacks, or that fitted nothing, are missing.
        spans: where they begin and end, in `text`.
        text: that was searched: a path, or a name.
    """

    values: dict[str, str]
    spans: dict[str, tuple[int, int]]
    text: str


class NamePattern:
    """A pattern, compiled.

    Args:
        text: the regular expression.

    Raises:
        ValueError: it makes no sense; with what to put right.
    """

    def __init__(self, text: str) -> None:
        self._of_path = "/" in text
        self._expression = _compile(text)
        _check_groups(text)

    def search(self, path: str) -> Fit | None:
        """Look at a path, relative to the watched folder; None where the pattern doesn't fit, or finds no channel."""
        text = escape_path(path if self._of_path else path.rpartition("/")[2])
        match = self._expression.search(text)
        if match is None:
            return None
        values = {name: value for name, value in match.groupdict().items() if value}
        spans = {name: match.span(number) for name, number in self._expression.groupindex.items()}
        return Fit(values, spans, text) if "channel" in values else None


def _compile(text: str) -> Any:
    import re2  # only where there is a pattern

    if len(text) > LONGEST:
        raise ValueError(f"the pattern has more than {LONGEST} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error
        raise ValueError(
            f"this is no regular expression of RE2, which knows neither (?=…), (?!…) nor \\1: {reason}"
        ) from None


def _check_groups(text: str) -> None:
    names = _GROUP_NAME.findall(text)
    unknown = sorted(set(names) - set(GROUPS))
    if unknown:
        raise ValueError(f"there is no group {', '.join(unknown)}; a pattern has {', '.join(GROUPS)}")
    if "channel" not in names:
        raise ValueError("the pattern has no group (?P<channel>…), and so no file could belong to another")
    twice = sorted(name for name in set(names) if names.count(name) > 1)
    if twice:
        raise ValueError(f"the pattern names the group {', '.join(twice)} twice")
