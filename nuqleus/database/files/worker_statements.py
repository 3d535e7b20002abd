"""Statements of a worker: put together once, when this is imported, as it goes through them for every file."""

from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from nuqleus.database.file_states import PENDING_STATES, FileState
from nuqleus.database.files.conditions import CLAIM_VALID
from nuqleus.database.files.updates import ended
from nuqleus.database.tables import File, Image

_CLAIMED: tuple[Any, ...] = (
    File.id.label("file_id"),
    File.path,
    File.size,
    File.mtime_ns,
    File.inode,
    File.ctime_ns,
    File.field_channel.label("channel"),
    File.field_z.label("z"),
)
"""What a worker must know of each file that it is to read."""


def _claiming(which: ColumnElement[bool]) -> ReturningUpdate[*tuple[Any, ...]]:
    return (
        update(File)
        .where(which, File.state == FileState.QUEUED)
        .values(
            state=FileState.RUNNING,
            attempts=File.attempts + 1,
            lease_owner=bindparam("owner"),
            lease_expires_at=bindparam("until"),
            started_at=bindparam("now"),
        )
        .returning(
            *_CLAIMED,
            File.attempts.label("attempt"),
            File.sha256,
            File.suspected,
            File.field_key,
        )
    )


CLAIM = _claiming(File.id == bindparam("file_id"))
CLAIM_FRESH = _claiming(and_(File.id.in_(bindparam("ids", expanding=True)), File.attempts == 0))
COMPANIONS = (
    select(File.companion_of, *_CLAIMED)
    .where(File.companion_of.in_(bindparam("leads", expanding=True)), File.gone_at.is_(None))
    .where(File.state == FileState.COMPANION)
    .order_by(File.id)
)
SET_SHA256 = update(File).where(File.id == bindparam("member_id")).values(sha256=bindparam("content"))
LOCK = (
    select(File.id).where(File.id.in_(bindparam("ids", expanding=True))).order_by(File.id).with_for_update()
)
IS_MOVED = and_(File.gone_at.is_not(None), File.state.in_([FileState.DONE, FileState.DUPLICATE]))
MOVED = (
    select(File.sha256, File.image_options)
    .where(File.sha256.in_(bindparam("contents", expanding=True)), IS_MOVED)
    .distinct()
)
HAS_ENDED = File.state.not_in(PENDING_STATES)
RENEW = update(File).where(CLAIM_VALID).values(lease_expires_at=bindparam("until"))
COMPLETE = (
    update(File)
    .where(CLAIM_VALID)
    .values(
        **ended(FileState.DONE, bindparam("now")),
        duplicate_of=None,
        sha256=bindparam("content"),
        image_options=bindparam("options"),
    )
)
ORIGINALS = (
    select(File.sha256, File.image_options, func.min(File.id))
    .where(File.sha256.in_(bindparam("contents", expanding=True)), File.state == FileState.DONE)
    .where(File.gone_at.is_(None))
    .where(exists().where(Image.file_id == File.id, Image.model_id == bindparam("model_id")))
    .group_by(File.sha256, File.image_options)
)
