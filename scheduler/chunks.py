"""Chunks: which files share a message.

A message costs as much as reading a small image. Small files therefore travel in chunks, where many wait; a few files
are spread over all workers, one at a time. What a worker has begun with before travels alone: it may be what killed it.
"""

from collections.abc import Iterable, Iterator

from nuqleus.database.files.records import QueuedFile
from nuqleus.messages import Job

SMALL_FILE_BYTES = 32 * 2**20
"""Bytes of the largest file that shares a message: larger ones are worth a message."""

CHUNK_BYTES = 64 * 2**20
"""Bytes of a chunk at most."""

CHUNKS_PER_WORKER = 4
"""Chunks for each worker that the files which wait are divided into, so that all workers end at about the same time."""


def chunk_size(waiting: int, workers: int, max_files: int) -> int:
    """Size of a chunk: files that it may hold at most, by how many wait and how many workers there are."""
    return max(1, min(max_files, waiting // (CHUNKS_PER_WORKER * max(1, workers))))


def cut_chunks(files: Iterable[QueuedFile], size: int) -> Iterator[Job]:
    """Cut files into chunks of at most `size`, in their order."""
    chunk: list[QueuedFile] = []
    for file in files:
        if chunk and (len(chunk) == size or not _fits(chunk, file)):
            yield _job(chunk)
            chunk = []
        chunk.append(file)
    if chunk:
        yield _job(chunk)


def _fits(chunk: list[QueuedFile], file: QueuedFile) -> bool:
    may_share = all(member.attempts == 0 and member.size <= SMALL_FILE_BYTES for member in (chunk[0], file))
    size = sum(member.size for member in (*chunk, file))
    return may_share and size <= CHUNK_BYTES and file.urgent == chunk[0].urgent


def _job(chunk: list[QueuedFile]) -> Job:
    return Job(tuple(file.id for file in chunk), chunk[0].urgent)
