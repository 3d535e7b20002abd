"""Who has a file's results when it goes its own way: its first duplicate, which then is `done` itself.

Parts of the transactions of `states.py` and `claims.py`, which call these after the file's own state has changed: its
row is locked.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, or_, select, tuple_, update
from sqlalchemy.orm import aliased

from nuqleus.database.tables import File, FileState, Image

_duplicate = aliased(File)
_IN_THE_WAY = select(File.id).where(
    File.id.in_(bindparam("ids", expanding=True)),
    or_(exists().where(Image.file_id == File.id), exists().where(_duplicate.duplicate_of == File.id)),
)


def in_the_way(connection: Connection, file_ids: Sequence[int]) -> Sequence[int]:
    """Those of these files that have results, or duplicates: new results need `make_way`."""
    return connection.scalars(_IN_THE_WAY, {"ids": file_ids}).all()


def make_way(connection: Connection, file_id: int) -> None:
    """Take away what new results replace; duplicates share those, unless content or choice are others now."""
    if connection.scalar(select(exists().where(_still_alike(file_id)))):
        connection.execute(delete(Image).where(Image.file_id == file_id))
    else:
        take_results(connection, file_id)


def join_twin(connection: Connection, file_id: int, twin: int) -> None:
    """Take away the results of a file that shares another's now, as those of its duplicates do that are still alike."""
    connection.execute(update(File).where(_still_alike(file_id)).values(duplicate_of=twin))
    take_results(connection, file_id)


def take_results(connection: Connection, file_id: int) -> None:
    """Delete a file's results, or leave them to its first duplicate."""
    if not leave_results(connection, file_id):
        connection.execute(delete(Image).where(Image.file_id == file_id))


def leave_results(connection: Connection, file_id: int) -> bool:
    """Leave a file's results to its first duplicate. False if it has none: they stay where they are."""
    heirs = select(File.id).where(File.duplicate_of == file_id).order_by(File.id).with_for_update()
    duplicates = connection.scalars(heirs).all()
    if not duplicates:
        return False
    heir, *others = duplicates
    connection.execute(update(Image).where(Image.file_id == file_id).values(file_id=heir))
    connection.execute(update(File).where(File.id == heir).values(state=FileState.DONE, duplicate_of=None))
    if others:
        connection.execute(update(File).where(File.duplicate_of == file_id).values(duplicate_of=heir))
    return True


def _still_alike(file_id: int) -> ColumnElement[bool]:
    """A duplicate of a file, with the content and the choice that the file's own row names now."""
    file = aliased(File)
    now = select(file.sha256, file.choice).where(file.id == file_id).scalar_subquery()
    return and_(File.duplicate_of == file_id, tuple_(File.sha256, File.choice) == now)
