"""Fields of a plate in a lab: their files are put there, and what was found in them is looked at."""

from PIL import Image as Picture
from sqlalchemy import select

from nuqleus.database.engine import reading
from nuqleus.database.tables import Image
from scheduler.plates.field_completeness import QUIET_FACTOR
from tests.fake_segmenter import draw_squares
from tests.integration.everyday.conftest import SETTLE, Lab

QUIET = QUIET_FACTOR * SETTLE


def name(channel: int, site: int = 1, well: str = "B02", plate: str = "P") -> str:
    return f"{plate}/P_{well}_s{site}_w{channel}.tif"


def put(lab: Lab, path: str, nuclei: int = 3, value: int = 200, side: int = 8) -> None:
    target = lab.inbox / path
    target.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(draw_squares(nuclei, side=side, value=value)).save(target)


def put_field(lab: Lab, site: int = 1, nuclei: int = 3, channels=(1, 2, 3), **place: str) -> None:
    """A field whose first channel shows the nuclei, and the others all of it."""
    for channel in channels:
        put(lab, name(channel, site, **place), nuclei, value=200 + channel)


def settle(lab: Lab, seconds: float = QUIET) -> None:
    lab.settle()
    lab.tick(seconds)
    lab.work()
    lab.settle()


def images(lab: Lab):
    with reading(lab.engine) as connection:
        return connection.execute(select(Image.__table__).order_by(Image.id)).all()


STATES = {
    name(1, 1): "done",
    name(2, 1): "companion",
    name(3, 1): "companion",
    name(1, 2): "done",
    name(2, 2): "companion",
    name(3, 2): "companion",
}
