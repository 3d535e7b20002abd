"""Messages between the page and the process that draws: a line of JSON, and pictures or masks after it.

The side that draws has read strangers' files: its answers are taken as bytes and numbers, up to a size, never as code.
"""

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

LARGEST = 64 * 2**20
"""Bytes of a part of a message."""

_LENGTH = struct.Struct(">I")

Read = Callable[[int], bytes]
"""Reads exactly so many bytes, or raises EOFError."""

DrawingMessage: TypeAlias = tuple[dict[str, Any], list[bytes]]
"""What it says, and its attachments."""


def pack(head: dict[str, Any], parts: Sequence[bytes] = ()) -> bytes:
    """Write a message: what it says, and its attachments."""
    said = json.dumps({**head, "parts": len(parts)}).encode()
    return b"".join(_LENGTH.pack(len(part)) + part for part in (said, *parts))


def unpack(read: Read) -> DrawingMessage:
    """Read a message.

    Raises:
        EOFError: it ends early.
        ValueError: it is none.
    """
    head = json.loads(_part(read))
    if not isinstance(head, dict) or head.get("parts") not in range(1000):
        raise ValueError("this is no message")
    return head, [_part(read) for _ in range(head["parts"])]


def _part(read: Read) -> bytes:
    (length,) = _LENGTH.unpack(read(_LENGTH.size))
    if length > LARGEST:
        raise ValueError(f"a part of {length:,} bytes is too large")
    return read(length)
