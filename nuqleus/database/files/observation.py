"""Observation: what a scan saw, compared with what is known: new files, changed ones, those that came back.

Parts of one transaction of `scheduler_files.py`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update

from nuqleus.database.file_states import FileState
from nuqleus.database.files.fields import change_companions, release_companions
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.result_transfer import drop_or_transfer
from nuqleus.database.files.updates import SUSPECTED, THERE, VANISHED_KIND, ignored
from nuqleus.database.tables import File
from nuqleus.database.upserts import insert_missing
from nuqleus.file_stat import FileStat

_STAMP = (File.size, File.mtime_ns, File.inode, File.ctime_ns)


def observe(connection: Connection, seen: Sequence[SeenFile], now: float) -> None:
    """Record files that a scan saw, a few hundred at most: new ones, and what became of known ones."""
    paths = [file.path for file in seen]
    columns = (File.path, File.id, File.state, File.error_kind, File.gone_at, File.companion_of)
    query = select(*columns, *_STAMP).where(File.path.in_(paths))
    known = {row.path: row for row in connection.execute(query)}
    _insert_new(connection, [file for file in seen if file.path not in known], now)
    for file in seen:
        if file.path in known:
            _look_again(connection, known[file.path], file)


def _insert_new(connection: Connection, new: Sequence[SeenFile], now: float) -> None:
    rows = [
        {
            "path": file.path,
            **_stamp(file)._asdict(),
            "state": FileState.IGNORED if file.ignored_by else FileState.WAITING,
            "ignored_by": file.ignored_by,
            "discovered_at": now,
        }
        for file in new
    ]
    insert_missing(connection, File, rows, key="path")


def _look_again(connection: Connection, row: Row[*tuple[Any, ...]], file: SeenFile) -> None:
    """Compare a file with what is known of it."""
    known, now = FileStat(row.size, row.mtime_ns, row.inode, row.ctime_ns), _stamp(file)
    vanished = (row.state, row.error_kind) == (FileState.FAILED, VANISHED_KIND)
    if row.gone_at is not None:
        connection.execute(update(File).where(File.id == row.id).values(THERE))
    if row.companion_of is not None:
        if known != now or row.gone_at is not None:
            _set_back(connection, row.id, file)
    elif vanished or (known[:2] != now[:2]) or (known.inode is not None and known != now):
        _suspect(connection, row.id, file)
    elif known != now:  # a row from before inodes were noted; a worker's claim names the stamp as it was
        adopt = update(File).where(File.id == row.id, File.inode.is_(None), File.state != FileState.RUNNING)
        connection.execute(adopt.values(inode=now.inode, ctime_ns=now.ctime_ns))


def _set_back(connection: Connection, companion_id: int, file: SeenFile) -> None:
    """A companion that came back, or has another stamp, sets its lead back."""
    change_companions(connection, [companion_id])
    values = _stamp(file)._asdict() | (ignored(file.ignored_by) if file.ignored_by else {})
    connection.execute(update(File).where(File.id == companion_id).values(values))


def _suspect(connection: Connection, file_id: int, file: SeenFile) -> None:
    """The content may be another one: a worker hashes it. What is no image any more has no results."""
    values = ignored(file.ignored_by) if file.ignored_by else SUSPECTED
    stamp = _stamp(file)._asdict()
    is_news = or_(
        and_(File.state == FileState.FAILED, File.error_kind == VANISHED_KIND),
        *(column.is_distinct_from(stamp[column.key]) for column in _STAMP),
    )
    changed = update(File).where(File.id == file_id, is_news).values(stamp | values)
    if connection.execute(changed).rowcount and file.ignored_by:
        release_companions(connection, [file_id])
        drop_or_transfer(connection, file_id)


def _stamp(file: SeenFile) -> FileStat:
    return FileStat(file.size, file.mtime_ns, file.inode, file.ctime_ns)
