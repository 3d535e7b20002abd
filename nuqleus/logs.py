"""One line an event: time, level, who, what, then `key=value` for each field that the caller gave as `extra`.

    2026-11-23T10:15:02.031Z INFO scheduler.scanner: scanned files=1200 seconds=0.08

Whatever is logged, passwords in URLs are left out, and control characters (names of files may hold them) are escaped.
"""

import json
import logging
import re
import sys
import time
from typing import IO, Any

from nuqleus.paths import printable

_PASSWORD = re.compile(r"(\w://[^\s:/@]*):[^\s@]+@")
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LineFormatter(logging.Formatter):
    """Formats as this module says; a traceback follows on lines of its own."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line itself."""
        fields = {name: value for name, value in vars(record).items() if name not in _USUAL}
        return " ".join(
            [super().formatMessage(record), *(f"{name}={_value(fields[name])}" for name in fields)]
        )

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback if there is one."""
        return without_passwords(printable(super().format(record)))


def configure_logs(level: str = "INFO", stream: IO[str] | None = None) -> None:
    """Send everything at `level` and above to `stream` (default: stderr). Calling it again replaces the first."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def without_passwords(text: str) -> str:
    """Text with `***` for the password of each URL in it."""
    return _PASSWORD.sub(r"\1:***@", text)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    return text if re.fullmatch(r"[^\s\"=]+", text) else json.dumps(text, ensure_ascii=False)
