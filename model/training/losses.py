"""Training losses."""

from collections.abc import Callable, Sequence
from typing import Any

from keras import ops

CROSS_ENTROPY_WEIGHTS = {"foreground": 1.0, "contact": 1.0, "distance": 2.0}
"""Share of each map's cross-entropy in the loss."""

DICE_WEIGHTS = {"foreground": 0.5, "contact": 0.5, "distance": 0.0}
"""Share of each map's Dice loss (Milletari et al. 2016), which rare maps need."""


def maps_loss(outputs: Sequence[str], contact_weight: float) -> Callable[[Any, Any], Any]:
    """Return the loss for these output maps: (truth, logits), both (B, H, W, len(outputs)) → scalar.

    Cross-entropy has an extra weight of `contact_weight` where two nuclei are close to each other: those pixels decide
    whether they become one.
    """
    contact = list(outputs).index("contact") if "contact" in outputs else None
    cross_entropy_weights = ops.convert_to_tensor(
        [CROSS_ENTROPY_WEIGHTS[name] for name in outputs], "float32"
    )
    dice_weights = ops.convert_to_tensor([DICE_WEIGHTS[name] for name in outputs], "float32")

    def loss(truth: Any, logits: Any) -> Any:
        logits = ops.cast(logits, "float32")
        cross_entropy = _cross_entropy(truth, logits)
        if contact is not None:
            cross_entropy = cross_entropy * (1.0 + contact_weight * truth[..., contact : contact + 1])
        pixels = ops.sum(ops.mean(cross_entropy, axis=(0, 1, 2)) * cross_entropy_weights)
        return pixels + ops.sum(_dice_loss(truth, ops.sigmoid(logits)) * dice_weights)

    return loss


def binary_cross_entropy(truth: Any, logits: Any) -> Any:
    """Plain mean cross-entropy of all maps: the notebook's loss."""
    return ops.mean(_cross_entropy(truth, ops.cast(logits, "float32")))


def _cross_entropy(truth: Any, logits: Any) -> Any:
    """Binary cross-entropy per element, in the form that neither overflows nor loses digits."""
    return ops.maximum(logits, 0.0) - logits * truth + ops.log1p(ops.exp(-ops.abs(logits)))


def _dice_loss(truth: Any, predicted: Any) -> Any:
    axes = (0, 1, 2)
    shared = 2.0 * ops.sum(truth * predicted, axis=axes) + 1.0
    return 1.0 - shared / (ops.sum(truth, axis=axes) + ops.sum(predicted, axis=axes) + 1.0)
