"""Tables of measurements that not every nucleus has: the quality of images, and textures where somebody wants them.

What the columns mean is in `docs/measurements.md`; those of every nucleus are in `results.py`.
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from nuqleus.database.column_types import Float4
from nuqleus.database.tables.base import Base


class ImageQuality(Base):
    """One channel of an image: its background, and how far it can be trusted. Channels count from 0.

    Images of versions before 0018 have no row, nor have channels that a field lacks.
    """

    __tablename__ = "image_quality"
    __table_args__ = ({"sqlite_with_rowid": False},)

    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), primary_key=True)
    channel: Mapped[int] = mapped_column(primary_key=True)
    background: Mapped[Float4]
    power_log_log_slope: Mapped[Float4]
    laplacian_variance: Mapped[Float4]
    fraction_at_max: Mapped[Float4]
    fraction_at_min: Mapped[Float4]
    illumination_gradient: Mapped[Float4]


class Texture(Base):
    """Texture and granularity of one nucleus in one channel: of images that were measured with NUQLEUS_MEASURE."""

    __tablename__ = "textures"
    __table_args__ = ({"sqlite_with_rowid": False},)

    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"), primary_key=True)
    label: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[int] = mapped_column(primary_key=True)
    texture_angular_second_moment: Mapped[Float4]
    texture_contrast: Mapped[Float4]
    texture_correlation: Mapped[Float4]
    texture_variance: Mapped[Float4]
    texture_inverse_difference_moment: Mapped[Float4]
    texture_sum_average: Mapped[Float4]
    texture_sum_variance: Mapped[Float4]
    texture_sum_entropy: Mapped[Float4]
    texture_entropy: Mapped[Float4]
    texture_difference_variance: Mapped[Float4]
    texture_difference_entropy: Mapped[Float4]
    texture_info_meas_1: Mapped[Float4]
    texture_info_meas_2: Mapped[Float4]
    granularity_1: Mapped[Float4]
    granularity_2: Mapped[Float4]
    granularity_3: Mapped[Float4]
    granularity_4: Mapped[Float4]
    granularity_5: Mapped[Float4]
    granularity_6: Mapped[Float4]
    granularity_7: Mapped[Float4]
    granularity_8: Mapped[Float4]
    granularity_9: Mapped[Float4]
    granularity_10: Mapped[Float4]
    granularity_11: Mapped[Float4]
    granularity_12: Mapped[Float4]
    granularity_13: Mapped[Float4]
    granularity_14: Mapped[Float4]
    granularity_15: Mapped[Float4]
    granularity_16: Mapped[Float4]
