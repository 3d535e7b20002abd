"""Details of a folder: how many of its files are what, and which plates lie in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, func, or_, select

from nuqleus.database.engine import reading
from nuqleus.database.file_states import FileState
from nuqleus.database.tables import File, Plate


@dataclass(frozen=True)
class FolderDetails:
    """What a folder holds, with all folders in it.

    Attributes:
        path: relative to the watched folder.
        counts: number of files by state, of those that are there.
        gone: number of files that are not there any more.
        plates: names of plates, and whose names their files have.
    """

    path: str
    counts: Mapping[FileState, int]
    gone: int
    plates: Sequence[tuple[str, str]]


def get_folder(engine: Engine, paths: Sequence[str]) -> FolderDetails | None:
    """The first of these folders that holds files; None if the database knows none in any of them."""
    return next((found for path in paths if (found := _describe(engine, path))), None)


def _describe(engine: Engine, path: str) -> FolderDetails | None:
    inside = File.path.startswith(f"{path}/", autoescape=True)
    is_gone = File.gone_at.is_not(None)
    counted = select(File.state, is_gone, func.count()).where(inside).group_by(File.state, is_gone)
    plates = select(Plate.name, Plate.convention).where(
        or_(Plate.folder == path, Plate.folder.startswith(f"{path}/", autoescape=True))
    )
    with reading(engine) as connection:
        rows = connection.execute(counted).all()
        if not rows:
            return None
        return FolderDetails(
            path,
            {state: count for state, gone, count in rows if not gone},
            sum(count for _, gone, count in rows if gone),
            [(name, convention) for name, convention in connection.execute(plates.order_by(Plate.id))],
        )
