"""`nuqleus segment`, with a fake segmenter."""

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image
from skimage.io import imread

import worker.factory
from cli.commands.segment import command, find_inputs
from model.labels import label_files
from tests.fake_segmenter import ThresholdSegmenter, draw_squares


@pytest.fixture
def segment(monkeypatch, tmp_path):
    """Call the command; results go to a folder of their own."""
    monkeypatch.setattr(worker.factory, "load_network", ThresholdSegmenter.load)

    def segment(*images):
        return CliRunner().invoke(command, [*map(str, images), "--output", str(tmp_path / "out")])

    return segment


@pytest.fixture
def image(tmp_path):
    def image(name, nuclei=3):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw_squares(nuclei)).save(path)
        return path

    return image


def outputs(tmp_path):
    out = tmp_path / "out"
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


def test_an_image_becomes_a_label_image_a_table_and_a_picture(segment, image, tmp_path):
    result = segment(image("cells.png"))

    assert result.exit_code == 0, result.output
    assert "3 nuclei in 1 of 1 files" in result.output
    assert outputs(tmp_path) == ["cells.png.csv", "cells.png.label.tif", "cells.png.overlay.png"]
    labels = tifffile.imread(tmp_path / "out/cells.png.label.tif")
    assert labels.dtype == np.uint16
    assert np.unique(labels).tolist() == [0, 1, 2, 3]
    assert len((tmp_path / "out/cells.png.csv").read_text().splitlines()) == 4
    assert imread(tmp_path / "out/cells.png.overlay.png").shape == (*labels.shape, 3)


def test_every_image_of_a_stack_has_outputs_of_its_own(segment, tmp_path):
    stack = np.stack([draw_squares(1), draw_squares(1)])
    tifffile.imwrite(tmp_path / "stack.tif", stack, photometric="minisblack", metadata={"axes": "ZYX"})

    assert segment(tmp_path / "stack.tif").exit_code == 0
    assert [name for name in outputs(tmp_path) if name.endswith(".label.tif")] == [
        "stack.tif.s0.t0.z0.label.tif",
        "stack.tif.s0.t0.z1.label.tif",
    ]


def test_a_nucleus_in_several_planes_is_counted_once(segment, tmp_path):
    def squares(count):
        return np.pad(draw_squares(count), ((0, 0), (0, 64 - 16 * count)))

    series = np.stack([[squares(count) for count in stack] for stack in ((1, 3, 2), (4, 4, 4))])
    tifffile.imwrite(tmp_path / "a.tif", series, photometric="minisblack", metadata={"axes": "TZYX"})
    scenes = np.stack([squares(1), squares(2)])
    tifffile.imwrite(tmp_path / "b.tif", scenes, photometric="minisblack", metadata={"axes": "RYX"})

    both = segment(tmp_path / "a.tif", tmp_path / "b.tif").output
    plain = segment(tmp_path / "b.tif").output

    assert "6 nuclei in 2 of 2 files (in 3 of 8 planes: of a z-stack the one with most nuclei counts" in both
    assert "3 nuclei in 1 of 1 files; see" in plain


def test_a_channel_and_a_projection_are_asked_for(segment, tmp_path):
    stack = np.stack([[np.zeros((16, 48), np.uint8), draw_squares(3)], [draw_squares(3), draw_squares(3)]])
    tifffile.imwrite(tmp_path / "stack.tif", stack, photometric="minisblack", metadata={"axes": "ZCYX"})

    result = segment(tmp_path / "stack.tif", "--channel", 1, "--z", "max")

    assert "3 nuclei in 1 of 1 files" in result.output
    assert outputs(tmp_path)[0] == "stack.tif.csv"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [("--z", "sum", "NUQLEUS_Z (or its option)"), ("--channel", "DAPI", "has no channel 'DAPI'")],
)
def test_what_makes_no_sense_is_told(segment, image, option, value, message):
    result = segment(image("cells.png"), option, value)

    assert result.exit_code == 1
    assert message in result.output + str(result.exception)


def test_folders_are_searched_and_their_structure_is_kept(segment, image, tmp_path):
    image("plate/a.png"), image("plate/day 2/a.png"), image("plate/.hidden.png")

    assert segment(tmp_path / "plate").exit_code == 0
    assert [name for name in outputs(tmp_path) if name.endswith(".csv")] == ["a.png.csv", "day 2/a.png.csv"]


def test_results_of_an_earlier_run_inside_a_folder_are_no_input(image, tmp_path):
    image("a.png"), image("out/a.png.overlay.png")

    assert [one.name for one in find_inputs([tmp_path], tmp_path / "out")] == ["a.png"]


def test_what_lies_in_a_folder_and_is_no_image_is_left_out_and_said(image, tmp_path, capsys):
    folder = image("plate/a.png").parent
    image("plate/a_mask.png")
    for name in ("Index.xml", "notes.txt"):
        (folder / name).touch()

    assert [one.name for one in find_inputs([folder], tmp_path / "out")] == ["a.png"]
    assert "3 files in" in (said := capsys.readouterr().err)
    assert "2 metadata" in said
    assert "1 mask" in said


def test_a_file_that_is_named_is_no_matter_of_lists(image, tmp_path):
    mask = image("a_mask.png")
    image("a.png")

    assert [one.name for one in find_inputs([mask], tmp_path / "out")] == ["a_mask.png"]


def test_a_zarr_folder_is_one_input_whether_named_or_found(tmp_path):
    (tmp_path / "in/a.zarr/0").mkdir(parents=True)
    (tmp_path / "in/a.zarr/.zgroup").write_text("{}")
    (tmp_path / "in/a.zarr/0/0").write_bytes(b"chunk")

    for given in ("in", "in/a.zarr"):
        assert [one.name for one in find_inputs([tmp_path / given], tmp_path / "out")] == ["a.zarr"]


def test_a_guessed_channel_is_said(segment, tmp_path, caplog):
    pixels = np.stack([draw_squares(2)] * 2)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", metadata={"axes": "CYX"})

    assert segment(tmp_path / "a.tif").exit_code == 0
    assert "a.tif: which channel shows the nuclei was guessed" in caplog.text


def test_inputs_of_the_same_name_do_not_overwrite_each_other(segment, image, tmp_path):
    assert segment(image("x/a.png", 1), image("y/a.png", 2), image("z/A.PNG", 3)).exit_code == 0

    tables = {
        name: len((tmp_path / "out" / name).read_text().splitlines()) - 1
        for name in outputs(tmp_path)
        if ".csv" in name
    }
    assert tables == {"a.png.csv": 1, "a-2.png.csv": 2, "A-3.PNG.csv": 3}


def test_a_file_given_twice_is_processed_once(image, tmp_path):
    path = image("plate/a.png")

    assert [one.name for one in find_inputs([path, path.parent, path], tmp_path / "out")] == ["a.png"]


def test_bad_files_are_reported_and_the_rest_goes_on(segment, image, tmp_path):
    (tmp_path / "notes.tif").write_text("shopping list")
    result = segment(tmp_path / "notes.tif", tmp_path / "missing.png", image("good.png"))

    assert result.exit_code == 1
    assert "notes.tif" in result.output
    assert "missing.png: There is no such file." in result.output
    assert "1 of 3 files" in result.output
    assert outputs(tmp_path) == ["good.png.csv", "good.png.label.tif", "good.png.overlay.png"]


def test_a_full_disk_ends_it_at_once(segment, image, tmp_path, monkeypatch):
    def full_disk(path, labels):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(label_files, "write_label_image", full_disk)
    result = segment(image("a.png"), image("b.png"))

    assert result.exit_code == 1
    assert "can't be written to: [Errno 28] No space left on device" in result.output
    assert "b.png" not in result.output
    assert outputs(tmp_path) == []
