"""Architecture of a U-Net, as data; read without loading Keras."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

FORMER_NAMES = {"roots": "sqrt_channels", "canvas": "resize_to"}
"""Keys in cards of earlier versions, and in databases that keep them → what they are called now."""


@dataclass(frozen=True)
class UNetConfig:
    """Architecture of a U-Net: everything that its weights depend on.

    Attributes:
        widths: channels of each level, from the finest to the coarsest.
        stride: pixels of input per pixel of the finest level (1 or 2).
        outputs: names of the output maps, in order; each is one channel of logits.
        sqrt_channels: the stem sees square roots of the intensities beside them, in which dim nuclei next to very
            bright ones still stand out from the ground.
        residual: residual blocks with batch norm and added skips, or the plain pairs of convolutions and
            concatenated skips of the 2015 paper.
        norms: batch norms, as in training; without them convolutions have the biases that `fold_norms` gives them.
        frozen: the batch norms of an earlier training are part of their convolutions (`freeze_norms`), which takes a
            third of the time out of each step of training.
        zoom: how large the network sees its input, as numerator and denominator: at half the resolution of (4, 3),
            small nuclei are still shapes. Logits come back at the size of the input.
        resize_to: side of the square that whole images are resized to before the network sees them, as the first
            notebooks did; None leaves them as they are.
    """

    widths: tuple[int, ...] = (24, 48, 96, 128, 160)
    stride: int = 2
    outputs: tuple[str, ...] = ("foreground", "contact", "distance")
    sqrt_channels: bool = True
    residual: bool = True
    norms: bool = True
    frozen: bool = False
    zoom: tuple[int, int] = (1, 1)
    resize_to: int | None = None

    @property
    def multiple(self) -> int:
        """Height and width of an input must be multiples of this many pixels."""
        larger, smaller = self.zoom
        return math.lcm(self.stride * 2 ** (len(self.widths) - 1), larger) * smaller // larger

    def unzoomed(self, side: int) -> int:
        """Side in pixels of the image that the network sees as `side` pixels."""
        larger, smaller = self.zoom
        return side * smaller // larger

    def to_json(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "UNetConfig":
        """Build the record from what `to_json` returned, of this version or an earlier one."""
        present: dict[str, Any] = {FORMER_NAMES.get(name, name): value for name, value in values.items()}
        for name in {"widths", "outputs", "zoom"} & present.keys():
            present[name] = tuple(present[name])
        return cls(**present)
