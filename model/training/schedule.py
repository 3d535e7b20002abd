"""How the learning rate goes over a training."""

from typing import Any

import keras
import numpy as np
from keras import ops

from model.training.recipe import Recipe


class WarmHoldFall(keras.optimizers.schedules.LearningRateSchedule):
    """Linear warm-up, a plateau, then half a cosine down to zero.

    The plateau does not depend on where training ends, so a run can be lengthened after the fact.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._rate, self._warmup, self._steps = recipe.rate, max(recipe.warmup, 1), recipe.steps
        self._fall = recipe.hold * recipe.steps

    def __call__(self, step: Any) -> Any:  # noqa: D102 - Keras names it
        step = ops.cast(step, "float32")
        fallen = (step - self._fall) / max(self._steps - self._fall, 1.0)
        share = 0.5 * (1.0 + ops.cos(np.pi * ops.clip(fallen, 0.0, 1.0)))
        return self._rate * ops.minimum(1.0, (step + 1.0) / self._warmup) * share

    def get_config(self) -> dict[str, Any]:
        """Keras asks for it; a training is rebuilt from its recipe instead."""
        return {}
