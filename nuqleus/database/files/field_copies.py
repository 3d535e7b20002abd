"""Field copies: files on their own that are called copies of files of fields, and hold the same."""

from sqlalchemy import Engine, select, update

from nuqleus.database.engine import reading, writing
from nuqleus.database.files.conditions import CLAIM_VALID, claim_parameters
from nuqleus.database.files.records import Claim, Companion
from nuqleus.database.files.result_transfer import drop_or_transfer, having_results
from nuqleus.database.files.updates import ignored
from nuqleus.database.tables import File

COPY = "copy"
"""`ignored_by` of such a file."""


class FieldCopies:
    """Copies of files of fields, as workers find them.

    Args:
        engine: the database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find_original(self, path: str) -> Companion | None:
        """The file of a field at a path; None if none is there."""
        stamp = (File.size, File.mtime_ns, File.inode, File.ctime_ns)
        place = (File.field_channel.label("channel"), File.field_z.label("z"))
        query = select(File.id.label("file_id"), File.path, *stamp, *place).where(
            File.path == path, File.field_key.is_not(None), File.gone_at.is_(None)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
        return Companion(**row) if row else None

    def ignore(self, claim: Claim) -> bool:
        """`running` → `ignored`: what a field shows already. False if the lease is lost: nothing was written."""
        with writing(self._engine) as connection:
            change = update(File).where(CLAIM_VALID).values(ignored(COPY))
            changed = bool(connection.execute(change, claim_parameters(claim)).rowcount)
            for file_id in having_results(connection, [claim.file_id]) if changed else ():
                drop_or_transfer(connection, file_id)
            return changed
