"""Which scheduler looks after a folder, and which folder a database belongs to.

One row says both. A scheduler leads while it renews its lease; others stand by, and one takes over when the lease runs
out, when the leader resigns, or when its process is known to be gone. Two that led at once for a moment would do no
harm: every change of a file's state is conditional. They would only do everything twice.
"""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, select, update

from nuqleus.database.engine import reading, shown, writing
from nuqleus.database.tables import Watch
from nuqleus.database.upserts import insert_missing
from nuqleus.errors import SettingsError
from nuqleus.paths import to_row
from nuqleus.process_identity import is_gone, own_name

_THE_ROW = Watch.id == 1


def _own_title() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True)
class Candidate:
    """A scheduler that would lead.

    Attributes:
        title: for people, and unlike all others'.
        process: its name for `nuqleus.process_identity`.
    """

    title: str = field(default_factory=_own_title)
    process: str = field(default_factory=own_name)


class Leadership:
    """One scheduler's part in it.

    Args:
        engine: the database.
        me: the scheduler.
        lease_seconds: how long the others wait for a leader that fell silent.
        clock: seconds since 1970.
    """

    def __init__(
        self, engine: Engine, me: Candidate, lease_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._me = me
        self._lease = lease_seconds
        self._clock = clock
        self._sure_until = float("-inf")

    def other(self) -> str | None:
        """Take the lead, or keep it; asks the database only when a third of the lease is over.

        Returns:
            The title of the scheduler that leads instead; None if this one does.
        """
        now = self._clock()
        if now < self._sure_until:
            return None
        with writing(self._engine) as connection:
            # the lock makes one of several candidates wait, and then see the other
            row = connection.execute(select(Watch.__table__).where(_THE_ROW).with_for_update()).one()
            taken = row.leader not in (None, self._me.title) and now < row.lease_expires_at
            if taken and not is_gone(row.process):
                return str(row.leader)
            self._lead(connection, now)
        self._sure_until = now + self._lease / 3
        return None

    def resign(self) -> None:
        """Let another one take over at once."""
        self._sure_until = float("-inf")
        mine = update(Watch).where(_THE_ROW, Watch.leader == self._me.title)
        with writing(self._engine) as connection:
            connection.execute(mine.values(leader=None, process=None, lease_expires_at=None))

    def _lead(self, connection: Connection, now: float) -> None:
        values = {
            "leader": self._me.title,
            "process": self._me.process,
            "lease_expires_at": now + self._lease,
        }
        connection.execute(update(Watch).where(_THE_ROW).values(values))


def leading(engine: Engine, now: float) -> str | None:
    """The title of the scheduler that leads; None if there is none, or if it fell silent.

    Args:
        engine: the database.
        now: seconds since 1970.
    """
    query = select(Watch.leader).where(_THE_ROW, Watch.lease_expires_at > now)
    with reading(engine) as connection:
        return connection.scalar(query)


def require_folder(engine: Engine, folder: str) -> None:
    """Make sure that a database's files are those of a folder; the first one that asks is the one.

    Args:
        engine: the database.
        folder: the watched folder, absolute.

    Raises:
        SettingsError: they lie in another folder.
    """
    with writing(engine) as connection:
        insert_missing(connection, Watch, [{"id": 1, "folder": folder}], key="id")
        known = connection.scalars(select(Watch.folder).where(_THE_ROW)).one()
    if known != folder:
        raise SettingsError(
            f"The database {shown(engine.url)} holds the files of {to_row(known)}, not of {to_row(folder)}. Name a "
            "database for each folder (NUQLEUS_STATE_DIR or NUQLEUS_DATABASE_URL); or, if the folder was moved, say "
            f"so: nuqleus db adopt --input {to_row(folder)}"
        )


def adopt_folder(engine: Engine, folder: str) -> str | None:
    """Note that a database's files lie in this folder from now on. Returns where they lay before."""
    with writing(engine) as connection:
        before = connection.scalar(select(Watch.folder).where(_THE_ROW))
        insert_missing(connection, Watch, [{"id": 1, "folder": folder}], key="id")
        connection.execute(update(Watch).where(_THE_ROW).values(folder=folder))
    return before
