"""Search for nuclei: those whose values lie within limits, a sheet at a time."""

import time
from collections.abc import Callable, Sequence
from itertools import accumulate

from sqlalchemy import Connection, Engine, func, select, true

from nuqleus.database.engine import reading
from nuqleus.database.queries.counted_images import is_counted
from nuqleus.database.queries.plotted_values import Limits, NucleusFilter, nuclei_query
from nuqleus.database.queries.searching import ROWS_PER_STATEMENT, SEARCH_SECONDS
from nuqleus.database.tables import File, Image, Nucleus

PAGE_SIZE = 60
"""Nuclei on a sheet of cut-outs."""

IMAGES_PER_STATEMENT = 300

NUCLEI_PER_STATEMENT = 20_000
"""Nuclei that are searched for a sheet between two glances at the clock."""


def find_nuclei(
    engine: Engine,
    nucleus_filter: NucleusFilter,
    limits: Sequence[Limits],
    after: tuple[int, int] = (0, 0),
    clock: Callable[[], float] = time.monotonic,
) -> tuple[list[tuple[int, int]], tuple[int, int] | None]:
    """Find nuclei whose values lie within limits, in order of image and label, until the sheet is full or time is up.

    Args:
        engine: the database.
        nucleus_filter: which nuclei.
        limits: of their values.
        after: the last that was found before.
        clock: seconds from any origin.

    Returns:
        Image and label of each; and after which to go on, None if there are no more.
    """
    found: list[tuple[int, int]] = []
    image, end = after[0] - 1, clock() + SEARCH_SECONDS
    with reading(engine) as connection:
        while True:
            batch, onward = _next_images(connection, nucleus_filter, image)
            found += _within(connection, batch, nucleus_filter, limits, after, PAGE_SIZE - len(found))
            if len(found) >= PAGE_SIZE:
                return found, found[-1]
            if onward is None:
                return found, None
            if clock() >= end:
                return found, (onward + 1, 0)
            image = onward


def _next_images(
    connection: Connection, nucleus_filter: NucleusFilter, after: int
) -> tuple[list[int], int | None]:
    """The next images with nuclei, of those that a statement may look at, and after which to go on; None at the end.

    These few are chosen first: a server that chose by path, or which planes count, would read all files first.
    """
    some = select(Image.id, Image.n_nuclei, File.path).join(File, File.id == Image.file_id)
    some = some.where(Image.id > after, *nucleus_filter.indexed())
    near = some.order_by(Image.id).limit(ROWS_PER_STATEMENT).subquery()
    last, looked_at = connection.execute(select(func.max(near.c.id), func.count(near.c.id))).one()
    if last is None:
        return [], None
    wanted = near.c.n_nuclei > 0, is_counted(near.c.id), nucleus_filter.searched(near.c.path)
    query = select(near.c.id, near.c.n_nuclei).where(*wanted)
    rows = connection.execute(query.order_by(near.c.id).limit(IMAGES_PER_STATEMENT)).all()
    nuclei = accumulate(number for _, number in rows)
    few = [
        image
        for place, ((image, _), number) in enumerate(zip(rows, nuclei, strict=True))
        if number <= NUCLEI_PER_STATEMENT or not place
    ]
    is_all = len(few) == len(rows) < IMAGES_PER_STATEMENT
    if is_all:
        return few, None if looked_at < ROWS_PER_STATEMENT else last
    return few, few[-1]


def _within(
    connection: Connection,
    images: list[int],
    nucleus_filter: NucleusFilter,
    limits: Sequence[Limits],
    after: tuple[int, int],
    most: int,
) -> list[tuple[int, int]]:
    if not images:
        return []
    query, values = nuclei_query(images, [limit.axis for limit in limits], nucleus_filter)
    nuclei = Nucleus.__table__.c
    for limit, value in zip(limits, values, strict=True):
        query = query.where(
            value.is_not(None),
            value >= limit.low if limit.low is not None else true(),
            value < limit.high if limit.high is not None else true(),
        )
    query = query.where((nuclei.image_id > after[0]) | (nuclei.label > after[1]))
    rows = connection.execute(query.order_by(nuclei.image_id, nuclei.label).limit(most))
    return [(image, label) for image, label in rows]
