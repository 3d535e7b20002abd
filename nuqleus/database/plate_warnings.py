"""Plate warnings: what the scheduler found odd about names and plate maps, kept for `nuqleus status`."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Engine, delete, insert, select

from nuqleus.database.engine import reading, writing
from nuqleus.database.tables import PlateWarning
from nuqleus.database.upserts import insert_missing

OME_SET = "ome-set"
"""Kind of the warnings that workers write: only they look into files."""


@dataclass(frozen=True, order=True)
class KnownWarning:
    """Something that people should know of a plate.

    Attributes:
        kind: a word: `folder`, `copies`, `pattern`, `actions`, `plate-map`, `ome-set`.
        path: the folder or file that it is about, relative to the watched folder.
        message: what is wrong, and what to do.
    """

    kind: str
    path: str
    message: str


def plate_warnings(engine: Engine) -> list[KnownWarning]:
    """All of them, by kind and path."""
    query = select(PlateWarning.kind, PlateWarning.path, PlateWarning.message)
    with reading(engine) as connection:
        return sorted(KnownWarning(*row) for row in connection.execute(query))


def plate_warnings_of(engine: Engine, paths: Sequence[str]) -> list[KnownWarning]:
    """Those about one of these files or folders, about what lies in them, or about the folder itself of a file."""
    folders = [path.rpartition("/")[0] for path in paths]
    return [
        warning
        for warning in plate_warnings(engine)
        if warning.path in [*paths, *folders] or warning.path.startswith(tuple(f"{path}/" for path in paths))
    ]


def replace_plate_warnings(engine: Engine, warnings: Collection[KnownWarning]) -> None:
    """Put these in the place of those that there are, but for what workers found."""
    with writing(engine) as connection:
        connection.execute(delete(PlateWarning).where(PlateWarning.kind != OME_SET))
        if warnings:
            connection.execute(insert(PlateWarning), [asdict(one) for one in sorted(warnings)])


def add_ome_set(engine: Engine, path: str, message: str) -> None:
    """Note a file of a set of OME-TIFFs, unless one of the same folder is noted."""
    row = {"kind": OME_SET, "path": path, "message": message}
    folder = path.rpartition("/")[0]
    with writing(engine) as connection:
        noted = connection.scalars(select(PlateWarning.path).where(PlateWarning.kind == OME_SET))
        if all(other.rpartition("/")[0] != folder for other in noted):
            insert_missing(connection, PlateWarning, [row], key=("kind", "path"))


def forget_ome_sets(engine: Engine, paths: Collection[str]) -> None:
    """Delete what was noted of such files."""
    noted = delete(PlateWarning).where(PlateWarning.kind == OME_SET, PlateWarning.path.in_(paths))
    with writing(engine) as connection:
        connection.execute(noted)
