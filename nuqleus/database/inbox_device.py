"""Device of the watched folder, as it was when files were last seen in it.

A scheduler that starts on an empty folder tells by it whether the files were deleted, or their drive is not mounted.
"""

from sqlalchemy import Engine, select, update

from nuqleus.database.engine import reading, writing
from nuqleus.database.tables import File, SchedulerLease


def last_device(engine: Engine) -> int | None:
    """Number of the device; None where it isn't known, or where no file is expected to be there."""
    with reading(engine) as connection:
        if connection.scalar(select(File.id).where(File.gone_at.is_(None)).limit(1)) is None:
            return None
        return connection.scalar(select(SchedulerLease.device))


def note_device(engine: Engine, device: int) -> None:
    """Note that the folder's files lie on this device."""
    with writing(engine) as connection:
        connection.execute(update(SchedulerLease).values(device=device))
