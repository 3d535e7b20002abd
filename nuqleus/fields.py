"""Fields: the place of a field in its plate, and the text that stands for it in `files.field_key`."""

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
        part: what else tells fields of a well apart: Yokogawa's timeline and action, or the name of a sample; without `/`.
    """

    plate_folder: str
    plate: str
    well: str | None
    site: int
    t: int
    part: str = ""

    def __str__(self) -> str:
        """`folder/plate/A01/s1/t0/part`; only the folder may hold further slashes."""
        folder = f"{self.plate_folder}/" if self.plate_folder else ""
        return f"{folder}{self.plate}/{self.well or '-'}/s{self.site}/t{self.t}/{self.part}"

    @classmethod
    def parse(cls, key: str) -> "FieldPlace":
        """The place that a text from `str` stands for."""
        *folders, plate, well, site, t, part = key.split("/")
        named = None if well == "-" else well
        return cls("/".join(folders), plate, named, int(site.removeprefix("s")), int(t.removeprefix("t")), part)
