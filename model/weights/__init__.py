"""Trained weights and their model card: files, read without loading what builds a network."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from model.errors import WeightsError
from model.hashing import hash_file
from model.network.config import UNetConfig
from model.weights.calibration import Calibration
from model.weights.diameters import KnownDiameters
from model.weights.postprocessing import PostprocessingParams

SHIPPED = Path(__file__).parent / "nuclei.weights.h5"
"""The weights that come with the package."""

FORMER_KEY = "rules"
"""What `postprocessing` is called in cards of earlier versions, and in databases that keep them."""


@dataclass(frozen=True)
class ModelCard:
    """Model card: what made a network; stored beside its weights, and in the database with every result.

    Attributes:
        name: of the network.
        sha256: of the weights file.
        config: `network` (UNetConfig), `postprocessing` (PostprocessingParams) and, where they are known, `diameters`
            (KnownDiameters) and `calibration` (Calibration), as JSON values.
        metrics: measured on validation images.
        code_version: version of this package that trained it.
        training: data, recipe, seconds, machine.
    """

    name: str
    sha256: str
    config: Mapping[str, Any]
    metrics: Mapping[str, Any]
    code_version: str
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def network(self) -> UNetConfig:
        """What to build."""
        return UNetConfig.from_json(self.config["network"])

    @property
    def postprocessing(self) -> PostprocessingParams:
        """How to separate nuclei in what it predicts."""
        if FORMER_KEY in self.config:
            return PostprocessingParams(**self.config[FORMER_KEY])
        return PostprocessingParams(**self.config["postprocessing"])

    @property
    def diameters(self) -> KnownDiameters | None:
        """How large the nuclei are that it knows; without it, images are seen at their own size."""
        diameters = self.config.get("diameters")
        return KnownDiameters(**diameters) if diameters else None

    @property
    def calibration(self) -> Calibration | None:
        """How sure it is of nuclei; without it, nobody knows."""
        calibration = self.config.get("calibration")
        return Calibration(tuple(calibration["weights"]), calibration["offset"]) if calibration else None


def card_path(weights: Path) -> Path:
    """Return where the card of a weights file lies: `x.weights.h5` → `x.json`."""
    return weights.with_name(weights.name.removesuffix(".weights.h5") + ".json")


def write_card(card: ModelCard, weights: Path) -> None:
    """Write a card beside its weights."""
    card_path(weights).write_text(json.dumps(asdict(card), indent=2) + "\n")


def read_card(weights: Path) -> ModelCard:
    """Read the card of a weights file, and check that it is that file's.

    Raises:
        WeightsError: the weights or the card are missing, or do not belong together.
    """
    try:
        card = ModelCard(**json.loads(card_path(weights).read_text()))
        actual = hash_file(weights)
    except (OSError, ValueError, TypeError) as error:
        raise WeightsError(
            f"{weights} can't be used: {error}. Weights need their card beside them."
        ) from error
    if card.sha256 != actual:
        raise WeightsError(
            f"{weights} is not what its card {card_path(weights).name} describes: its SHA-256 is {actual}, "
            f"the card says {card.sha256}. Was one of them replaced, or not fetched whole?"
        )
    return card
