"""Named plates: plates as people name them, by their name, their folder, or both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, select

from nuqleus.database.engine import reading
from nuqleus.database.plates import plate_path
from nuqleus.database.tables import Plate
from nuqleus.errors import PermanentError
from nuqleus.paths import escape_path

PLATES_LISTED = 20
"""Of those that are known."""


class PlateNameError(PermanentError):
    """No plate has this name, or several have it."""


@dataclass(frozen=True)
class NamedPlate:
    """A plate, as people name it.

    Attributes:
        plate_map: the file in its folder that its annotations came from last, and that file's stamp.
    """

    id: int
    folder: str
    name: str
    plate_map: str | None

    @property
    def path(self) -> str:
        """Its folder and its name; `./name` where the watched folder itself is its folder."""
        return plate_path(self.folder or ".", self.name)


def known_plates(engine: Engine) -> list[NamedPlate]:
    """All plates."""
    columns = (Plate.id, Plate.folder, Plate.name, Plate.plate_map)
    with reading(engine) as connection:
        return [NamedPlate(*row) for row in connection.execute(select(*columns).order_by(Plate.id))]


def find_plate_named(engine: Engine, named: str) -> NamedPlate:
    """The plate of `folder/name`; else the one of this name, or in this folder.

    Raises:
        PlateNameError: there is none, or there are several.
    """
    plates, wanted = known_plates(engine), named.rstrip("/")
    ways: Sequence[Callable[[NamedPlate], Sequence[str]]] = (
        lambda plate: (plate.path, escape_path(plate.path)),
        lambda plate: (plate.name, escape_path(plate.name), plate.folder, escape_path(plate.folder)),
    )
    for names_of in ways:
        found = [plate for plate in plates if wanted in names_of(plate)]
        if len(found) > 1:
            raise PlateNameError(f"several plates are called {named!r}; name one of {_listed(found)}")
        if found:
            return found[0]
    known = _listed(plates[:PLATES_LISTED]) or "none"
    raise PlateNameError(f"there is no plate {named!r}. Known plates: {known}")


def _listed(plates: Sequence[NamedPlate]) -> str:
    return ", ".join(escape_path(plate.path) for plate in plates)
