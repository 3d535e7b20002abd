"""Changes of claimed files: made once, however often they are tried, and by nobody whose lease is lost."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from nuqleus.database.files.conditions import CLAIM_VALID, claim_parameters
from nuqleus.database.files.records import Claim
from nuqleus.database.files.updates import NO_LEASE
from nuqleus.database.files.worker_statements import HAS_ENDED
from nuqleus.database.tables import File


def change_claimed(connection: Connection, claim: Claim, values: dict[str, Any]) -> bool:
    """Change a running file if the claim still holds; or say that an earlier try has changed it already."""
    change = update(File).where(CLAIM_VALID).values(values)
    return bool(connection.execute(change, claim_parameters(claim)).rowcount) or has_since_claim(
        connection, claim, values
    )


def restore_claimed(
    connection: Connection, claim: Claim, condition: ColumnElement[bool], values: dict[str, Any]
) -> bool:
    """Let a running file be what it was before it was queued again; or say that an earlier try has done so."""
    restored = update(File).where(condition, File.previous_state.is_not(None)).values(values)
    if connection.execute(restored, claim_parameters(claim)).rowcount:
        return True
    return claim.sha256 is not None and has_since_claim(
        connection, claim, {"sha256": claim.sha256, **NO_LEASE}, HAS_ENDED
    )


def has_since_claim(
    connection: Connection, claim: Claim, values: dict[str, Any], *also: ColumnElement[bool]
) -> bool:
    """Whether a file has these values since this very claim: who wrote them may not have heard of it.

    A connection may drop after a COMMIT has succeeded, and before it is answered; whoever tries again finds the lease
    gone. Another claim of the same content has another number of attempts.
    """
    stamp = {name: getattr(claim, name) for name in ("size", "mtime_ns", "inode", "ctime_ns")}
    as_claimed = {"attempts": claim.attempt, **stamp}
    of_clocks = {"finished_at", "gone_at", "missed_at"}
    expected = {name: value for name, value in (as_claimed | values).items() if name not in of_clocks}
    return connection.scalar(select(File.id).filter_by(id=claim.file_id, **expected).where(*also)) is not None
