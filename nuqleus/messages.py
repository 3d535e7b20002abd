"""Messages of the queue: ids of files, never the work itself.

The database is the truth: a message that is lost, doubled or late does no harm.
"""

from dataclasses import asdict, dataclass

from nuqleus.errors import MessageError


@dataclass(frozen=True)
class Job:
    """Job: the files to process, one or a chunk of small ones that a worker takes together.

    Attributes:
        file_ids: `files.id` of each.
        urgent: goes before jobs that aren't.
    """

    file_ids: tuple[int, ...]
    urgent: bool = False

    def to_message(self) -> dict[str, object]:
        """Return what is sent, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_message(cls, message: object) -> "Job":
        """Read what was received.

        Raises:
            MessageError: the message is not one of ours.
        """
        match message:
            case {"file_ids": [*ids], "urgent": bool(urgent), **others} if ids and not others:
                if all(type(file_id) is int and file_id > 0 for file_id in ids):
                    return cls(tuple(ids), urgent)
        raise MessageError(
            f'A job is {{"file_ids": [positive whole numbers], "urgent": true or false}}. Received: {message!r}'
        )
