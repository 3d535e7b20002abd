"""Regrouping: files of plates that an earlier version processed one by one become fields, as somebody asks for it."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, and_, bindparam, func, select, update

from nuqleus.database.batches import batched
from nuqleus.database.engine import reading, writing
from nuqleus.database.file_states import FileState
from nuqleus.database.files.conditions import under_paths
from nuqleus.database.files.fields import Placement
from nuqleus.database.files.records import KnownFile
from nuqleus.database.files.updates import FILES_PER_STATEMENT, REQUEUED, update_files
from nuqleus.database.tables import File, SchedulerLease


def _with_results_alone() -> ColumnElement[bool]:
    return and_(File.state.in_([FileState.DONE, FileState.DUPLICATE]), File.field_key.is_(None))


def _processed_alone() -> ColumnElement[bool]:
    return and_(_with_results_alone(), File.gone_at.is_(None))


_PLACE = (
    update(File)
    .where(File.id == bindparam("file_id"))
    .values(field_key=bindparam("key"), field_channel=bindparam("channel"), field_z=bindparam("step"))
)


def processed_alone(engine: Engine, paths: Sequence[str] | None = None) -> list[tuple[int, str]]:
    """Ids and paths of files that have results and are parts of no field.

    Args:
        engine: the database.
        paths: files or folders, relative to the watched folder; None: all of it.
    """
    query = select(File.id, File.path).where(_processed_alone(), under_paths(paths)).order_by(File.id)
    with reading(engine) as connection:
        return [(file_id, path) for file_id, path in connection.execute(query)]


def moved_alone(engine: Engine, files: Sequence[KnownFile]) -> frozenset[int]:
    """Ids of those of these files that seem to be files with results of their own, in a folder that was renamed.

    They have the name, size and time of change of one that was processed one by one and whose path is gone. Which they
    are their content decides, as of all files that moved; parts of a field would be processed beside those results.
    """
    found: set[int] = set()
    for chunk in batched(files, FILES_PER_STATEMENT):
        gone = select(File.path, File.size, File.mtime_ns).where(
            _with_results_alone(),
            File.gone_at.is_not(None),
            File.size.in_({file.stat.size for file in chunk}),
            File.mtime_ns.in_({file.stat.mtime_ns for file in chunk}),
        )
        with reading(engine) as connection:
            known = {_without_folder(*row) for row in connection.execute(gone)}
        found |= {
            file.id
            for file in chunk
            if _without_folder(file.path, file.stat.size, file.stat.mtime_ns) in known
        }
    return frozenset(found)


def _without_folder(path: str, size: int, mtime_ns: int) -> tuple[str, int, int]:
    return path.rpartition("/")[2], size, mtime_ns


def regroup_files(engine: Engine, placements: Sequence[Placement]) -> None:
    """Make processed files parts of fields: they wait, and the scheduler queues the fields.

    A field's first file keeps its results until those of the field replace them.
    """
    for chunk in batched(placements, FILES_PER_STATEMENT):
        with writing(engine) as connection:
            found = set(update_files(connection, [one.id for one in chunk], _processed_alone(), REQUEUED))
            rows = [
                {"file_id": one.id, "key": one.field_key, "channel": one.channel, "step": one.z}
                for one in chunk
                if one.id in found
            ]
            if rows:
                connection.execute(_PLACE, rows)
            left = func.coalesce(SchedulerLease.ungrouped_files, 0) - len(found)
            connection.execute(update(SchedulerLease).values(ungrouped_files=left))


def ungrouped_files(engine: Engine) -> int | None:
    """Number of files that an earlier version processed one by one and that are parts of fields; None: not counted."""
    with reading(engine) as connection:
        count = connection.scalar(select(SchedulerLease.ungrouped_files))
        return count if count is None else max(0, count)


def note_ungrouped_files(engine: Engine, count: int | None) -> None:
    """Note how many there are; None: to be counted when files are put together to fields again."""
    with writing(engine) as connection:
        connection.execute(update(SchedulerLease).values(ungrouped_files=count))
