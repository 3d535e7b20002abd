r"""Paths, escaped: names of files as the database keeps them: reversible, printable, valid in every database.

A file's name may hold any bytes but NUL and `/`; PostgreSQL takes only valid UTF-8, and terminals obey
control characters. So a row holds the path relative to the watched folder, with `/` between the parts, in which

    \\        stands for a backslash
    \xNN      for a control character (00 to 1f, 7f), or for a byte (80 to ff) that isn't valid UTF-8
    \uNNNN    for other characters that can't be stored or that hide what a name says (lone surrogates, C1
              controls, line separators, marks that change the direction of writing)

and everything else stands for itself.
"""

import re
from pathlib import PurePath, PurePosixPath

from nuqleus.errors import UnsafePath

_RISKY = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(?:(\\)|x([0-9a-f]{2})|u([0-9a-f]{4}))")


def escape_path(path: str | PurePath) -> str:
    """The text that stands for a relative path in the database."""
    text = path if isinstance(path, str) else path.as_posix()
    return _RISKY.sub(lambda match: _escape(match[0]), text)


def unescape_path(text: str) -> str:
    """The relative path (undecodable bytes as Python's `surrogateescape` has them) that a row stands for."""
    return _ESCAPE.sub(_unescape, text) if "\\" in text else text


def printable(text: str) -> str:
    """Text that may quote a name, made fit for a database, a terminal and a log; it can't be turned back."""
    return _RISKY.sub(lambda match: match[0] if match[0] in "\\\n" else _escape(match[0]), text)


def safe_join(folder: PurePath, path: str) -> PurePath:
    """`folder / path`.

    Raises:
        UnsafePath: for a path that is absolute, empty, or climbs out with `..`.
    """
    parts = PurePosixPath(path)
    if parts.is_absolute() or not parts.parts or ".." in parts.parts or "\0" in path:
        raise UnsafePath(f"the path leaves its folder. Received: {escape_path(path)}")
    return folder / parts


def _escape(character: str) -> str:
    code = ord(character)
    if character == "\\":
        return r"\\"
    if code < 0x80:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:  # a byte that Python smuggles through as a lone surrogate
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}"


def _unescape(match: re.Match[str]) -> str:
    backslash, byte, character = match.groups()
    if backslash:
        return "\\"
    if character:
        return chr(int(character, 16))
    code = int(byte, 16)
    return chr(code if code < 0x80 else 0xDC00 + code)
