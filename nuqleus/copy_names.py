"""Names of copies: `a (1).tif`, `a - Copy.tif`, `a copy 2.tif`, `Copy of a.tif`, as browsers and systems call them."""

import re

_BEGINNING = re.compile(r"(?:copy(?: \(\d{1,3}\))? of|kopie von) ", re.IGNORECASE)
_NUMBER = r"(?: \(\d{1,3}\)| \d{1,3})?"
_END = re.compile(
    rf"(?: ?\(\d{{1,3}}\)|(?: -)? (?:copy|kopie){_NUMBER}| \((?:another copy|copy|\d{{1,3}}(?:st|nd|rd|th) copy)\))",
    re.IGNORECASE,
)
_MAY_BE_COPY = re.compile(r"\)\.[^.]*$|copy|kopie", re.IGNORECASE)
"""Found in all names of copies; most others are done with it."""
_MOST = 3
"""Copies of copies that are seen through."""


def original_of(path: str) -> str | None:
    """The path of the file that one is called a copy of; None for a name that is no copy's."""
    folder, slash, name = path.rpartition("/")
    if not _MAY_BE_COPY.search(name):
        return None
    stem, point, ending = name.rpartition(".")
    original = stem
    for _ in range(_MOST):
        original = _without_mark(original)
    return None if original == stem or not original else f"{folder}{slash}{original}{point}{ending}"


def _without_mark(stem: str) -> str:
    beginning = _BEGINNING.match(stem)
    if beginning:
        return stem[beginning.end() :]
    end = next((match for match in _END.finditer(stem) if match.end() == len(stem)), None)
    return stem[: end.start()] if end else stem
