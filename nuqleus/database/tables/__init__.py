"""Tables of the database. Words are those of `docs/architecture.md`; names of measurements are scikit-image's.

Lengths are in pixels, areas in square pixels, angles in radians, times in UTC. A measurement that isn't a number
(the form factor of a single pixel, say) is NULL. What changes here needs a migration beside it.

    base ─┬─ files         paths below the watched folder
          ├─ results       images, masks, nuclei, intensities; the models that found them
          ├─ measurements  the quality of images, textures of nuclei
          ├─ plates        plates, wells, their statistics
          ├─ groups        statistics of the images of a plate or folder
          └─ processes     the scheduler that leads, the workers that live
"""

from nuqleus.database.tables.base import Base
from nuqleus.database.tables.files import FAILED, IGNORED, MISSED, WAITING_MEMBER, File
from nuqleus.database.tables.groups import G1PeakOfGroup, GroupStatistic, ImageGroup
from nuqleus.database.tables.measurements import ImageQuality, Texture
from nuqleus.database.tables.plates import (
    WHOLE,
    Plate,
    PlateChannel,
    PlateWarning,
    Well,
    WellAnnotation,
    WellStatistic,
)
from nuqleus.database.tables.processes import SchedulerLease, Worker
from nuqleus.database.tables.results import (
    GUESSED,
    UNSURE,
    Channel,
    Image,
    Intensity,
    Mask,
    Model,
    Nucleus,
    Overview,
)

__all__ = [
    "FAILED",
    "GUESSED",
    "IGNORED",
    "MISSED",
    "UNSURE",
    "WAITING_MEMBER",
    "WHOLE",
    "Base",
    "Channel",
    "File",
    "G1PeakOfGroup",
    "GroupStatistic",
    "Image",
    "ImageGroup",
    "ImageQuality",
    "Intensity",
    "Mask",
    "Model",
    "Nucleus",
    "Overview",
    "Plate",
    "PlateChannel",
    "PlateWarning",
    "SchedulerLease",
    "Texture",
    "Well",
    "WellAnnotation",
    "WellStatistic",
    "Worker",
]
