"""Plate warnings: what the scheduler found odd about names and plate maps, kept for `nuqleus status`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select

from nuqleus.database.engine import reading, writing
from nuqleus.database.tables import PlateWarning


@dataclass(frozen=True, order=True)
class KnownWarning:
    """Something that people should know of a plate.

    Attributes:
        kind: a word: `folder`, `copies`, `pattern`, `plate-map`.
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
    """Those about one of these files or folders, or about what lies in them."""
    return [
        warning
        for warning in plate_warnings(engine)
        if any(warning.path == path or warning.path.startswith(f"{path}/") for path in paths)
    ]


def replace_plate_warnings(engine: Engine, warnings: Collection[KnownWarning]) -> None:
    """Put these in the place of those that there are."""
    rows = [{"kind": one.kind, "path": one.path, "message": one.message} for one in sorted(warnings)]
    with writing(engine) as connection:
        connection.execute(delete(PlateWarning))
        if rows:
            connection.execute(insert(PlateWarning), rows)
