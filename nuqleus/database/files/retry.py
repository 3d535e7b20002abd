"""Retry: files that ended are processed again, because somebody asks for it or there is a newer model."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, func, select, update

from nuqleus.database.batches import batched
from nuqleus.database.engine import reading, writing
from nuqleus.database.file_states import RETRYABLE_STATES, FileState
from nuqleus.database.files.conditions import produced_by, under_paths
from nuqleus.database.files.updates import FILES_PER_STATEMENT, REQUEUED, update_files
from nuqleus.database.tables import File, Image

IMAGES_PER_STATEMENT = 5_000
"""Images that one statement looks at: others get their turn to write between two of them."""


def retry_files(engine: Engine, paths: Sequence[str] | None = None, *, only_failed: bool = True) -> list[int]:
    """Files that ended → `waiting`; the scheduler then queues them.

    Args:
        engine: the database.
        paths: files or folders, relative to the watched folder; None: all of it.
        only_failed: leave files alone that are done, or duplicates.

    Returns:
        The ids of the files that will be processed again.

    Raises:
        DatabaseUnavailable: the database can't be reached.
    """
    return retry_matching(engine, under_paths(paths), only_failed=only_failed)


def retry_matching(engine: Engine, condition: ColumnElement[bool], *, only_failed: bool = True) -> list[int]:
    """The same for files that a condition holds for."""
    has_ended = File.state.in_([FileState.FAILED] if only_failed else RETRYABLE_STATES)
    with reading(engine) as connection:
        ids = connection.scalars(select(File.id).where(has_ended, condition)).all()
    retried: list[int] = []
    for chunk in batched(ids, FILES_PER_STATEMENT):
        with writing(engine) as connection:
            retried += update_files(connection, chunk, has_ended, REQUEUED)
    return retried


def retry_produced_by(engine: Engine, model_id: int, paths: Sequence[str] | None = None) -> int:
    """Files that ended, with results that this model produced → `waiting`. Duplicates will share the new results.

    Args:
        engine: the database.
        model_id: of a model.
        paths: files or folders, relative to the watched folder; None: all of it.

    Returns:
        How many files will be processed again.

    Raises:
        DatabaseUnavailable: the database can't be reached.
    """
    with reading(engine) as connection:
        last = connection.scalar(select(func.max(Image.id)).where(Image.model_id == model_id)) or 0
    retried = 0
    for first in range(1, last + 1, IMAGES_PER_STATEMENT):
        image_ids = range(first, first + IMAGES_PER_STATEMENT)
        stale = update(File).where(produced_by(model_id, image_ids), under_paths(paths))
        with writing(engine) as connection:
            retried += connection.execute(stale.values(REQUEUED)).rowcount
    return retried
