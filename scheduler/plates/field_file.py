"""A file's place in a plate."""

from dataclasses import dataclass

from nuqleus.fields import FieldPlace


@dataclass(frozen=True)
class FieldFile:
    """A file of a field, as its path says.

    Attributes:
        convention: whose names these are: `ImageXpress`, `Opera Phenix`, `CellVoyager`, `InCell` or `pattern`.
        place: the field.
        z: step of a z-stack, 0-based; None where the name says none, and for projections.
        channel: the convention's own key: `w1`, `C01`, `ch1`, `UV - DAPI`.
        is_projection: the microscope's own projection or best focus of the z-steps beside it.
    """

    convention: str
    place: FieldPlace
    z: int | None
    channel: str
    is_projection: bool = False

    @property
    def field_key(self) -> str:
        """A stable text that all files of a field share."""
        return str(self.place)
