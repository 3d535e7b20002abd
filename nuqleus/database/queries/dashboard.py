"""Dashboard: everything that the page's first view shows, asked for at once."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Engine, cast, func, select

from nuqleus.database.engine import reading
from nuqleus.database.queries.status import RATE_WINDOW_SECONDS, Status, ended_lately, get_status
from nuqleus.database.queries.status_details import StatusDetails, get_details
from nuqleus.database.tables import File, Image, SchedulerLease


@dataclass(frozen=True)
class Throughput:
    """What was measured of late, in a minute."""

    images: float
    megapixels: float
    nuclei: float


@dataclass(frozen=True)
class WatchedFolder:
    """The folder that a scheduler looks after.

    Attributes:
        folder: absolute, as the scheduler sees it.
        lease_expires_at: until when its scheduler leads, in seconds since 1970; None if nobody does.
        failing_since: since when the scheduler can't do its work; None while it can.
        trouble: why, in words.
        scanned_at: when it was looked at last, in seconds since 1970, to a few seconds; None before the first time.
    """

    folder: str
    lease_expires_at: float | None
    failing_since: float | None
    trouble: str | None
    scanned_at: float | None


@dataclass(frozen=True)
class Dashboard:
    """Everything that the first view shows; `watched` is None before the first scheduler has started."""

    status: Status
    details: StatusDetails
    throughput: Throughput | None
    watched: WatchedFolder | None


def get_dashboard(engine: Engine, now: float, *, alive_within: float) -> Dashboard:
    """Ask the database; `now` and `alive_within` are those of `get_status`."""
    return Dashboard(
        get_status(engine, now, alive_within=alive_within, failures=5),
        get_details(engine, now),
        _throughput(engine, now),
        _watched_folder(engine),
    )


def _throughput(engine: Engine, now: float) -> Throughput | None:
    """Of the files that ended within the window, since the first of them was begun; None if none did."""
    ended = ended_lately(now)
    pixels = func.sum(cast(Image.height, BigInteger) * Image.width)
    sums: tuple[Any, ...] = (func.count(), pixels, func.sum(Image.n_nuclei))
    with reading(engine) as connection:
        began = connection.scalar(select(func.min(File.started_at)).where(ended))
        images, all_pixels, nuclei = connection.execute(
            select(*sums).join(File, File.id == Image.file_id).where(ended)
        ).one()
    if began is None or not images:
        return None
    minutes = min(RATE_WINDOW_SECONDS, max(1.0, now - began)) / 60
    return Throughput(images / minutes, float(all_pixels) / 1e6 / minutes, float(nuclei) / minutes)


def _watched_folder(engine: Engine) -> WatchedFolder | None:
    lease = SchedulerLease
    columns = (lease.folder, lease.lease_expires_at, lease.failing_since, lease.trouble, lease.scanned_at)
    with reading(engine) as connection:
        row = connection.execute(select(*columns).where(lease.id == 1)).one_or_none()
    return WatchedFolder(*row) if row else None
