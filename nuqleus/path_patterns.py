"""Path patterns with wildcards: `*` stands for anything, `/` included, and `?` for one character.

Everything else stands for itself, brackets too: they are common in names of folders (`Exp [1]`). Case matters. A letter
with a mark is the same letter however Unicode writes it: macOS stores `ä` as two characters, others as one.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable

Matcher = Callable[[str], bool]

WILDCARDS = {"*": ".*", "?": "."}


def path_matcher(patterns: Iterable[str]) -> Matcher:
    """Return what says of a path, relative to the watched folder and with `/`, whether one of these patterns fits it.

    Empty patterns fit nothing.
    """
    alternatives = [_expression(_composed(pattern.strip())) for pattern in patterns if pattern.strip()]
    if not alternatives:
        return lambda _path: False
    matches = re.compile("|".join(alternatives), re.DOTALL).fullmatch
    return lambda path: matches(_composed(path)) is not None


def _expression(pattern: str) -> str:
    return "".join(WILDCARDS.get(character) or re.escape(character) for character in pattern)


def _composed(text: str) -> str:
    """Unicode's normal form C; names that hold bytes of no text are left as they are, but for the rest."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
