"""Field copy: is a file on its own a copy, byte for byte, of a file that a field of a plate has?"""

from contextlib import suppress

from nuqleus.copy_names import original_of
from nuqleus.database.files.field_copies import FieldCopies
from nuqleus.database.files.records import Claim
from worker.inbox_reader import FileChanged, InboxReader, ensure_unchanged, hash_content


def find_copied(claim: Claim, sha256: str, inbox: InboxReader, copies: FieldCopies) -> str | None:
    """The path of the file that a claimed one is a copy of; None if it is an image of its own.

    Args:
        claim: of a file.
        sha256: of its content.
        inbox: where both lie.
        copies: knows the files of fields.
    """
    called = original_of(claim.path) if claim.field_key is None else None
    original = copies.find_original(called) if called else None
    if original is None or original.size != claim.size:
        return None
    with suppress(FileChanged, FileNotFoundError):  # nobody knows what it was
        path = inbox.locate(original)
        with ensure_unchanged(path, original):
            if hash_content(path) == sha256:
                return original.path
    return None
