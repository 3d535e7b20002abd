"""Errors that are raised on the ground floor.

    NuqleusError
    ├── RetryableError              the same call may work later
    │   ├── BrokerUnavailable       the queue's server can't be reached
    │   ├── DatabaseUnavailable     the database can't be reached
    │   ├── InboxAway               the watched folder is not there, or is another one
    │   └── NotHealthy              a process that should be at work isn't
    └── PermanentError              the same call won't ever work
        ├── SettingsError           an option or environment variable makes no sense
        ├── SchemaError             the database's tables aren't those of this version
        ├── DatabaseDamaged         the database's file is damaged, or is something else
        ├── MessageError            a message from the queue that isn't one of ours
        ├── LeaseLost               somebody else owns the file now; nothing was written
        └── UnsafePath              a path that would leave the folder it belongs in

What is wrong with an image is told by `model.errors.ImageError`.
"""


class NuqleusError(Exception):
    """Root of this package's errors; its text is meant for the person at the terminal."""


class RetryableError(NuqleusError):
    """The same call may work later."""


class BrokerUnavailable(RetryableError):  # noqa: N818 - reads better at every `except`
    """The queue's server can't be reached."""


class DatabaseUnavailable(RetryableError):  # noqa: N818
    """The database can't be reached."""


class InboxAway(RetryableError):  # noqa: N818
    """The watched folder is not there, or is another one: nothing can be said about its files."""


class NotHealthy(RetryableError):  # noqa: N818
    """A process that should be at work isn't."""


class PermanentError(NuqleusError):
    """The same call won't ever work."""


class SettingsError(PermanentError):
    """An option or environment variable makes no sense."""


class SchemaError(PermanentError):
    """The database's tables aren't those of this version."""


class DatabaseDamaged(PermanentError):  # noqa: N818
    """The database's file is damaged, or is something else."""


class MessageError(PermanentError):
    """A message from the queue that isn't one of ours."""


class LeaseLost(PermanentError):  # noqa: N818
    """Somebody else owns the file now; nothing was written."""


class UnsafePath(PermanentError):  # noqa: N818
    """A path that would leave the folder it belongs in."""
