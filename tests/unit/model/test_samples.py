"""Drawn images have a truth one can rely on; a sample folder holds images that any tool opens."""

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image
from scipy import ndimage

from cli.commands.samples import command
from model.samples.drawn import (
    FieldOfView,
    bright_field,
    draw_labels,
    fluorescence,
    focus_stack,
    stained,
    time_lapse,
)
from model.samples.folder import DRAWN, SHIPPED_TO, fill_folder
from model.samples.shipped import shipped_images

FIELD = FieldOfView(128, 160, 12, radius=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples") / "inbox"
    fill_folder(folder)
    return folder


@pytest.mark.parametrize("draw", [fluorescence, stained, bright_field])
def test_a_drawing_has_as_many_nuclei_as_were_asked_for(draw):
    drawing = draw(FIELD, seed=1)
    assert np.array_equal(np.unique(drawing.labels), np.arange(13))
    assert drawing.pixels.shape[:2] == drawing.labels.shape == (128, 160)


def test_each_nucleus_is_one_piece():
    labels = draw_labels(FieldOfView(200, 200, 60, radius=9, touching=0.9), np.random.default_rng(3))
    pieces = [ndimage.label(labels == label)[1] for label in range(1, labels.max() + 1)]
    assert set(pieces) == {1}


def test_nuclei_touch_when_they_are_asked_to():
    labels = draw_labels(FieldOfView(200, 200, 40, radius=9, touching=0.9), np.random.default_rng(3))
    assert ndimage.label(labels > 0)[1] < labels.max() / 2


def test_the_same_seed_draws_the_same_image_and_another_seed_another():
    assert np.array_equal(stained(FIELD, 5).pixels, stained(FIELD, 5).pixels)
    assert not np.array_equal(stained(FIELD, 5).pixels, stained(FIELD, 6).pixels)


def test_nuclei_are_bright_in_fluorescence_and_dark_in_the_others():
    brighter = {draw: _contrast(draw(FIELD, 2)) for draw in (fluorescence, stained, bright_field)}
    assert brighter[fluorescence] > 1.5
    assert brighter[stained] < 0.7
    assert brighter[bright_field] < 0.8


def test_a_stack_is_sharpest_in_the_middle_and_a_time_lapse_bleaches():
    stack = focus_stack(FIELD, 4, planes=5).pixels.astype(float)
    sharpness = [ndimage.laplace(ndimage.gaussian_filter(plane, 2)).std() for plane in stack]
    assert np.argmax(sharpness) == 2
    lapse = time_lapse(FIELD, 4, times=3).pixels
    assert lapse.shape == (3, 2, 128, 160)
    assert np.all(np.diff(lapse[:, 0].mean(axis=(1, 2))) < 0)


def test_the_samples_are_of_several_formats_depths_and_shapes(folder):
    assert tifffile.imread(folder / "fluorescence/16-bit.tif").dtype == np.uint16
    assert tifffile.imread(folder / "stacks/focus.ome.tif").shape == (5, 256, 320)
    assert tifffile.imread(folder / "stacks/time-lapse.tif").shape == (2, 2, 256, 320)
    assert _picture(folder / "fluorescence/16-bit.png").max() > 255
    assert _picture(folder / "fluorescence/8-bit.jpg").shape == (400, 400)
    assert _picture(folder / "tissue/drawn.jpg").shape == (320, 512, 3)


def test_the_stack_states_its_pixel_size(folder):
    with tifffile.TiffFile(folder / "stacks/focus.ome.tif") as tiff:
        assert 'PhysicalSizeX="0.5"' in tiff.ome_metadata


def test_real_images_come_from_the_installed_packages(folder):
    for name, source in shipped_images().items():
        assert (folder / SHIPPED_TO[name]).read_bytes() == source.read_bytes()
    assert "ihc.png" in shipped_images(), "scikit-image is a dependency and ships it"


def test_the_command_fills_an_empty_folder_once(tmp_path):
    inbox = tmp_path / "new" / "inbox"
    first = CliRunner().invoke(command, [str(inbox)])
    files = {path: path.stat().st_mtime_ns for path in inbox.rglob("*")}
    second = CliRunner().invoke(command, [str(inbox)])
    assert "Wrote" in first.output
    assert {path.relative_to(inbox).as_posix() for path in files} >= set(DRAWN)
    assert "isn't empty" in second.output
    assert files == {path: path.stat().st_mtime_ns for path in inbox.rglob("*")}


def test_the_command_leaves_a_folder_with_a_file_alone(tmp_path):
    (tmp_path / "mine.png").write_bytes(b"mine")
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.png"]


def test_a_hidden_file_that_a_desktop_left_does_not_count(tmp_path):
    (tmp_path / ".DS_Store").touch()
    assert "Wrote" in CliRunner().invoke(command, [str(tmp_path)]).output


def _picture(path):
    with Image.open(path) as image:
        return np.asarray(image)


def _contrast(drawing):
    grey = drawing.pixels.reshape(*drawing.labels.shape, -1).mean(axis=-1)
    return grey[drawing.labels > 0].mean() / grey[drawing.labels == 0].mean()
