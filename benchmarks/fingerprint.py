"""One checksum over all results: `python benchmarks/fingerprint.py FOLDER [--tree DIR]`.

Runs `nuqleus run --once` on a copy of FOLDER into a fresh SQLite database, exports it, and prints the SHA-256 of what
was exported: the rows of the tables, sorted, without seconds and ids; and the labels of every label image. Two trees of
the source with the same checksum give the same masks and the same measurements, bit for bit. `--tree` names the tree
whose code runs, by default this one; both need the packages of this environment.
"""

import csv
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import tifffile

REPOSITORY = Path(__file__).parents[1]

IMPORTED = """
import importlib, sys
for name in sys.argv[1:]:
    print(importlib.import_module(name).__file__)
"""


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--tree", type=click.Path(exists=True, file_okay=False, path_type=Path), default=REPOSITORY)
def main(folder: Path, tree: Path) -> None:
    """Print the checksum of the results of FOLDER."""
    tree = tree.resolve()
    check_imports(tree)
    with tempfile.TemporaryDirectory() as work:
        export = process(folder, tree, Path(work))
        lines = sorted([*table_lines(export), *label_lines(export / "labels")])
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    print(f"{digest}  {len(lines)} rows and label images, by {tree}")


def check_imports(tree: Path) -> None:
    """Make sure that it is the code of this tree that runs: an installed package must not hide it."""
    packages = project(tree)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    command = [sys.executable, "-P", "-c", IMPORTED, *packages]
    imported = subprocess.run(command, env=environment(tree), check=True, capture_output=True, text=True)
    for module in imported.stdout.split():
        print(module, file=sys.stderr)
        if not Path(module).is_relative_to(tree):
            raise click.ClickException(f"{module} would run instead of what is in {tree}")


def process(folder: Path, tree: Path, work: Path) -> Path:
    """Have a copy of a folder processed, and return where its results were exported to."""
    shutil.copytree(folder, work / "inbox")
    database = ("--database", f"sqlite:///{work / 'results.db'}")
    nuqleus(tree, work, "run", "--once", "--input", str(work / "inbox"), *database)
    nuqleus(tree, work, "export", "--output", str(work / "export"), *database)
    return work / "export"


def nuqleus(tree: Path, work: Path, *arguments: str) -> None:
    """Run a command of the tree."""
    module, function = project(tree)["project"]["scripts"]["nuqleus"].split(":")
    start = f"from {module} import {function}; {function}()"
    command, state = [sys.executable, "-P", "-c", start, *arguments], {"NUQLEUS_STATE_DIR": str(work)}
    subprocess.run(command, cwd=work, env=environment(tree) | state, stdout=sys.stderr, check=True)


def environment(tree: Path) -> dict[str, str]:
    """Return the environment in which the tree's packages come first."""
    return os.environ | {"PYTHONPATH": str(tree)}


def project(tree: Path) -> dict[str, Any]:
    """Return what pyproject.toml says."""
    return tomllib.loads((tree / "pyproject.toml").read_text())


def table_lines(export: Path) -> Iterator[str]:
    """Yield a line for each row of the exported tables, by the names of its columns."""
    for table in sorted(export.glob("*.csv")):
        with table.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                kept = {name: value for name, value in row.items() if is_result(name)}
                yield f"{table.name} {sorted(kept.items())}"


def is_result(column: str) -> bool:
    """Whether a column says the same each time."""
    return not (column.startswith("seconds") or column == "id" or column.endswith("_id"))


def label_lines(folder: Path) -> Iterator[str]:
    """Yield a line for each label image: its name, size, dtype and the checksum of its labels."""
    for path in sorted(folder.rglob("*.tif")):
        labels = tifffile.imread(path)
        digest = hashlib.sha256(labels.tobytes()).hexdigest()
        yield f"{path.relative_to(folder)} {labels.shape} {labels.dtype} {digest}"


if __name__ == "__main__":
    main()
