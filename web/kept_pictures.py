"""Kept pictures: what was drawn for people, in memory, until it is too much."""

import threading
from collections import OrderedDict

KEPT_BYTES = 32_000_000
"""About two thousand small pictures."""


class KeptPictures:
    """Pictures by the number of their image, which never shows another content; the ones looked at last are kept.

    Args:
        most: bytes.
    """

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most = most
        self._bytes = 0
        self._pictures: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, image_id: int) -> bytes | None:
        """Return the picture of an image; None if there is none."""
        with self._lock:
            if image_id in self._pictures:
                self._pictures.move_to_end(image_id)
            return self._pictures.get(image_id)

    def keep(self, image_id: int, picture: bytes) -> None:
        """Keep a picture, and drop others until all fit."""
        with self._lock:
            self._bytes += len(picture) - len(self._pictures.pop(image_id, b""))
            self._pictures[image_id] = picture
            while self._bytes > self._most:
                _, dropped = self._pictures.popitem(last=False)
                self._bytes -= len(dropped)
