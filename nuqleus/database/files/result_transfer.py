"""Transfer of results: where a file gives them up, its first duplicate inherits them, and then is `done` itself.

Parts of the transactions of `scheduler_files.py` and `worker_files.py`, which call these after the file's own state has
changed: its row is locked.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, or_, select, tuple_, update
from sqlalchemy.orm import aliased

from nuqleus.database.tables import File, FileState, Image

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
    if not transfer_to_duplicate(connection, file_id):
        connection.execute(delete(Image).where(Image.file_id == file_id))


def transfer_to_duplicate(connection: Connection, file_id: int) -> bool:
    """Give a file's results to its first duplicate. False if it has none: they stay where they are."""
    query = select(File.id).where(File.duplicate_of == file_id).order_by(File.id).with_for_update()
    duplicates = connection.scalars(query).all()
    if not duplicates:
        return False
    first, *others = duplicates
    connection.execute(update(Image).where(Image.file_id == file_id).values(file_id=first))
    connection.execute(update(File).where(File.id == first).values(state=FileState.DONE, duplicate_of=None))
    if others:
        connection.execute(update(File).where(File.duplicate_of == file_id).values(duplicate_of=first))
    return True


def _has_same_content(file_id: int) -> ColumnElement[bool]:
    """A duplicate of a file, with the content and the image options that the file's own row names now."""
    file = aliased(File)
    now = select(file.sha256, file.image_options).where(file.id == file_id).scalar_subquery()
    return and_(File.duplicate_of == file_id, tuple_(File.sha256, File.image_options) == now)
