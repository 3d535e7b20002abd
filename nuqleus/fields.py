"""Fields: their places in plates, the text that stands for one in `files.field_key`, and the files that they are in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldPlace:
    """Where a field lies.

    Attributes:
        plate_folder: relative to the watched folder, with `/`; empty for the watched folder itself.
        plate: the plate's name, without `/`.
        well: `A01`; None where the names of files say none.
        site: the field's number within the well, as its files are called.
        t: time point, 0-based.
        part: what else tells fields of a well apart: Yokogawa's timeline and action, or a sample's name.
    """

    plate_folder: str
    plate: str
    well: str | None
    site: int
    t: int
    part: str = ""

    @property
    def folder_and_plate(self) -> tuple[str, str]:
        """What tells plates apart."""
        return self.plate_folder, self.plate

    def __str__(self) -> str:
        """`folder/plate/A01/s1/t0/part`; only the folder may hold further slashes."""
        folder = f"{self.plate_folder}/" if self.plate_folder else ""
        return f"{folder}{self.plate}/{self.well or '-'}/s{self.site}/t{self.t}/{self.part}"

    @classmethod
    def parse(cls, key: str) -> "FieldPlace":
        """The place that a text from `str` stands for."""
        *folders, plate, well, site, t, part = key.split("/")
        named = None if well == "-" else well
        return cls(
            "/".join(folders), plate, named, int(site.removeprefix("s")), int(t.removeprefix("t")), part
        )


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
