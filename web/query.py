"""Queries of URLs: parameters as typed values; what makes no sense is said, never guessed."""

from collections.abc import Mapping
from enum import Enum
from math import isfinite
from typing import TypeVar

from starlette.exceptions import HTTPException

Choice = TypeVar("Choice", bound=Enum)

LARGEST = 2**63 - 1
"""The largest number that a database's column holds."""

LONGEST = 500
"""Characters of a text that is searched for."""


def number(parameters: Mapping[str, str], name: str, most: int = LARGEST) -> int | None:
    """A whole number, 0 or more; None if it isn't given.

    Raises:
        HTTPException: 400, it is something else.
    """
    text = parameters.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > most:
        raise refuse(name, "a whole number" if most == LARGEST else f"a whole number up to {most:,}")
    return int(text)


def real_number(parameters: Mapping[str, str], name: str) -> float | None:
    """A number; None if it isn't given.

    Raises:
        HTTPException: 400, it is something else.
    """
    text = parameters.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise refuse(name, "a number") from None
    if not isfinite(value):
        raise refuse(name, "a number")
    return value


def word(parameters: Mapping[str, str], name: str) -> str | None:
    """A text; None if it isn't given.

    Raises:
        HTTPException: 400, it is something else.
    """
    text = parameters.get(name, "").strip()
    if len(text) > LONGEST or "\0" in text:
        raise refuse(name, f"a text of at most {LONGEST} characters")
    return text or None


def choice(parameters: Mapping[str, str], name: str, choices: type[Choice]) -> Choice | None:
    """One of some words; None if it isn't given.

    Raises:
        HTTPException: 400, it is something else.
    """
    text = parameters.get(name, "")
    if not text:
        return None
    try:
        return choices(text)
    except ValueError:
        raise refuse(name, f"one of {', '.join(str(one.value) for one in choices)}") from None


def refuse(name: str, expected: str) -> HTTPException:
    """The answer to a parameter that makes no sense; what was given is not repeated."""
    return HTTPException(400, f"The parameter {name} must be {expected}.")
