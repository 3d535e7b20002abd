"""Forgetting: files and their results are deleted, because somebody asks for it.

The database itself leaves the results of a file to its first duplicate that is left; see
`nuqleus.database.migrations.deletion_triggers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, or_, select

from nuqleus.database.batches import batched
from nuqleus.database.engine import reading, writing
from nuqleus.database.files.conditions import under_paths
from nuqleus.database.files.updates import FILES_PER_STATEMENT
from nuqleus.database.plate_moves import delete_empty_plates
from nuqleus.database.tables import File, Image
from nuqleus.fields import FieldPlace


@dataclass(frozen=True)
class Forgettable:
    """What is deleted when files are forgotten.

    Attributes:
        file_ids: of the files.
        images: that go with them, with their masks and intensities; `nuclei` likewise.
        handed_over: files that leave their results to a copy elsewhere.
        there: files whose paths were there when the scheduler last looked: they are new to it then.
    """

    file_ids: Sequence[int]
    images: int
    nuclei: int
    handed_over: int
    there: int


def find_forgettable(engine: Engine, paths: Sequence[str]) -> Forgettable:
    """Count what is at some paths: files or folders, relative to the watched folder. Changes nothing.

    A file of a field stands for all of them.

    Raises:
        DatabaseUnavailable: the database can't be reached.
    """
    with reading(engine) as connection:
        named = select(File.id).where(under_paths(paths)).correlate(None)
        query = select(File.id, File.gone_at).where(or_(File.id.in_(named), File.companion_of.in_(named)))
        rows = connection.execute(query).all()
        ids = {row.id for row in rows}
        copies = select(File.duplicate_of, File.id).where(File.duplicate_of.is_not(None))
        handed_over = {original for original, copy in connection.execute(copies) if copy not in ids} & ids
        images, nuclei = _count_results(connection, sorted(ids - handed_over))
    return Forgettable(
        sorted(ids), images, nuclei, len(handed_over), there=sum(row.gone_at is None for row in rows)
    )


def forget_files(engine: Engine, file_ids: Sequence[int]) -> int:
    """Delete files with their results, and plates of which nothing is left. Returns how many files there were.

    Raises:
        DatabaseUnavailable: the database can't be reached; what is deleted by then stays deleted.
    """
    there: set[tuple[str, str]] = set()
    gone: set[tuple[str, str]] = set()
    for chunk in batched(file_ids, FILES_PER_STATEMENT):
        with writing(engine) as connection:
            forgotten = delete(File).where(File.id.in_(chunk)).returning(File.field_key, File.gone_at)
            for field_key, gone_at in connection.execute(forgotten).all():
                if field_key is not None:
                    (there if gone_at is None else gone).add(FieldPlace.parse(field_key).folder_and_plate)
    if emptied := gone - there:  # files that are there are found again, and so is their plate
        delete_empty_plates(engine, lambda *plate: plate not in emptied)
    return len(file_ids)


def _count_results(connection: Connection, file_ids: Sequence[int]) -> tuple[int, int]:
    images = nuclei = 0
    for chunk in batched(file_ids, FILES_PER_STATEMENT):
        query = select(func.count(), func.coalesce(func.sum(Image.n_nuclei), 0)).where(
            Image.file_id.in_(chunk)
        )
        some_images, some_nuclei = connection.execute(query).one()
        images, nuclei = images + some_images, nuclei + some_nuclei
    return images, nuclei
