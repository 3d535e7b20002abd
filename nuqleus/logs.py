"""Logs: one line an event: time, level, who, what, then each field that the caller gave as `extra`.

As text, for people, or as JSON, for programs:

    2026-11-23T10:15:02.031Z INFO scheduler.scanner: scanned files=1200 seconds=0.08
    {"time": "2026-11-23T10:15:02.031Z", "level": "INFO", "logger": "scheduler.scanner", "message": "scanned", …}

While a file is processed, each line has its id as the field `file`, whoever logs. Whatever is logged, passwords in URLs
are left out, and control characters (names of files may hold them) are escaped.
"""

import json
import logging
import re
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import isfinite
from typing import IO, Any, TextIO

from nuqleus.paths import printable
from nuqleus.settings import LogFormat

_PASSWORD = re.compile(r"(\w://[^\s:/@]*):[^\s@]+@")
_STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_file: ContextVar[int | None] = ContextVar("file", default=None)


@contextmanager
def about_file(file_id: int) -> Iterator[None]:
    """Let every line that is logged in this block carry a file's id, also in threads that are given its context."""
    token = _file.set(file_id)
    try:
        yield
    finally:
        _file.reset(token)


class LineFormatter(logging.Formatter):
    """Formats as text; a traceback follows on lines of its own."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line itself."""
        fields = _fields(record)
        return " ".join(
            [super().formatMessage(record), *(f"{name}={_text(fields[name])}" for name in fields)]
        )

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback if there is one."""
        return _safe(super().format(record))


class JsonFormatter(LineFormatter):
    """Formats as JSON: an object a line, with `traceback` if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        # a field of the name of one of these is left out
        return json.dumps(
            {n: _plain(v) for n, v in (line | _fields(record) | line).items()}, ensure_ascii=False
        )


def configure_logs(
    level: str = "INFO", stream: IO[str] | None = None, *, log_format: LogFormat = "text"
) -> None:
    """Send everything at `level` and above to `stream` (default: stderr), Python's warnings too.

    Calling it again replaces the first.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else LineFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    warnings.showwarning = _log_warning


def without_passwords(text: str) -> str:
    """Text with `***` for the password of each URL in it."""
    return _PASSWORD.sub(r"\1:***@", text)


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - warnings.showwarning's signature
    line: str | None = None,  # noqa: ARG001
) -> None:
    logging.getLogger("py.warnings").warning(
        "%s: %s", category.__name__, message, extra={"at": f"{filename}:{lineno}"}
    )


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller gave, after the id of the file at hand."""
    file_id = _file.get()
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS}
    return given if file_id is None else {"file": file_id, **given}


def _safe(text: str) -> str:
    return without_passwords(printable(text))


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    return text if re.fullmatch(r"[^\s\"=]+", text) else json.dumps(text, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """What JSON has a word for, and the text of everything else."""
    is_number = isinstance(value, int) or (isinstance(value, float) and isfinite(value))
    return value if value is None or is_number else _safe(str(value))
