"""Column types that read differently in Python than in the database."""

from datetime import UTC, datetime
from typing import Annotated

from sqlalchemy import REAL, DateTime, Dialect, Text
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator

from nuqleus.paths import escape_path, printable, unescape_path

Float4 = Annotated[float | None, mapped_column(REAL(), nullable=True)]
"""A number that needs no more than seven digits, or NULL."""


class UtcTimestamp(TypeDecorator[float]):
    """Seconds since 1970 in Python, as `time.time` has them; in the database a time stamp in UTC for people."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Python → database."""
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> float | None:  # noqa: ARG002
        """Database → Python. SQLite has no time zones: what it holds is UTC."""
        if value is None:
            return None
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


class EscapedPath(TypeDecorator[str]):
    """A path, with `/`; `nuqleus.paths` says how the database writes odd names."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Python → database."""
        return None if value is None else escape_path(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Database → Python."""
        return None if value is None else unescape_path(value)


class EscapedText(TypeDecorator[str]):
    """Text for people, which may quote a file's name."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Python → database."""
        return None if value is None else printable(value)
