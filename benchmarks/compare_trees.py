"""Two source trees side by side: `python benchmarks/compare_trees.py OLD NEW pipeline|throughput FOLDER [--rounds 5]`.

OLD and NEW are checkouts. Each runs its own benchmark on the files of FOLDER, in processes of its own, in alternation;
who begins changes each round. `pipeline` compares seconds a stage, `throughput` rates; what follows `--` goes to the
trees' `benchmarks/throughput.py`. Both run on this interpreter and its libraries.

A figure is **slower** if the new median is beyond all rounds of the old tree (its spread) and by more than 3 %.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track
from rich.table import Table

TOLERANCE = 0.03
"""Share by which a median may differ."""

Figures = Mapping[str, float]
"""Seconds or rates, by name."""

RUN_PIPELINE = """
import json, sys
from pathlib import Path
from benchmarks.pipeline import STAGES, time_stages
from model.weights import SHIPPED
seconds = time_stages(Path(sys.argv[1]), SHIPPED).seconds
Path(sys.argv[2]).write_text(json.dumps({**seconds, "all stages": sum(seconds[stage] for stage in STAGES)}))
"""

CHECK_TREE = """
import sys, model
from pathlib import Path
sys.exit(not Path(model.__file__).is_relative_to(Path(sys.argv[1]).resolve()))
"""


@dataclass(frozen=True)
class Comparison:
    """A figure of both trees, a value a round.

    Attributes:
        old, new: of each round.
        higher_is_better: of rates; lower is better of seconds.
    """

    old: Sequence[float]
    new: Sequence[float]
    higher_is_better: bool

    @property
    def ratios(self) -> list[float]:
        """The new tree's figure over the old one's, round by round."""
        return [new / old for old, new in zip(self.old, self.new, strict=True)]

    @property
    def is_slower(self) -> bool:
        """Whether the new median is beyond the old tree's spread, and the tolerance."""
        median, reference = statistics.median(self.new), statistics.median(self.old)
        if self.higher_is_better:
            return median < min(self.old) and median < (1 - TOLERANCE) * reference
        return median > max(self.old) and median > (1 + TOLERANCE) * reference


def alternate(
    run: Callable[[Path], Figures], old: Path, new: Path, rounds: int
) -> tuple[list[Figures], list[Figures]]:
    """Run a benchmark in both trees, `rounds` times each; who begins changes each round."""
    figures: dict[Path, list[Figures]] = {old: [], new: []}
    for number in track(range(rounds), "Rounds", console=Console(stderr=True)):
        for tree in (old, new) if number % 2 == 0 else (new, old):
            figures[tree].append(run(tree))
    return figures[old], figures[new]


def compare(
    old: Sequence[Figures], new: Sequence[Figures], *, higher_is_better: bool
) -> dict[str, Comparison]:
    """Pair the figures that both trees have, by name."""
    return {
        name: Comparison([one[name] for one in old], [one[name] for one in new], higher_is_better)
        for name in old[0]
        if name in new[0]
    }


def run_pipeline(tree: Path, folder: Path) -> Figures:
    """Time the stages of a tree's pipeline once: seconds."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        run_python(tree, "-c", RUN_PIPELINE, str(folder), file.name)
        return json.loads(Path(file.name).read_text())


def run_throughput(tree: Path, folder: Path, arguments: Sequence[str]) -> Figures:
    """Measure a tree's throughput in one round: images or megapixels a second."""
    script = str(tree / "benchmarks" / "throughput.py")
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        run_python(tree, script, str(folder), "--rounds", "1", "--json", file.name, *arguments)
        return {name: rate for name, (rate,) in json.loads(Path(file.name).read_text()).items()}


def run_python(tree: Path, *arguments: str) -> None:
    """Run Python with the modules of a tree before all others.

    Raises:
        click.ClickException: it failed; with the end of what it said.
    """
    done = subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise click.ClickException(f"{tree}: {(done.stdout + done.stderr)[-2000:]}")


def print_table(comparisons: Mapping[str, Comparison], unit: str) -> None:
    """Print a row a figure: medians and spreads of both trees and of their ratio."""
    table = Table(title=unit, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("", "old tree", "new tree", "new / old", ""):
        table.add_column(column, no_wrap=True)
    for name, one in comparisons.items():
        table.add_row(
            name, spread(one.old), spread(one.new), spread(one.ratios), "slower" if one.is_slower else ""
        )
    Console().print(table)


def spread(values: Sequence[float]) -> str:
    """Median, least and most."""
    return f"{statistics.median(values):.3g} ({min(values):.3g}–{max(values):.3g})"


TREE = click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path)


@click.command()
@click.argument("old", type=TREE)
@click.argument("new", type=TREE)
@click.argument("benchmark", type=click.Choice(["pipeline", "throughput"]))
@click.argument("folder", type=TREE)
@click.argument("arguments", nargs=-1)
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
def main(old: Path, new: Path, benchmark: str, folder: Path, arguments: tuple[str, ...], rounds: int) -> None:
    """Run a benchmark of two source trees in alternation; status 1 if the new one is slower in anything."""
    for tree in (old, new):
        run_python(tree, "-c", CHECK_TREE, str(tree))
    rates = benchmark == "throughput"
    run: Callable[[Path], Figures] = (
        (lambda tree: run_throughput(tree, folder, arguments))
        if rates
        else (lambda tree: run_pipeline(tree, folder))
    )
    comparisons = compare(*alternate(run, old, new, rounds), higher_is_better=rates)
    print_table(
        comparisons,
        "Mpixel or images a second: median (least to most)" if rates else "Seconds: median (least to most)",
    )
    sys.exit(any(one.is_slower for one in comparisons.values()))


if __name__ == "__main__":
    main()
