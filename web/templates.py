"""Templates: pages as HTML, in which every value is text, whatever it holds."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from nuqleus import __version__
from nuqleus.paths import escape_path

FOLDER = Path(__file__).parent / "html"
STATIC = Path(__file__).parent / "static"

SKEW_SECONDS = 60.0
"""By which clocks of machines may differ."""


class Templates:
    """Templates of the folder `html`.

    Args:
        clock: seconds since 1970.
        edition: what URLs of pictures end with, so that browsers may keep them.
    """

    def __init__(self, clock: Callable[[], float], edition: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "ago": lambda then: since(then, clock()),
            "basename": lambda path: path.rpartition("/")[2],
            "count": count,
            "duration": duration,
            "figure": figure,
            "moment": moment,
            "name": escape_path,
            "words": words,
        }
        self._environment.globals |= {
            "edition": edition,
            "static": static_url,
            "version": __version__,
            "with_query": with_query,
        }
        self._load_all()

    def _load_all(self) -> None:
        """Load every template now: those of a version that is installed later would not fit this program."""
        for name in self._environment.list_templates():
            self._environment.get_template(name)

    def render(self, template: str, **values: Any) -> str:
        """Make a page."""
        return self._environment.get_template(template).render(values)


def count(number: float | None) -> str:
    """A whole number, with commas: `1,234`."""
    return "–" if number is None else f"{number:,.0f}"


def figure(number: float | None) -> str:
    """A measured number, as precise as people read it: `12.35`, `1,234`, `1.2e-05`."""
    if number is None:
        return "–"
    if isinstance(number, int) or abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.4g}"


def words(name: str) -> str:
    """A measurement's name as words: `equivalent diameter area`."""
    return name.replace("_", " ")


def duration(seconds: float | None) -> str:
    """A time span, in one or two units: `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds is None:
        return "–"
    left = timedelta(seconds=max(0, round(seconds)))
    hours, rest = divmod(left.seconds, 3600)
    minutes, rest = divmod(rest, 60)
    units = [(left.days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((i for i, (number, _) in enumerate(units) if number), 3)
    return " ".join(f"{number} {unit}" for number, unit in units[first : first + 2] if number) or "0 s"


def since(then: float, now: float) -> str:
    """How long ago something was: not known where it lies in the future, as one of two clocks was set back."""
    return "an unknown time" if then > now + SKEW_SECONDS else duration(now - then)


def moment(seconds: float | None) -> str:
    """A moment, in UTC."""
    return "–" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def static_url(name: str) -> str:
    """The URL of a file of ours; another content has another URL, so that browsers may keep it."""
    return f"/static/{name}?v={_digest(name)}"


def with_query(path: str, query: Mapping[str, Any] | None = None, **changes: Any) -> str:
    """A URL with these parameters; those that are None or empty are left out."""
    wanted = {**(query or {}), **changes}
    kept = {name: value for name, value in wanted.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept, doseq=True)}" if kept else path


@cache
def _digest(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]
