"""Outdated wells: those whose statistics are of other images than those that are there."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, or_, select, true

from nuqleus.database.tables import Image, Well


def outdated_wells(connection: Connection, wells: Sequence[int] | None = None) -> list[int]:
    """Wells, by id, that have other images than those that their statistics are of; of all, or of some."""
    placed: ColumnElement[bool] = Image.well_id.is_not(None)
    chosen: ColumnElement[bool] = true()
    if wells is not None:  # looked up in an index, as a server would read all images for a join
        placed, chosen = Image.well_id.in_(wells), Well.id.in_(wells)
    of_wells = (
        select(Image.well_id, func.count().label("images"), func.max(Image.id).label("newest"))
        .where(placed)
        .group_by(Image.well_id)
        .subquery()
    )
    differs = or_(
        func.coalesce(of_wells.c.images, 0) != func.coalesce(Well.statistics_images, 0),
        of_wells.c.newest.is_distinct_from(Well.statistics_newest),
    )
    query = select(Well.id).outerjoin(of_wells, of_wells.c.well_id == Well.id).where(chosen)
    return list(connection.scalars(query.where(differs).order_by(Well.id)))
