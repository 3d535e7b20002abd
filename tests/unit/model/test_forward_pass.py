"""Tiles of several threads in one batch; what a full device makes of it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Condition
from types import SimpleNamespace

import numpy as np
import pytest

from model.network.forward_pass import BatchedForwardPass

PATIENCE = 120.0


class ResourceExhaustedError(Exception):
    """Called like TensorFlow's."""


class Network:
    """Returns what it sees; has memory for this many tiles at once."""

    def __init__(self, room):
        self.room = room
        self.batches = []

    def predict_on_batch(self, images):
        self.batches.append(len(images))
        if len(images) > self.room:
            raise ResourceExhaustedError("OOM when allocating tensor")
        return images


def tiles(count, side=32):
    return [np.full((1, side, side, 3), i, np.float32) for i in range(count)]


def seen(forward, batch):
    return [float(logits[0, 0, 0]) for logits in forward._predict_tiles(batch)]


def test_tiles_of_one_shape_go_through_the_network_together():
    network = Network(room=8)
    assert seen(BatchedForwardPass(network), tiles(5)) == [0, 1, 2, 3, 4]
    assert network.batches == [5]


def test_tiles_of_different_shapes_do_not_and_each_gets_its_own():
    network = Network(room=8)
    mixed = [tile for pair in zip(tiles(3), tiles(3, side=64), strict=True) for tile in pair]
    logits = BatchedForwardPass(network)._predict_tiles(mixed)
    assert [array.shape for array in logits] == [(32, 32, 3), (64, 64, 3)] * 3
    assert network.batches == [3, 3]


def test_a_batch_of_large_tiles_holds_few():
    network = Network(room=8)
    assert seen(BatchedForwardPass(network, max_pixels=2 * 32 * 32), tiles(5)) == [0, 1, 2, 3, 4]
    assert network.batches == [2, 2, 1]


def test_a_batch_that_does_not_fit_is_halved_until_it_does():
    network = Network(room=2)
    assert seen(BatchedForwardPass(network), tiles(7)) == [0, 1, 2, 3, 4, 5, 6]
    assert max(size for size in network.batches if size <= 2) == 2


def test_a_device_without_room_for_one_tile_is_pythons_memory_error():
    with pytest.raises(MemoryError, match="OOM when allocating"):
        BatchedForwardPass(Network(room=0))(tiles(1)[0])


def test_other_errors_pass_as_they_are():
    def fail(_images):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        BatchedForwardPass(SimpleNamespace(predict_on_batch=fail))(tiles(1)[0])


class Meeting:
    """A network whose passes end when this many are under way at the same time, or when told to."""

    def __init__(self):
        self.inside = 0
        self.most = 0
        self.change = Condition()
        self.go_on = False

    def predict_on_batch(self, images):
        with self.change:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.change.notify_all()
            assert self.change.wait_for(lambda: self.go_on, PATIENCE)
            self.inside -= 1
        return images

    def meet(self, count):
        with self.change:
            met = self.change.wait_for(lambda: self.inside == count, PATIENCE)
            self.go_on = True
            self.change.notify_all()
        return met


def test_a_processor_is_asked_about_a_tile_for_each_core():
    network = Meeting()
    forward = BatchedForwardPass(network, concurrency=2)
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(forward, tiles(3))
        assert network.meet(2)
        assert [float(logits[0, 0, 0]) for logits in answers] == [0, 1, 2]
    assert network.most == 2


def test_tiles_that_together_need_too_much_memory_go_one_after_the_other():
    network = Meeting()
    forward = BatchedForwardPass(network, max_pixels=32 * 32 + 1, concurrency=3)
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(forward, tiles(3))
        while forward._budget.waiting < 2:
            pass
        assert network.meet(1)
        assert [float(logits[0, 0, 0]) for logits in answers] == [0, 1, 2]
    assert network.most == 1


def test_a_tile_larger_than_all_there_is_goes_alone():
    assert float(BatchedForwardPass(Network(room=8), max_pixels=1, concurrency=2)(tiles(1)[0])[0, 0, 0]) == 0
