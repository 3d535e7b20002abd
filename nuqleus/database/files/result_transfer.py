"""Transfer of results: where a file gives them up, its first duplicate inherits them, and then is `done` itself.

Parts of the transactions of `scheduler_files.py` and `worker_files.py`, which call these after the file's own state has
changed: its row is locked.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import aliased

from nuqleus.database.file_states import FileState
from nuqleus.database.tables import File, Image

_duplicate = aliased(File)
_HAVING_RESULTS = select(File.id).where(
    File.id.in_(bindparam("ids", expanding=True)),
    or_(exists().where(Image.file_id == File.id), exists().where(_duplicate.duplicate_of == File.id)),
)


def having_results(connection: Connection, file_ids: Sequence[int]) -> Sequence[int]:
    """Those of these files that have results, or duplicates: new results need `clear_for_new_results`."""
    return connection.scalars(_HAVING_RESULTS, {"ids": file_ids}).all()


def clear_for_new_results(connection: Connection, file_id: int) -> None:
    """Take away what new results replace; duplicates share those, unless content or image options are others now."""
    if connection.scalar(select(exists().where(_has_same_content(file_id)))):
        connection.execute(delete(Image).where(Image.file_id == file_id))
    else:
        drop_or_transfer(connection, file_id)


def become_duplicate(connection: Connection, file_id: int, original: int) -> None:
    """Take away the results of a file that shares another's now, as those of its duplicates do that are still alike."""
    connection.execute(update(File).where(_has_same_content(file_id)).values(duplicate_of=original))
    drop_or_transfer(connection, file_id)


def drop_or_transfer(connection: Connection, file_id: int) -> None:
    """Delete a file's results, or give them to its first duplicate."""
    duplicates = _duplicates(connection, file_id)
    if duplicates:
        _transfer(connection, file_id, *duplicates)
    else:
        connection.execute(delete(Image).where(Image.file_id == file_id))


def hand_over(connection: Connection, file_id: int) -> None:
    """Give the results of a file that is gone to its first duplicate that is there, whose duplicate it then is.

    Where there is none, they stay where they are.
    """
    duplicates = _duplicates(connection, file_id)
    if duplicates and connection.scalar(select(File.gone_at.is_(None)).where(File.id == duplicates[0])):
        _transfer(connection, file_id, *duplicates)
        shares = {"duplicate_of": duplicates[0], **_instead(FileState.DONE, FileState.DUPLICATE)}
        connection.execute(update(File).where(File.id == file_id).values(shares))


def _duplicates(connection: Connection, file_id: int) -> Sequence[int]:
    """Those of a file, the heir first: those that are there come before those that are gone."""
    query = select(File.id).where(File.duplicate_of == file_id)
    return connection.scalars(query.order_by(File.gone_at.is_not(None), File.id).with_for_update()).all()


def _transfer(connection: Connection, file_id: int, heir: int, *others: int) -> None:
    connection.execute(update(Image).where(Image.file_id == file_id).values(file_id=heir))
    inherits = {"duplicate_of": None, **_instead(FileState.DUPLICATE, FileState.DONE)}
    connection.execute(update(File).where(File.id == heir).values(inherits))
    if others:
        connection.execute(update(File).where(File.duplicate_of == file_id).values(duplicate_of=heir))


def _instead(old: FileState, new: FileState) -> dict[str, Any]:
    """A file is in another state; or was, before it was queued again. One that failed has failed all the same."""
    return {
        column.key: case((column == old, new), else_=column) for column in (File.state, File.previous_state)
    }


def _has_same_content(file_id: int) -> ColumnElement[bool]:
    """A duplicate of a file, with the content and the image options that the file's own row names now."""
    file = aliased(File)
    now = select(file.sha256, file.image_options).where(file.id == file_id).scalar_subquery()
    return and_(File.duplicate_of == file_id, tuple_(File.sha256, File.image_options) == now)
