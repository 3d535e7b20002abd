"""Zarr arrays of a folder that follows no link, by the library zarr of the extra `zarr`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import zarr
from zarr.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, Store, SuffixByteRequest
from zarr.core.buffer import Buffer, BufferPrototype

from model.reading.linkless_folder import LinklessFolder

METADATA = {"zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata"}
"""Names of files that are no chunks."""


class FolderStore(Store):
    """Store of zarr that reads what a folder holds, and nothing else.

    Attributes:
        missing_chunks: names of those that were asked for, and aren't there.
        has_chunks: whether any was there.
    """

    supports_writes = supports_deletes = supports_listing = False

    def __init__(self, folder: LinklessFolder) -> None:
        super().__init__(read_only=True)
        self._folder = folder
        self.missing_chunks: set[str] = set()
        self.has_chunks = False

    def open_array(self, name: str) -> Any:
        """Open an array of the folder, of either version of zarr."""
        return zarr.open_array(self, path=name, mode="r")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FolderStore) and other._folder is self._folder

    def __hash__(self) -> int:
        return id(self._folder)

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Return the bytes of a key; None where there are none."""
        data = await asyncio.to_thread(self._folder.read, key, *_span(byte_range))
        if key.rpartition("/")[2] not in METADATA:
            self._note_chunk(key, is_there=data is not None)
        return None if data is None else prototype.buffer.from_bytes(data)

    def _note_chunk(self, key: str, *, is_there: bool) -> None:
        self.has_chunks |= is_there
        if not is_there:
            self.missing_chunks.add(key)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Return the bytes of several keys."""
        return list(await asyncio.gather(*(self.get(key, prototype, span) for key, span in key_ranges)))

    async def exists(self, key: str) -> bool:
        """Whether there is such a key."""
        return await asyncio.to_thread(self._folder.read, key, 0, 0) is not None

    async def set(self, key: str, value: Buffer) -> None:
        """Refuse: it is read only."""
        raise NotImplementedError

    async def delete(self, key: str) -> None:
        """Refuse: it is read only."""
        raise NotImplementedError

    def list(self) -> AsyncIterator[str]:
        """Refuse: metadata say what there is."""
        raise NotImplementedError

    def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Refuse: metadata say what there is."""
        raise NotImplementedError

    def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Refuse: metadata say what there is."""
        raise NotImplementedError


def _span(request: ByteRequest | None) -> tuple[int, int | None]:
    """Where to begin, and how many bytes to read."""
    match request:
        case RangeByteRequest(start, end):
            return start, end - start
        case OffsetByteRequest(offset):
            return offset, None
        case SuffixByteRequest(suffix):
            return -suffix, None
    return 0, None
