"""The table of files: a row is a path below the watched folder."""

from sqlalchemy import BigInteger, Enum, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from nuqleus.database.column_types import EscapedPath, EscapedText, UtcTimestamp
from nuqleus.database.file_states import FileState
from nuqleus.database.tables.base import NEVER_REUSED, Base, index_where

FAILED, IGNORED = text("state = 'failed'"), text("state = 'ignored'")
MISSED = text("missed_at IS NOT NULL")
WAITING_MEMBER = text("state = 'waiting' AND field_key IS NOT NULL")
"""Conditions of indexes over some rows alone."""


def _state_type(*, checked: bool = False) -> Enum:
    return Enum(
        FileState,
        name="state",
        native_enum=False,
        create_constraint=checked,
        length=16,
        values_callable=lambda states: [state.value for state in states],
    )


class File(Base):
    """A path below the watched folder.

    Attributes:
        path: relative to the watched folder, with `/`; odd names are escaped as `nuqleus.paths` says.
        size: bytes, when it was last looked at.
        mtime_ns: time of change in nanoseconds since 1970, and with `inode` and `ctime_ns` what is compared to see
            whether the file changed; see `nuqleus.file_stat`.
        gone_at: when the path was no longer there; NULL while it is. Results that the file has are kept.
        missed_at: when the file was to be processed again, and its path was not there, so that it is what it was
            before; NULL where it is there again, or is queued again.
        sha256: of the content that the results belong to.
        previous_state: the state that a file had before it was queued again; it goes back to it if there is nothing
            to do after all. NULL where it is queued for the first time, and when it has ended.
        suspected: queued again only because its stamp changed: if the content is still the same, so are the results.
        image_options: how the images were looked at for these results; see `nuqleus.image_options`.
        urgent: whether it went before others, when it was queued last.
        attempts: times that a worker has begun with this content.
        lease_owner: the worker that owns the file while it is running.
        lease_expires_at: from then on the worker counts as dead.
        error_kind: short name of the reason of a failure.
        error: the reason in words.
        ignored_by: why the file is no image, in a word of `docs/formats.md`, while its state is `ignored`.
        duplicate_of: the file of the same content whose results count for this one too; if that one is deleted, its
            first duplicate inherits them (`nuqleus.database.migrations.deletion_triggers`).
        field_key: the field of a plate that the file is a part of, as `nuqleus.fields.FieldPlace` writes it; NULL for a
            file on its own.
        field_channel: which channel of the field it holds, as its microscope calls it (`w1`, `C01`, `UV - DAPI`).
        field_z: which step of the field's z-stack, 0-based; NULL where the name says none.
        companion_of: the lead of the field, which has its results, while the state is `companion`. A companion that
            changed is `waiting`, and refers to the lead all the same.
    """

    __tablename__ = "files"
    __table_args__ = (
        UniqueConstraint("path"),
        # the sweep, and counts by state
        Index(None, "state", "queued_at"),
        Index(None, "state", "lease_expires_at"),
        # lists of files, a page at a time
        Index(None, "state", "id"),
        Index(None, "started_at"),
        Index(None, "finished_at"),
        # the search for an original, and for the duplicates of a file
        Index(None, "sha256"),
        Index(None, "duplicate_of"),
        # the files of a field
        Index(None, "field_key"),
        Index(None, "companion_of"),
        # the fields that wait, however many other files do
        index_where("ix_files_waiting_field_key", WAITING_MEMBER, "field_key"),
        # the last failures, and their number by kind
        index_where("ix_files_failed_finished_at", FAILED, "finished_at", "id"),
        index_where("ix_files_failed_error_kind", FAILED, "error_kind"),
        # the number of files that were to be processed again and are not there
        index_where("ix_files_missed_at", MISSED, "missed_at"),
        # the number of ignored files by reason
        index_where("ix_files_ignored_by", IGNORED, "ignored_by"),
        NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(EscapedPath())
    size: Mapped[int] = mapped_column(BigInteger())
    mtime_ns: Mapped[int] = mapped_column(BigInteger())
    inode: Mapped[int | None] = mapped_column(BigInteger())
    ctime_ns: Mapped[int | None] = mapped_column(BigInteger())
    gone_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    missed_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    sha256: Mapped[str | None]
    image_options: Mapped[str | None] = mapped_column(EscapedText())
    state: Mapped[FileState] = mapped_column(_state_type(checked=True))
    previous_state: Mapped[FileState | None] = mapped_column(_state_type())
    suspected: Mapped[bool] = mapped_column(default=False, server_default=false())
    urgent: Mapped[bool] = mapped_column(default=False, server_default=false())
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_expires_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    error_kind: Mapped[str | None]
    error: Mapped[str | None] = mapped_column(EscapedText())
    ignored_by: Mapped[str | None]
    duplicate_of: Mapped[int | None] = mapped_column(ForeignKey("files.id"))
    field_key: Mapped[str | None] = mapped_column(EscapedPath())
    field_channel: Mapped[str | None] = mapped_column(EscapedPath())
    field_z: Mapped[int | None]
    companion_of: Mapped[int | None] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"))
    discovered_at: Mapped[float] = mapped_column(UtcTimestamp())
    queued_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    started_at: Mapped[float | None] = mapped_column(UtcTimestamp())
    finished_at: Mapped[float | None] = mapped_column(UtcTimestamp())
