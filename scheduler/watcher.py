"""Watcher: the operating system says that something happened in the folder, a reason to look at once, never the truth.

Events get lost in bursts and never come from network drives; the periodic scan sees what they missed.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

log = logging.getLogger(__name__)

# not those of reading: every image that a worker opens would wake us
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileMovedEvent,
    FileClosedEvent,
    DirCreatedEvent,
    DirMovedEvent,
]


class Watcher(FileSystemEventHandler):
    """Watcher of a folder: calls `wake` when something happens in it or below it.

    Args:
        root: the watched folder.
        wake: called from a thread of its own, once for each event.
    """

    def __init__(self, root: Path, wake: Callable[[], None]) -> None:
        self._root = root
        self._wake = wake
        self._observer = Observer()

    def start(self) -> bool:
        """Begin to listen. False where the system can't: then only the periodic scans notice new files."""
        self._observer.schedule(self, str(self._root), recursive=True, event_filter=_EVENTS)
        try:
            self._observer.start()
        except OSError as error:
            log.warning("No events from %s (%s): new files are found by scanning alone.", self._root, error)
            return False
        return True

    def stop(self) -> None:
        """Listen no longer."""
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=2)

    def on_any_event(self, event: FileSystemEvent) -> None:  # noqa: ARG002 - watchdog's signature
        """Pass it on."""
        self._wake()
