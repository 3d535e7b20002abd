"""Cells of known phases: how much DNA each of a population has, and what a microscope says of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PHASES = ("sub-G1", "G1", "S", "G2/M", ">4N")

GROWING = (0.03, 0.52, 0.25, 0.18, 0.02)
FAST = (0.02, 0.25, 0.45, 0.26, 0.02)
RESTING = (0.05, 0.75, 0.08, 0.10, 0.02)
MOSTLY_ARRESTED = (0.03, 0.18, 0.10, 0.67, 0.02)
ARRESTED = (0.02, 0.0, 0.0, 0.96, 0.02)
DYING = (0.40, 0.30, 0.15, 0.14, 0.01)
"""Shares of PHASES in populations."""


@dataclass(frozen=True)
class Population:
    """Cells of known phases.

    Attributes:
        phases: (N,) places in PHASES.
        contents: (N,) of DNA, as measured; G1 is about `unit`.
        unit: what G1 has, in the camera's numbers.
    """

    phases: NDArray[np.int64]
    contents: NDArray[np.float64]
    unit: float

    @property
    def shares(self) -> NDArray[np.float64]:
        """(5,) of PHASES."""
        return np.bincount(self.phases, minlength=len(PHASES)) / len(self.phases)


def draw_population(
    nuclei: int,
    shares: tuple[float, ...] = GROWING,
    *,
    cv: float = 0.07,
    unit: float = 1e5,
    seed: int = 0,
) -> Population:
    """Draw cells that copy their DNA evenly through S, and are measured with a relative error of `cv`."""
    rng = np.random.default_rng(seed)
    phases = rng.choice(len(PHASES), nuclei, p=shares)
    of_each = np.stack(
        [
            rng.uniform(0.2, 0.8, nuclei),
            np.ones(nuclei),
            rng.uniform(1, 2, nuclei),
            np.full(nuclei, 2.0),
            rng.choice([3.0, 4.0, 8.0], nuclei, p=[0.1, 0.8, 0.1]),
        ]
    )
    contents = of_each[phases, np.arange(nuclei)] * np.exp(rng.normal(0, cv, nuclei))
    return Population(phases, unit * contents, unit)
