"""Restoring what earlier versions broke: files that were to be processed again, weren't there, and count as vanished.

They still have the results that they had. What is queued again now and isn't there is again what it was before, by
itself (`updates.missed`).
"""

from sqlalchemy import Engine, exists, func, select, update

from nuqleus.database.batches import batched
from nuqleus.database.engine import reading, writing
from nuqleus.database.file_states import FileState
from nuqleus.database.files.updates import FILES_PER_STATEMENT, VANISHED_KIND, ended
from nuqleus.database.tables import File, Image

_IS_RESTORABLE = (
    (File.state == FileState.FAILED)
    & (File.error_kind == VANISHED_KIND)
    & exists().where(Image.file_id == File.id)
)


def count_restorable(engine: Engine) -> int:
    """Number of files that failed as vanished, and have results all the same.

    Raises:
        DatabaseUnavailable: the database can't be reached.
    """
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(File).where(_IS_RESTORABLE)) or 0


def restore_vanished(engine: Engine) -> int:
    """Files that failed as vanished, and have results all the same → `done`. Returns how many there were.

    Raises:
        DatabaseUnavailable: the database can't be reached; what is restored by then stays restored.
    """
    with reading(engine) as connection:
        ids = connection.scalars(select(File.id).where(_IS_RESTORABLE)).all()
    restored = 0
    for chunk in batched(ids, FILES_PER_STATEMENT):
        done = update(File).where(File.id.in_(chunk), _IS_RESTORABLE)
        with writing(engine) as connection:
            restored += connection.execute(done.values(ended(FileState.DONE, File.finished_at))).rowcount
    return restored
