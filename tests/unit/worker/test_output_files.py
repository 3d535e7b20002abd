"""Files about a file's images appear together when all are whole, and pictures never stand in the way of results."""

import logging

import numpy as np
import pytest
from PIL import Image
from skimage.io import imread

from model.reading import Plane
from nuqleus.errors import UnsafePath
from tests.fake_segmenter import draw_squares
from worker import output_files
from worker.output_files import OutputFiles
from worker.overlay_writer import OverlayWriter


def plane(**place):
    return Plane(draw_squares(2)[..., None], colour=False, **place)


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def draw(folder, name, *planes):
    labels = (draw_squares(2) > 0).astype(np.int32)
    overlays = OverlayWriter(folder, name)
    for one in planes:
        overlays.add(one, labels)
    overlays.publish()


def test_a_picture_lies_at_its_files_relative_path(tmp_path):
    draw(tmp_path, "plate 1/well/a.png", plane())

    assert imread(tmp_path / "plate 1/well/a.png.overlay.png").shape == (16, 32, 3)


def test_every_image_of_a_stack_has_a_picture_of_its_own(tmp_path):
    draw(tmp_path, "stack.tif", plane(), plane(z=1), plane(scene=2, t=1))

    assert names(tmp_path) == [
        "stack.tif.s0.t0.z0.overlay.png",
        "stack.tif.s0.t0.z1.overlay.png",
        "stack.tif.s2.t1.z0.overlay.png",
    ]


def test_a_new_picture_replaces_the_old_one(tmp_path):
    draw(tmp_path, "a.png", plane())
    draw(tmp_path, "a.png", plane())

    assert names(tmp_path) == ["a.png.overlay.png"]


def test_nothing_is_seen_before_it_is_published(tmp_path):
    with OutputFiles(tmp_path / "a.png") as out:
        out.add(plane(), ".txt", lambda path: path.write_text("whole"))
        assert not (tmp_path / "a.png.txt").exists()
        out.publish()
        assert (tmp_path / "a.png.txt").read_text() == "whole"


def test_what_is_not_published_leaves_nothing_behind(tmp_path):
    def fail_half_way():
        with OutputFiles(tmp_path / "a.png") as out:
            out.add(plane(), ".txt", lambda path: path.write_text("half"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()

    assert names(tmp_path) == []


def test_a_full_disk_costs_the_picture_only(tmp_path, monkeypatch, caplog):
    def full_disk(self, path, **options):
        path.write_bytes(b"half a picture")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full_disk)
    draw(tmp_path, "a.png", plane())

    assert names(tmp_path) == []
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_folder_that_cannot_be_made_costs_the_picture_only(tmp_path, caplog):
    (tmp_path / "taken").write_text("a file where the folder should be")

    draw(tmp_path / "taken", "a.png", plane())

    assert "No picture" in caplog.text


def test_pictures_of_huge_images_are_thinned_out(tmp_path, monkeypatch):
    monkeypatch.setattr(output_files, "LONGEST_SIDE", 20)

    draw(tmp_path, "a.png", plane())

    assert imread(tmp_path / "a.png.overlay.png").shape == (8, 16, 3)


def test_no_name_leads_out_of_the_folder(tmp_path):
    with pytest.raises(UnsafePath):
        draw(tmp_path / "overlays", "../a.png", plane())


def test_pictures_that_are_discarded_leave_nothing_behind(tmp_path):
    overlays = OverlayWriter(tmp_path, "a.png")
    overlays.add(plane(), (draw_squares(2) > 0).astype(np.int32))
    overlays.discard()

    assert names(tmp_path) == []


def test_without_a_folder_nothing_is_drawn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw(None, "a.png", plane())

    assert names(tmp_path) == []
