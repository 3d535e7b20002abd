"""File errors of the operating system as sentences: what was refused, to whom, and whose the file is."""

import errno
import os
import sys
from pathlib import Path

IMAGE_PREFIX = "/opt/nuqleus"
"""Where Python's packages lie in our container image, whose user is chosen by RUN_AS."""

_OF_PLACES = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT),
    *(errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG),
)
"""Errors of a folder or file that was named, for whoever named it to put right."""


def is_about_a_place(error: OSError) -> bool:
    """Say whether somebody who chooses folders, or sets permissions, can put an error right."""
    return error.filename is not None and error.errno in _OF_PLACES


def describe_file_error(error: OSError) -> str:
    """A line about an error of a file or folder: `results/a.csv: Permission denied. nuqleus runs as user 1000 …`."""
    line = f"{os.fsdecode(error.filename)}: {error.strerror}."
    if error.errno not in (errno.EACCES, errno.EPERM):
        return line
    return f"{line} nuqleus runs as {describe_user()}; {describe_owner(Path(os.fsdecode(error.filename)))}"


def describe_user() -> str:
    """The user that this process runs as, and what names it in a container."""
    user = f"user {os.geteuid()}, group {os.getegid()}"
    return f"{user} (RUN_AS, in .env)" if sys.prefix == IMAGE_PREFIX else user


def describe_owner(path: Path) -> str:
    """Whose a file is, or the folder that it would be in."""
    for place in (path, *path.parents):
        try:
            found = place.stat()
        except OSError:
            continue
        return f"{place} belongs to user {found.st_uid}, group {found.st_gid}."
    return f"whose {path} is can't be seen."
