"""The loss: what the network is punished for, and where most."""

import numpy as np
from keras import ops

from model.training.losses import maps_loss

OUTPUTS = ("foreground", "contact", "distance")


def loss_of(wrong: tuple[int, int], contact_weight: float) -> float:
    """The loss of maps that are right but for the foreground in one pixel; nuclei touch in the left half."""
    truth = np.ones((1, 8, 8, 3), np.float32)
    truth[:, :, 4:, 1] = 0
    logits = np.where(truth > 0.5, 4.0, -4.0).astype(np.float32)
    logits[0, *wrong, 0] = -4.0
    return float(ops.convert_to_numpy(maps_loss(OUTPUTS, contact_weight)(truth, logits)))


def test_a_mistake_near_a_contact_costs_so_many_times_more():
    base = loss_of((0, 6), contact_weight=0.0)
    at_contact = loss_of((0, 1), contact_weight=8.0) - loss_of((0, 6), contact_weight=8.0)
    one_pixel = (np.logaddexp(0, 4.0) - np.logaddexp(0, -4.0)) / 64
    assert loss_of((0, 1), contact_weight=0.0) == np.float32(base)
    assert abs(at_contact - 8.0 * one_pixel) < 1e-4


def test_without_a_map_of_contact_weight_every_pixel_counts_the_same():
    truth, logits = np.ones((1, 4, 4, 1), np.float32), np.zeros((1, 4, 4, 1), np.float32)
    few, many = (
        float(maps_loss(("foreground",), contact_weight)(truth, logits)) for contact_weight in (0.0, 8.0)
    )
    assert few == many
