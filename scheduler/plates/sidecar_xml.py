"""XML of sidecars: streamed, with limits, and without entities or document types."""

from collections.abc import Iterator
from typing import BinaryIO
from xml.parsers import expat

MAX_TEXT = 10_000
MAX_DEPTH = 100
CHUNK_BYTES = 1 << 20

Element = tuple[str, dict[str, str], str]
"""An element that has ended: its name and its attributes, without prefixes, and its text."""


class SidecarError(Exception):
    """A sidecar that is not read."""


def elements(file: BinaryIO) -> Iterator[tuple[list[str], Element]]:
    """Yield the elements of an XML file in the order in which they end, each with the names of those around it.

    Raises:
        SidecarError: it is nested too deeply, or has a document type or entities.
        ExpatError: it is no XML.
    """
    parser = _ElementParser()
    while chunk := file.read(CHUNK_BYTES):
        yield from parser.parse(chunk)
    yield from parser.parse(b"", is_last=True)


class _ElementParser:
    """Parser that is fed a file piece by piece, and keeps no more of it than the elements that are open."""

    def __init__(self) -> None:
        self._ended: list[tuple[list[str], Element]] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartDoctypeDeclHandler = self._expat.EntityDeclHandler = self._refuse
        self._expat.StartElementHandler = self._start
        self._expat.CharacterDataHandler = self._add_text
        self._expat.EndElementHandler = self._end

    def parse(self, chunk: bytes, *, is_last: bool = False) -> list[tuple[list[str], Element]]:
        """Parse the next bytes. Returns the elements that end in them."""
        self._expat.Parse(chunk, is_last)
        ended, self._ended = self._ended, []
        return ended

    def _refuse(self, *_: object) -> None:
        raise SidecarError("it has a document type or entities, which are not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise SidecarError(f"it is nested more than {MAX_DEPTH} deep")
        self._open.append((_local(name), {_local(key): value for key, value in attributes.items()}, []))

    def _add_text(self, data: str) -> None:
        if self._open and sum(map(len, self._open[-1][2])) + len(data) <= MAX_TEXT:
            self._open[-1][2].append(data)

    def _end(self, _name: str) -> None:
        name, attributes, texts = self._open.pop()
        outer = [name for name, _, _ in self._open]
        self._ended.append((outer, (name, attributes, "".join(texts).strip())))


def _local(name: str) -> str:
    return name.rpartition(":")[2]
