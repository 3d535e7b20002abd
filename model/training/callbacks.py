"""Training callbacks: who is told how far a training is."""

from collections.abc import Callable
from dataclasses import dataclass

from model.weights.postprocessing import PostprocessingParams


@dataclass(frozen=True)
class Callbacks:
    """What is called while a training goes on; by default, nothing.

    Attributes:
        on_step: with the number of steps done and the last loss.
        on_teacher: before the first step of a stage that learns from a teacher, with the number of images that it has
            looked at and that of all.
        on_trial: with thresholds that were tried after the last step, and their score.
    """

    on_step: Callable[[int, float], None] = lambda _step, _loss: None
    on_teacher: Callable[[int, int], None] = lambda _done, _total: None
    on_trial: Callable[[PostprocessingParams, float], None] = lambda _params, _score: None


NO_CALLBACKS = Callbacks()
