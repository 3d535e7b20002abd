"""Pictures lie where their files lie, appear whole, and never stand in the way of results."""

import logging

import numpy as np
import pytest
from PIL import Image
from skimage.io import imread

from model.reading import Plane
from tests.stand_in import draw_squares
from worker import pictures
from worker.pictures import Album, plane_part


def plane(**place):
    return Plane(draw_squares(2)[..., None], colour=False, **place)


LABELS = (draw_squares(2) > 0).astype(np.int32)


def test_a_picture_lies_at_its_files_relative_path(tmp_path):
    Album(tmp_path, "plate 1/well/a.png").add(plane(), LABELS)

    assert imread(tmp_path / "plate 1/well/a.png.overlay.png").shape == (16, 32, 3)


def test_every_image_of_a_stack_has_a_picture_of_its_own(tmp_path):
    album = Album(tmp_path, "stack.tif")
    for z in range(3):
        album.add(plane(z=z), LABELS)

    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "stack.tif.overlay.png",
        "stack.tif.s0.t0.z1.overlay.png",
        "stack.tif.s0.t0.z2.overlay.png",
    ]
    assert plane_part(plane(scene=2, t=1)) == ".s2.t1.z0"


def test_an_unfinished_picture_is_never_seen_under_its_name(tmp_path, monkeypatch):
    def full_disk(self, path, **options):
        path.write_bytes(b"half a picture")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full_disk)
    Album(tmp_path, "a.png").add(plane(), LABELS)

    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_written_is_only_logged(tmp_path, caplog):
    (tmp_path / "taken").write_text("a file where the folder should be")

    Album(tmp_path / "taken", "a.png").add(plane(), LABELS)

    (record,) = caplog.records
    assert record.levelno == logging.WARNING


def test_pictures_of_huge_images_are_thinned_out(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "LONGEST_SIDE", 20)

    Album(tmp_path, "a.png").add(plane(), LABELS)

    assert imread(tmp_path / "a.png.overlay.png").shape == (8, 16, 3)


def test_no_name_leads_out_of_the_folder(tmp_path):
    with pytest.raises(Exception, match="leaves its folder"):
        Album(tmp_path / "overlays", "../a.png")
