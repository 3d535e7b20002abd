"""The ground floor: settings, errors, logs, messages, the queue, the database; and `open_results`, for Python."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuqleus.results import open_results

__all__ = ["open_results"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # only who asks for results loads what reads them: every part of nuqleus comes through here
    if name == "open_results":
        from nuqleus.results import open_results

        return open_results
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
