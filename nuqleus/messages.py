"""What travels through the queue: the number of a row, never the work itself.

The database is the truth and the queue only a doorbell: a message that is lost, doubled or late does no harm.
"""

from dataclasses import asdict, dataclass

from nuqleus.errors import MessageError


@dataclass(frozen=True)
class Job:
    """One file to process.

    Attributes:
        file_id: `files.id`.
    """

    file_id: int

    def to_message(self) -> dict[str, int]:
        """Return what is sent, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_message(cls, message: object) -> "Job":
        """Read what was received.

        Raises:
            MessageError: the message is not one of ours.
        """
        if not isinstance(message, dict) or set(message) != {"file_id"}:
            raise MessageError(f'A job is {{"file_id": number}}. Received: {message!r}')
        file_id = message["file_id"]
        if type(file_id) is not int or file_id < 1:
            raise MessageError(f"A job's file_id is a positive whole number. Received: {file_id!r}")
        return cls(file_id)
