"""`nuqleus evaluate` scores the masks that a worker writes, bit for bit."""

import numpy as np
import pytest
from PIL import Image

from cli.commands.evaluate import network_predictor
from model.samples.drawn import FieldOfView, fluorescence, stained
from model.samples.shipped import shipped_images
from model.training.dataset import Pair, read_image
from worker.factory import load_network
from worker.pipeline import process


@pytest.fixture(scope="module")
def predictor():
    """A network of its own, that has seen nothing else."""
    return network_predictor(None)


@pytest.fixture(scope="module")
def worker_network():
    return load_network(None)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    drawn = {
        "nuclei": fluorescence(FieldOfView(160, 200, 14, 11), 2).pixels,
        "tissue": stained(FieldOfView(128, 150, 8, 11), 3).pixels,
    }
    for name, pixels in drawn.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    smallest = sorted(shipped_images().values(), key=lambda path: path.stat().st_size)[:2]
    return [*smallest, *sorted(folder.iterdir())]


def masks_of_a_worker(path, network):
    found = []
    next(process(path, network, on_image=lambda _plane, labels, _result: found.append(labels[:, :])))
    return found[0]


@pytest.mark.parametrize("size", ["whole", "in blocks"])
def test_the_masks_are_those_of_a_worker(predictor, worker_network, images, monkeypatch, size):
    if size == "in blocks":
        monkeypatch.setattr("model.reading.plane.LARGE", 1)
    for path in images if size == "whole" else images[-1:]:
        evaluated = predictor.predict(Pair(path.stem, "any", path, path), read_image(path))

        assert evaluated.max() > 0
        np.testing.assert_array_equal(evaluated, masks_of_a_worker(path, worker_network))
