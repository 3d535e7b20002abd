"""Tables of processes: the scheduler that leads, and the workers that live."""

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from nuqleus.database.column_types import EscapedPath, EscapedText, UtcTimestamp
from nuqleus.database.tables.base import NEVER_REUSED, Base


class SchedulerLease(Base):
    """The one row that says which folder the files lie in, and which scheduler looks after it.

    Attributes:
        id: 1.
        folder: absolute, as the scheduler sees it.
        device: number of the device that the folder lay on when files were last seen in it.
        leader: the scheduler's name, for people.
        process_identity: the same for programs; see `nuqleus.process_identity`.
        lease_expires_at: from then on another scheduler may take over.
        failing_since: since when the leader can't do its work; NULL while it can.
        trouble: why, in words.
        ungrouped_files: how many files of plates an earlier version processed one by one; NULL until they are counted.
        scanned_at: when the folder was looked at last, to a few seconds.
    """

    __tablename__ = "scheduler_lease"

    id: Mapped[int] = mapped_column(primary_key=True)
    folder: Mapped[str] = mapped_column(EscapedPath())
    device: Mapped[int | None] = mapped_column(BigInteger())
    leader: Mapped[str | None]
    process_identity: Mapped[str | None]
    lease_expires_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    failing_since: Mapped[float | None] = mapped_column(UtcTimestamp())
    trouble: Mapped[str | None] = mapped_column(EscapedText())
    ungrouped_files: Mapped[int | None]
    scanned_at: Mapped[float | None] = mapped_column(UtcTimestamp())


class Worker(Base):
    """A live worker; gone when it stops, and silent (`seen_at`) when it was killed.

    Attributes:
        process_identity: see `nuqleus.process_identity`.
    """

    __tablename__ = "workers"
    __table_args__ = (Index(None, "seen_at"), NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    process_identity: Mapped[str | None]
    device: Mapped[str]
    started_at: Mapped[float] = mapped_column(UtcTimestamp())
    seen_at: Mapped[float] = mapped_column(UtcTimestamp())
    files_done: Mapped[int] = mapped_column(default=0)
