"""Writers of a file: does a process of this machine have it open for writing?

Linux answers through file leases: a read lease is granted only on a file that nobody has open for writing. The lease
is given back at once; the file itself isn't touched.
"""

import errno
import fcntl
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path


def is_being_written(path: Path) -> bool:
    """Say whether the file is open for writing; False where the system can't say.

    Some network drives refuse every lease, as if all files were being written.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return _lease_is_refused(file)
    finally:
        os.close(file)


def _lease_is_refused(file: int) -> bool:
    if sys.platform != "linux":
        return False
    # whoever opens the file for writing while the lease holds has the system tell us so, with a signal
    # that would end this process; 0 stands for SIGIO, so a harmless one is asked for instead
    fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
    try:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    with suppress(OSError):
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
