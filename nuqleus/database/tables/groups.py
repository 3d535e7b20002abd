"""Tables of image groups: the images of a plate, or of a folder, that are compared with each other.

The rows are the scheduler's, made anew in the background; the views `quality` and `dna_content` join them.
"""

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nuqleus.database.column_types import UtcTimestamp
from nuqleus.database.tables.base import Base


class ImageGroup(Base):
    """The images of a plate, or those of a folder that are on none, of which statistics were made.

    Attributes:
        key: as the view `grouped_images` gives it.
        as_of: when the statistics were made.
        images: how many images they are of; NULL, as the next two, until it is counted which of them stand out.
        image_ids_sum: of these; with their number, it tells whether they are still the same.
        standing_out: how many of them stand out.
    """

    __tablename__ = "image_groups"

    key: Mapped[str] = mapped_column(primary_key=True)
    as_of: Mapped[float] = mapped_column(UtcTimestamp())
    images: Mapped[int | None]
    image_ids_sum: Mapped[int | None] = mapped_column(BigInteger())
    standing_out: Mapped[int | None]


class GroupStatistic(Base):
    """How a measurement of a group's images, or of a channel of them, is distributed.

    Attributes:
        channel: that it is of; `WHOLE` for measurements of the image.
        name: of the measurement.
        images: how many have a value.
        median: of these.
        mad: their median absolute deviation from the median.
    """

    __tablename__ = "group_statistics"
    __table_args__ = ({"sqlite_with_rowid": False},)

    group_key: Mapped[str] = mapped_column(ForeignKey(ImageGroup.key, ondelete="CASCADE"), primary_key=True)
    channel: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    images: Mapped[int]
    median: Mapped[float]
    mad: Mapped[float]


class G1PeakOfGroup(Base):
    """The G1 peak of a group's nuclei at a time point, in their nuclear channel; see `nuqleus.g1_peak.G1Peak`."""

    __tablename__ = "g1_peaks"
    __table_args__ = ({"sqlite_with_rowid": False},)

    group_key: Mapped[str] = mapped_column(ForeignKey(ImageGroup.key, ondelete="CASCADE"), primary_key=True)
    t: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[int] = mapped_column(primary_key=True)
    nuclei: Mapped[int]
    position: Mapped[float | None]
    cv: Mapped[float | None]
    unknown_because: Mapped[str | None]
