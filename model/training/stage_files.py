"""Where a training leaves its log and its checkpoints."""

from dataclasses import dataclass
from pathlib import Path

LOG = "log.csv"

CHECKPOINT = "part-{}.checkpoint.weights.h5"


@dataclass(frozen=True)
class Place:
    """Where a part of a training leaves things.

    Attributes:
        folder: of the whole training.
        number: of the part, from 1.
        before: steps of the parts before it.
    """

    folder: Path
    number: int
    before: int

    @property
    def checkpoint(self) -> Path:
        """Weights, optimizer and running means, to go on from."""
        return self.folder / CHECKPOINT.format(self.number)

    @property
    def weights(self) -> Path:
        """What the next part begins with."""
        return self.folder / f"part-{self.number}.weights.h5"


def holds_training(folder: Path) -> bool:
    """Whether a training has got as far as its first checkpoint there."""
    return (folder / LOG).exists() or any(folder.glob(CHECKPOINT.format("*")))
