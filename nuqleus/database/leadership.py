"""Leadership: which scheduler looks after a folder, and which folder a database belongs to.

One row says both. A scheduler leads while it renews its lease; others stand by, and one takes over when the lease runs
out, when the leader resigns, or when its process is known to be gone. One that starts on a host of the leader's name,
but in another container or after a reboot, is that one started again, and takes over too. Two that led at once for a
moment would do no harm: every change of a file's state is conditional. They would only do everything twice.
"""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, literal, select, update

from nuqleus.database.engine import reading, redact_url, writing
from nuqleus.database.tables import SchedulerLease
from nuqleus.database.upserts import insert_missing
from nuqleus.errors import SettingsError
from nuqleus.paths import escape_path
from nuqleus.process_identity import current_identity, is_dead, is_here

SCAN_NOTED_SECONDS = 5.0
"""How often it is noted, at most, that the folder was looked at."""

_THE_ROW = SchedulerLease.id == 1


def _own_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _host(name: str) -> str:
    return name.partition(":")[0]


@dataclass(frozen=True)
class SchedulerIdentity:
    """Identity of a scheduler, under which it leads.

    Attributes:
        name: for people: host and process.
        process_identity: see `nuqleus.process_identity`; unlike all others'.
    """

    name: str = field(default_factory=_own_name)
    process_identity: str = field(default_factory=current_identity)

    @property
    def host(self) -> str:
        """The name of the host, which a container may keep when it is made anew."""
        return _host(self.name)


class Leadership:
    """Leadership among the schedulers of a database, as one of them takes part in it.

    Args:
        engine: the database.
        me: the scheduler.
        lease_seconds: how long the others wait for a leader that fell silent.
        clock: seconds since 1970.

    Attributes:
        leader: the name of the scheduler that led when the lead was last sought, this one's if it did; None before.
    """

    def __init__(
        self,
        engine: Engine,
        me: SchedulerIdentity,
        lease_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.leader: str | None = None
        self._engine = engine
        self._me = me
        self._lease = lease_seconds
        self._clock = clock
        self._sure_until = float("-inf")
        self._has_asked = False
        self._reported: str | None = None
        self._scan_noted = float("-inf")

    def try_acquire(self) -> bool:
        """Take the lead, or keep it; asks the database only when a third of the lease is over.

        Returns:
            Whether this scheduler leads; if not, `leader` does.
        """
        now = self._clock()
        if now < self._sure_until:
            return True
        with writing(self._engine) as connection:
            # the lock makes one of several schedulers wait, and then see the other
            row = connection.execute(select(SchedulerLease.__table__).where(_THE_ROW).with_for_update()).one()
            is_taken = self._is_taken(row, now)
            if not is_taken:
                self._lead(connection, now)
        self._has_asked = True
        if is_taken:
            self.leader = row.leader
            return False
        self.leader, self._sure_until = self._me.name, now + self._lease / 3
        return True

    def report_trouble(self, trouble: str | None) -> None:
        """Note in the database why this scheduler can't do its work, and since when; or that it can (None).

        Asks the database only when there is something new.

        Raises:
            DatabaseUnavailable: the next call makes up for it.
        """
        if trouble == self._reported:
            return
        now = literal(self._clock(), SchedulerLease.failing_since.type)
        since = None if trouble is None else func.coalesce(SchedulerLease.failing_since, now)
        mine = update(SchedulerLease).where(_THE_ROW, SchedulerLease.leader == self._me.name)
        with writing(self._engine) as connection:
            connection.execute(mine.values(failing_since=since, trouble=trouble))
        self._reported = trouble

    def note_scan(self) -> None:
        """Note in the database that the folder was just looked at, unless that was noted a moment ago."""
        now = self._clock()
        if now < self._scan_noted + SCAN_NOTED_SECONDS:
            return
        mine = update(SchedulerLease).where(_THE_ROW, SchedulerLease.leader == self._me.name)
        with writing(self._engine) as connection:
            connection.execute(mine.values(scanned_at=now))
        self._scan_noted = now

    def resign(self) -> None:
        """Let another one take over at once."""
        self._sure_until = float("-inf")
        mine = update(SchedulerLease).where(
            _THE_ROW, SchedulerLease.process_identity == self._me.process_identity
        )
        with writing(self._engine) as connection:
            connection.execute(mine.values(leader=None, process_identity=None, lease_expires_at=None))

    def _is_taken(self, row: Row[Any], now: float) -> bool:
        if row.leader is None or now >= row.lease_expires_at:
            return False
        if row.process_identity == self._me.process_identity or is_dead(row.process_identity):
            return False
        return not self._replaces(row)

    def _replaces(self, row: Row[Any]) -> bool:
        """Say whether the leader is what this scheduler was before it was started again, which it asks once.

        Of two that live, on hosts of one name, the one that started later leads, and the other stands by.
        """
        return (
            not self._has_asked and _host(row.leader) == self._me.host and not is_here(row.process_identity)
        )

    def _lead(self, connection: Connection, now: float) -> None:
        if self.leader != self._me.name:  # the one before may have had troubles of its own
            self._reported = None
            connection.execute(
                update(SchedulerLease).where(_THE_ROW).values(failing_since=None, trouble=None)
            )
        values = {
            "leader": self._me.name,
            "process_identity": self._me.process_identity,
            "lease_expires_at": now + self._lease,
        }
        connection.execute(update(SchedulerLease).where(_THE_ROW).values(values))


def current_leader(engine: Engine, now: float) -> str | None:
    """The name of the scheduler that leads; None if there is none, or if it fell silent.

    Args:
        engine: the database.
        now: seconds since 1970.
    """
    query = select(SchedulerLease.leader).where(_THE_ROW, SchedulerLease.lease_expires_at > now)
    with reading(engine) as connection:
        return connection.scalar(query)


def is_leading(engine: Engine, process_identity: str, now: float) -> bool:
    """Say whether this scheduler leads, and has not fallen silent; containers of one host name may share their names.

    Args:
        engine: the database.
        process_identity: of the scheduler.
        now: seconds since 1970.
    """
    query = select(SchedulerLease.process_identity).where(_THE_ROW, SchedulerLease.lease_expires_at > now)
    with reading(engine) as connection:
        return connection.scalar(query) == process_identity


def current_trouble(engine: Engine) -> tuple[str | None, float | None]:
    """Why the scheduler that leads can't work, and since when, in seconds since 1970; None, None while it can."""
    query = select(SchedulerLease.trouble, SchedulerLease.failing_since).where(_THE_ROW)
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    return (row.trouble, row.failing_since) if row else (None, None)


def bind_folder(engine: Engine, folder: str) -> None:
    """Bind a database to a folder: the first one that asks is the one whose files it holds.

    Args:
        engine: the database.
        folder: the watched folder, absolute.

    Raises:
        SettingsError: they lie in another folder.
    """
    with writing(engine) as connection:
        insert_missing(connection, SchedulerLease, [{"id": 1, "folder": folder}], key="id")
        known = connection.scalars(select(SchedulerLease.folder).where(_THE_ROW)).one()
    if known != folder:
        raise SettingsError(
            f"The database {redact_url(engine.url)} holds the files of {escape_path(known)}, not of "
            f"{escape_path(folder)}. Name a database for each folder (NUQLEUS_STATE_DIR or NUQLEUS_DATABASE_URL); or, "
            f"if the folder was moved, say so: nuqleus db adopt --input {escape_path(folder)}"
        )


def adopt_folder(engine: Engine, folder: str) -> str | None:
    """Note that a database's files lie in this folder from now on. Returns where they lay before."""
    with writing(engine) as connection:
        before = connection.scalar(select(SchedulerLease.folder).where(_THE_ROW))
        insert_missing(connection, SchedulerLease, [{"id": 1, "folder": folder}], key="id")
        connection.execute(update(SchedulerLease).where(_THE_ROW).values(folder=folder))
    return before
