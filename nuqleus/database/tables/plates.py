"""Tables of plates: their channels and wells, what is in the wells, and statistics of what was found there.

The rows are the scheduler's: no worker writes one that another may write too.
"""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from nuqleus.database.column_types import EscapedPath, EscapedText, UtcTimestamp
from nuqleus.database.tables.base import NEVER_REUSED, Base

WHOLE = -1
"""Stands for a channel in statistics of shapes, which belong to none."""


class Plate(Base):
    """A plate: a folder's files of one name.

    Attributes:
        folder: relative to the watched folder, with `/`; empty for the watched folder itself.
        convention: whose names its files have; see `scheduler.plates`.
        rows: of the smallest usual plate that has all of its wells, or as its sidecar says; NULL for one without wells.
        pixel_size_um: as its sidecar says.
        plate_map: the file that its annotations came from, and that file's stamp.
        moved_to: the plate that its fields are moving to, as its folder was renamed; see
            `nuqleus.database.plate_moves`.
    """

    __tablename__ = "plates"
    __table_args__ = (UniqueConstraint("folder", "name"), NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(EscapedPath())
    folder: Mapped[str] = mapped_column(EscapedPath())
    convention: Mapped[str]
    rows: Mapped[int | None]
    cols: Mapped[int | None]
    pixel_size_um: Mapped[float | None]
    plate_map: Mapped[str | None] = mapped_column(EscapedText())
    moved_to: Mapped[int | None]


class PlateChannel(Base):
    """A channel of a plate.

    Attributes:
        key: what the convention calls it: `w1`, `C01`, `ch1`, `UV - DAPI`.
        channel: its place among the plate's channels, from 0; one that turns up late comes last.
        name: of a dye or filter, from the sidecar or the key; the key if nobody names it.
        wavelength: of the excitation, in nm.
    """

    __tablename__ = "plate_channels"
    __table_args__ = ({"sqlite_with_rowid": False},)

    plate_id: Mapped[int] = mapped_column(ForeignKey(Plate.id, ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(EscapedPath(), primary_key=True)
    channel: Mapped[int]
    name: Mapped[str] = mapped_column(EscapedText())
    wavelength: Mapped[float | None]


class Well(Base):
    """A well of a plate; rows and columns count from 0, so that `A01` is (0, 0).

    Attributes:
        statistics_at: when its statistics were made; NULL: not yet.
        statistics_images: how many images they are of.
        statistics_newest: the newest of these, by id.
    """

    __tablename__ = "wells"
    __table_args__ = (UniqueConstraint("plate_id", "name"), NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    plate_id: Mapped[int] = mapped_column(ForeignKey(Plate.id, ondelete="CASCADE"))
    name: Mapped[str]
    row: Mapped[int]
    col: Mapped[int]
    statistics_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    statistics_images: Mapped[int | None]
    statistics_newest: Mapped[int | None]


class WellStatistic(Base):
    """A statistic of a well at a time point and z: `fields`, `nuclei`, `mean_area`, `median_intensity_mean`.

    Attributes:
        channel: that it is of; `WHOLE` for those of no channel.
    """

    __tablename__ = "well_statistics"
    __table_args__ = ({"sqlite_with_rowid": False},)

    well_id: Mapped[int] = mapped_column(ForeignKey(Well.id, ondelete="CASCADE"), primary_key=True)
    t: Mapped[int] = mapped_column(primary_key=True)
    z: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float | None]


class WellAnnotation(Base):
    """What is in a well, as a plate map says: compound, dose, control and so on."""

    __tablename__ = "well_annotations"
    __table_args__ = ({"sqlite_with_rowid": False},)

    well_id: Mapped[int] = mapped_column(ForeignKey(Well.id, ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(EscapedText(), primary_key=True)
    value: Mapped[str] = mapped_column(EscapedText())


class PlateWarning(Base):
    """Something that people should know of the names of a plate's files, or of its plate map.

    Attributes:
        kind: a word: `folder`, `copies`, `pattern`, `actions`, `plate-map`, `ome-set`.
        path: the folder or file that it is about, relative to the watched folder.
        message: what is wrong, and what to do.
    """

    __tablename__ = "plate_warnings"
    __table_args__ = ({"sqlite_with_rowid": False},)

    kind: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(EscapedPath(), primary_key=True)
    message: Mapped[str] = mapped_column(EscapedText())
