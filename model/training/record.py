"""What a training is of, kept beside its checkpoints: only the same training goes on from them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from model.errors import WeightsError
from model.training.recipe import Recipe
from model.training.stage_files import holds_training
from model.weights import hash_file

RECORD = "training-record.json"


def keep_record(
    folder: Path, recipe: Recipe, start: Path | None, data: Mapping[str, Any], *, resume: bool
) -> None:
    """Write down what a training is of, or compare it with what was written when the one to resume began.

    Args:
        folder: of the training.
        recipe: what is trained, and how.
        start: weights that it begins with instead of random ones.
        data: describes the images, see `describe_data`.
        resume: whether it goes on from a checkpoint in `folder`, if there is one.

    Raises:
        WeightsError: the checkpoint is of another training, or of nobody knows which.
    """
    record = {
        "recipe": asdict(recipe),
        "from": hash_file(start) if start else None,
        "data": {name: value for name, value in data.items() if name != "name"},  # a folder may be moved
    }
    record = json.loads(json.dumps(record))  # tuples become lists, as in the file
    if not (resume and holds_training(folder)):
        (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n")
        return
    differences = list(_differences(_read(folder), record))
    if differences:
        raise WeightsError(
            f"{folder} holds another training, which can't be resumed as this one: {'; '.join(differences)}. "
            "Give what it began with, or choose another folder by --output."
        )


def _read(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / RECORD).read_text())
        return {"recipe": record["recipe"], "from": record["from"], "data": record["data"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{folder} doesn't say what its training is of ({RECORD} is missing or damaged), so that it can't be "
            "resumed. Choose another folder by --output."
        ) from error


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    fields = list(dict.fromkeys(_recipe_differences(then["recipe"], now["recipe"])))
    if fields:
        yield f"the recipe has another {', '.join(fields)}"
    if then["from"] != now["from"]:
        yield f"it began with {_weights(then['from'])}, not with {_weights(now['from'])}"
    if then["data"] != now["data"]:
        yield "its images or label images were others"


def _recipe_differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Names of what differs, in the first part, then in those that follow."""
    for name in sorted({*then, *now} - {"then"}):
        if then.get(name) != now.get(name):
            yield name
    parts = then.get("then"), now.get("then")
    if all(parts):
        yield from _recipe_differences(*parts)  # type: ignore[arg-type]  # neither is None
    elif any(parts):
        yield "number of parts"


def _weights(sha256: str | None) -> str:
    return f"the weights {sha256[:12]}… (SHA-256)" if sha256 else "random weights"
