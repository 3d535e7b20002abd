"""Who has a file's results when it goes its own way: its first duplicate, which then is `done` itself.

Parts of the transactions of `states.py`, which call these after the file's own state has changed: its row is locked.
"""

from sqlalchemy import Connection, delete, exists, select, update

from nuqleus.database.tables import File, FileState, Image


def make_way(connection: Connection, file_id: int, sha256: str) -> None:
    """Take away what new results of this content replace; duplicates share those, unless their content is another."""
    same = select(exists().where(File.duplicate_of == file_id, File.sha256 == sha256))
    if connection.scalar(same):
        connection.execute(delete(Image).where(Image.file_id == file_id))
    else:
        take_results(connection, file_id)


def join_twin(connection: Connection, file_id: int, sha256: str, twin: int) -> None:
    """Take away the results of a file that shares another's now, as its duplicates of this content do."""
    followers = update(File).where(File.duplicate_of == file_id, File.sha256 == sha256)
    connection.execute(followers.values(duplicate_of=twin))
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
