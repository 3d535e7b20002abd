"""Training record: what a training is of, kept beside its checkpoints; only the same training goes on from them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from model.errors import WeightsError
from model.hashing import hash_file
from model.training.recipe import Recipe

RECORD = "training-record.json"

Record = Mapping[str, Any]
"""`stages` of the recipe, SHA-256 of the weights that it began `from` and description of the `data`, as JSON values."""


def make_record(recipe: Recipe, initial_weights: Path | None, data: Mapping[str, Any]) -> Record:
    """Return the record of a training.

    Args:
        recipe: what is trained, and how.
        initial_weights: weights that it begins with instead of random ones.
        data: describes the images, see `model.training.split.describe_data`.
    """
    record = {
        **asdict(recipe),
        "from": hash_file(initial_weights) if initial_weights else None,
        "data": {name: value for name, value in data.items() if name != "name"},  # a folder may be moved
    }
    return json.loads(json.dumps(record))  # tuples become lists, as in the file


def write_record(record: Record, folder: Path) -> None:
    """Write a training's record into its folder."""
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n")


def check_record(record: Record, folder: Path) -> None:
    """Compare the record of the training to resume with that of the one in the folder.

    Raises:
        WeightsError: its checkpoint is of another training, or of nobody knows which.
    """
    differences = list(_differences(_read(folder), record))
    if differences:
        raise WeightsError(
            f"{folder} holds another training, which can't be resumed as this one: {'; '.join(differences)}. "
            "Give what it began with, or choose another folder by --output."
        )


def _read(folder: Path) -> Record:
    try:
        record = json.loads((folder / RECORD).read_text())
        if "recipe" in record:
            raise WeightsError(
                f"The training in {folder} was begun by an earlier version of nuqleus, which called the parts of a "
                "recipe otherwise: finish it with that version, or begin anew in another folder (--output)."
            )
        return {name: record[name] for name in ("stages", "from", "data")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{folder} doesn't say what its training is of ({RECORD} is missing or damaged), so that it can't be "
            "resumed. Choose another folder by --output."
        ) from error


def _differences(begun: Record, now: Record) -> Iterator[str]:
    fields = list(dict.fromkeys(_stage_differences(begun["stages"], now["stages"])))
    if fields:
        yield f"the recipe has another {', '.join(fields)}"
    if begun["from"] != now["from"]:
        yield f"it began with {_weights(begun['from'])}, not with {_weights(now['from'])}"
    if begun["data"] != now["data"]:
        yield "its images or label images were others"


def _stage_differences(begun: list[dict[str, Any]], now: list[dict[str, Any]]) -> Iterator[str]:
    """Names of what differs, in the first stage, then in those that follow."""
    for one, other in zip(begun, now, strict=False):
        yield from (name for name in sorted({*one, *other}) if one.get(name) != other.get(name))
    if len(begun) != len(now):
        yield "number of stages"


def _weights(sha256: str | None) -> str:
    return f"the weights {sha256[:12]}… (SHA-256)" if sha256 else "random weights"
