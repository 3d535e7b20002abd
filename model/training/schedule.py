"""Learning rate schedule: linear warm-up, plateau, cosine decay."""

from typing import Any

import keras
import numpy as np
from keras import ops

from model.training.recipe import Stage


class WarmupHoldCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, a plateau, then half a cosine down to zero.

    The plateau does not depend on where training ends, so a run can be lengthened after the fact.
    """

    def __init__(self, stage: Stage) -> None:
        self._highest, self._steps = stage.learning_rate, stage.steps
        self._warmup = max(stage.warmup_steps, 1)
        self._decay_from = stage.hold_fraction * stage.steps

    def __call__(self, step: Any) -> Any:  # noqa: D102 - Keras names it
        step = ops.cast(step, "float32")
        decayed = (step - self._decay_from) / max(self._steps - self._decay_from, 1.0)
        share = 0.5 * (1.0 + ops.cos(np.pi * ops.clip(decayed, 0.0, 1.0)))
        return self._highest * ops.minimum(1.0, (step + 1.0) / self._warmup) * share

    def get_config(self) -> dict[str, Any]:
        """Keras asks for it; a training is rebuilt from its recipe instead."""
        return {}
