"""Files of a training: where each stage leaves its log entries, checkpoints and weights."""

from dataclasses import dataclass
from pathlib import Path

LOG = "log.csv"

CHECKPOINT = "stage-{}.checkpoint.weights.h5"


@dataclass(frozen=True)
class StageFiles:
    """Where a stage of a training leaves things.

    Attributes:
        folder: of the whole training.
        number: of the stage, from 1.
        steps_before: steps of the stages before it.
    """

    folder: Path
    number: int
    steps_before: int

    @property
    def checkpoint(self) -> Path:
        """Weights, optimizer and moving averages, to go on from."""
        return self.folder / CHECKPOINT.format(self.number)

    @property
    def weights(self) -> Path:
        """What the next stage begins with."""
        return self.folder / f"stage-{self.number}.weights.h5"


def holds_training(folder: Path) -> bool:
    """Whether a training has got as far as its first checkpoint there."""
    return (folder / LOG).exists() or any(folder.glob(CHECKPOINT.format("*")))
