"""How often the G1 peak of a population is known, and how wrong the phases are: `python benchmarks/cell_cycle.py`.

Populations of known phases are drawn: how much DNA each cell has, and what a microscope says of it. Prints, for each of
them and each error of the microscope, the share of populations whose peak is found, the largest error of its place,
and the estimated share of each phase less the true one, on average.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import click
import numpy as np
from numpy.typing import NDArray

from nuqleus.database.migrations.group_views import PHASES as ENDS
from nuqleus.g1_peak import find_g1_peak

PHASES = (*ENDS, ">4N")

GROWING = (0.03, 0.52, 0.25, 0.18, 0.02)
FAST = (0.02, 0.25, 0.45, 0.26, 0.02)
RESTING = (0.05, 0.75, 0.08, 0.10, 0.02)
MOSTLY_ARRESTED = (0.03, 0.18, 0.10, 0.67, 0.02)
ARRESTED = (0.02, 0.0, 0.0, 0.96, 0.02)
DYING = (0.40, 0.30, 0.15, 0.14, 0.01)
"""Shares of PHASES in populations."""

POPULATIONS = {
    "growing": GROWING,
    "growing fast": FAST,
    "mostly resting": RESTING,
    "two thirds arrested in G2/M": MOSTLY_ARRESTED,
    "dying": DYING,
    "all arrested in G2/M": ARRESTED,
}


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


def estimate_shares(contents: NDArray[np.float64], g1: float) -> NDArray[np.float64]:
    """(5,) shares of PHASES, by the limits of the view `dna_content`."""
    phases = np.searchsorted(list(ENDS.values()), contents / g1, side="right")
    return np.bincount(phases, minlength=len(PHASES)) / len(contents)


def row_of(name: str, cv: float, nuclei: int, populations: int) -> list[str]:
    """A row of the table."""
    drawn = [draw_population(nuclei, POPULATIONS[name], cv=cv, seed=seed) for seed in range(populations)]
    found = [(one, find_g1_peak(one.contents).position) for one in drawn]
    known = [(one, g1) for one, g1 in found if g1 is not None]
    cells = [name, f"{cv:.0%}", f"{len(known) / populations:.0%}"]
    if not known:
        return [*cells, *["" for _ in range(1 + len(PHASES))]]
    off = max(abs(g1 / one.unit - 1) for one, g1 in known)
    errors = np.mean([estimate_shares(one.contents, g1) - one.shares for one, g1 in known], axis=0)
    return [*cells, f"{off:.1%}", *(f"{100 * error:+.0f}" for error in errors)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


@click.command()
@click.option("--nuclei", default=3000, show_default=True, help="Of each population.")
@click.option("--populations", default=50, show_default=True, help="For each row.")
def main(nuclei: int, populations: int) -> None:
    """Print the table."""
    names = ["population", "CV", "peak known", "off by at most", *PHASES]
    click.echo(_line(names))
    click.echo(_line(["---"] * len(names)))
    for name in POPULATIONS:
        for cv in (0.05, 0.08, 0.11, 0.14):
            click.echo(_line(row_of(name, cv, nuclei, populations)))


if __name__ == "__main__":
    main()
