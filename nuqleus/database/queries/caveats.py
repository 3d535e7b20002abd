"""Caveats: what people must know about results before they trust them."""

from dataclasses import dataclass

from sqlalchemy import Engine, TextClause, func, select

from nuqleus.database.engine import reading
from nuqleus.database.queries.counted_images import counted_images
from nuqleus.database.tables import GUESSED, IGNORED, MISSED, UNSURE, File, Image, ImageGroup

UNKNOWN = "not known"
"""Why a pixel size is missing in images from before the database said why."""


@dataclass(frozen=True)
class DoubtfulFiles:
    """Files whose results somebody should look at: how many, and one of them."""

    files: int
    example: str | None


@dataclass(frozen=True)
class StandingOut:
    """Images that stand out from their plate or folder, and how many were compared."""

    images: int
    of: int


def standing_out(engine: Engine) -> StandingOut:
    """Count the images that stand out, as of when each plate and folder was looked at last."""
    query = select(func.sum(ImageGroup.standing_out), func.sum(ImageGroup.images))
    with reading(engine) as connection:
        images, of = connection.execute(query.where(ImageGroup.standing_out.is_not(None))).one()
    return StandingOut(int(images or 0), int(of or 0))


def guessed_channels(engine: Engine) -> DoubtfulFiles:
    """Count the files in which nothing spoke of nuclei, so that the first channel was taken."""
    return _files_with(engine, GUESSED)


def unsure_images(engine: Engine) -> DoubtfulFiles:
    """Count the files with an image of which the network was less sure than not."""
    return _files_with(engine, UNSURE)


def _files_with(engine: Engine, condition: TextClause) -> DoubtfulFiles:
    query = select(func.count(Image.file_id.distinct()), func.min(Image.file_id)).where(condition)
    with reading(engine) as connection:
        files, first = connection.execute(query).one()
        return DoubtfulFiles(files, connection.scalar(select(File.path).where(File.id == first)))


def ignored_by_kind(engine: Engine) -> dict[str, int]:
    """Number of ignored files by the word that says why, the most frequent first."""
    number = func.count()
    query = select(File.ignored_by, number).where(IGNORED).group_by(File.ignored_by)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(number.desc(), File.ignored_by))
        return {str(kind): count for kind, count in rows}


def missed_files(engine: Engine) -> int:
    """Number of files that were to be processed again, are not there, and so are what they were before."""
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(File).where(MISSED)) or 0


def nuclei_without_um(engine: Engine) -> dict[str, int]:
    """Number of counted nuclei in images without a pixel size, by the reason; looks at every image."""
    counted = counted_images.c
    why, nuclei = func.coalesce(counted.pixel_size_from, UNKNOWN), func.sum(counted.n_nuclei)
    query = select(why, nuclei).where(counted.pixel_size_um.is_(None)).group_by(why).having(nuclei > 0)
    with reading(engine) as connection:
        return {
            str(reason): count for reason, count in connection.execute(query.order_by(nuclei.desc(), why))
        }
