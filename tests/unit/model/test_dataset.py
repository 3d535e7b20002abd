"""Folders of labelled images: what is read of them, and what is refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from model.errors import DatasetError
from model.training.dataset import find_pairs, load_examples, read_image, read_labels
from model.training.recipe import Recipe, Stage
from model.training.session import TrainingPlan, TrainingStart, run_session
from model.training.split import split_folder
from tests.unit.model.training_examples import draw_example

TWO = np.zeros((12, 16), np.uint16)
TWO[2:5, 2:5], TWO[7:10, 8:12] = 1, 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Labelled images a.tif and b.tif."""
    for name in ("a", "b"):
        add(tmp_path, name)
    return tmp_path


def add(folder: Path, name: str) -> None:
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(folder / part / f"{name}.tif", TWO)


def write_tiff(folder: Path, pixels: np.ndarray, **how: object) -> Path:
    path = folder / "labels.tif"
    tifffile.imwrite(path, pixels, **how)
    return path


class TestLabelImages:
    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.float32])
    def test_whole_numbers_are_read_whatever_their_type(self, tmp_path: Path, dtype: type):
        labels = read_labels(write_tiff(tmp_path, TWO.astype(dtype)))
        assert labels.dtype == np.int32
        assert (labels == TWO).all()

    def test_gray_stored_as_colour_is_gray(self, tmp_path: Path):
        colour = np.repeat(TWO.astype(np.uint8)[..., None], 3, axis=2)
        assert (read_labels(write_tiff(tmp_path, colour, photometric="rgb")) == TWO).all()

    def test_a_nucleus_alone_may_have_any_number(self, tmp_path: Path):
        assert read_labels(write_tiff(tmp_path, np.where(TWO == 1, 255, 0).astype(np.uint8))).max() == 255

    def test_colours_are_refused(self, tmp_path: Path):
        colour = np.stack([TWO, TWO * 2, TWO], axis=-1).astype(np.uint8)
        with pytest.raises(DatasetError, match=r"labels\.tif is a colour image or has several channels"):
            read_labels(write_tiff(tmp_path, colour, photometric="rgb"))

    def test_palettes_are_refused(self, tmp_path: Path):
        picture = Image.new("P", (16, 12))
        picture.paste(1, (2, 2, 5, 5))
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
        picture.save(tmp_path / "labels.png")
        with pytest.raises(DatasetError, match=r"labels\.png is a colour image"):
            read_labels(tmp_path / "labels.png")

    def test_several_pages_are_refused(self, tmp_path: Path):
        with pytest.raises(DatasetError, match="several pages"):
            read_labels(write_tiff(tmp_path, np.stack([TWO, TWO]), photometric="minisblack"))

    @pytest.mark.parametrize(
        "odd",
        [
            pytest.param(np.int16(-1), id="negative"),
            pytest.param(np.uint32(2**31), id="too large"),
            pytest.param(np.float32(2**31), id="too large by one"),
            pytest.param(np.float32(1.5), id="no whole number"),
            pytest.param(np.float32("nan"), id="no number"),
        ],
    )
    def test_other_values_are_refused(self, tmp_path: Path, odd: np.generic):
        labels = TWO.astype(odd.dtype)
        labels[0, 0] = odd
        with pytest.raises(DatasetError, match=r"other values than whole numbers from 0 to 2,147,483,647"):
            read_labels(write_tiff(tmp_path, labels))

    def test_a_mask_is_refused(self, tmp_path: Path):
        with pytest.raises(DatasetError, match="one number a nucleus"):
            read_labels(write_tiff(tmp_path, (TWO > 0).astype(np.uint8) * 255))

    def test_a_training_set_without_a_nucleus_is_refused(self, tmp_path: Path):
        empty = draw_example(0)
        empty.labels[:] = 0
        plan = TrainingPlan(TrainingStart(Recipe((Stage(),))), tmp_path, "none", data={}, code_version="1")
        with pytest.raises(DatasetError, match="has a nucleus"):
            run_session(plan, [empty], [draw_example(1)])


class TestImages:
    def test_of_several_channels_the_nuclear_one_is_read(self, tmp_path: Path):
        channels = np.stack([TWO, TWO + 7])
        names = {"axes": "CYX", "Channel": {"Name": ["GFP", "DAPI"]}}
        tifffile.imwrite(tmp_path / "two.ome.tif", channels, metadata=names, photometric="minisblack")
        assert (read_image(tmp_path / "two.ome.tif") == (TWO + 7)[..., None]).all()

    def test_an_image_of_two_channels_is_an_example(self, folder: Path):
        channels = np.stack([TWO, TWO + 7])
        tifffile.imwrite(
            folder / "images" / "a.tif",
            channels,
            metadata={"axes": "CYX"},
            photometric="minisblack",
            imagej=True,
        )
        assert load_examples(find_pairs(folder))[0].image.shape == (12, 16, 1)


class TestFolders:
    def test_what_is_no_image_is_left_out(self, folder: Path):
        for name in ("Thumbs.db", ".DS_Store", "notes.txt", "._a.tif"):
            (folder / "images" / name).write_bytes(b"anything")
        (folder / "images" / "old.tif").mkdir()
        assert [pair.name for pair in find_pairs(folder)] == ["a", "b"]

    def test_label_images_may_be_called_as_nuqleus_calls_them(self, folder: Path):
        (folder / "labels" / "a.tif").rename(folder / "labels" / "a.tif.label.tif")
        assert find_pairs(folder)[0].labels.name == "a.tif.label.tif"

    def test_an_image_with_two_label_images_is_refused(self, folder: Path):
        (folder / "labels" / "a.png").write_bytes(b"anything")
        with pytest.raises(DatasetError, match=r"a\.tif has several label images"):
            find_pairs(folder)

    def test_an_image_without_a_label_image_is_named(self, folder: Path):
        (folder / "labels" / "b.tif").unlink()
        with pytest.raises(DatasetError, match=r"b\.tif has no label image"):
            find_pairs(folder)

    @pytest.mark.parametrize("part", [".", "train", "val"])
    def test_folders_without_images_are_refused(self, tmp_path: Path, part: str):
        for other in {"train", "val"} - {part} if part != "." else ():
            add(tmp_path / other, "a")
        (tmp_path / part / "images").mkdir(parents=True)
        with pytest.raises(DatasetError, match="images holds no images"):
            split_folder(tmp_path)

    def test_one_image_is_too_few(self, tmp_path: Path):
        add(tmp_path, "a")
        with pytest.raises(DatasetError, match="it takes two at least"):
            split_folder(tmp_path)

    def test_of_two_images_one_is_held_out_whatever_their_names(self, tmp_path: Path):
        for first in range(40):
            add(tmp_path / str(first), f"{first}")
            add(tmp_path / str(first), f"{first + 1}")
            split = split_folder(tmp_path / str(first))
            assert (len(split.train), len(split.val)) == (1, 1)


class TestIndex:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    def test_kinds_are_read_from_the_index(self, folder: Path, encoding: str):
        (folder / "index.csv").write_text("id,kind\na,röhre\nb\n", encoding=encoding)
        assert [pair.kind for pair in find_pairs(folder)] == ["röhre", "image"]

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            pytest.param(b"id;kind\na;x\n", "separated by commas", id="semicolons"),
            pytest.param(b"name,kind\na,x\n", "no column id", id="no id"),
            pytest.param(b"id,sort\na,x\n", "no column kind", id="no kind"),
            pytest.param(b"", "no column id and no kind", id="empty"),
            pytest.param("id,kind\na,röhre\n".encode("latin-1"), "in UTF-8", id="Latin-1"),
            pytest.param(b"id,kind\na,all\n", "'all'", id="a kind called all"),
        ],
    )
    def test_an_index_that_cannot_be_read_is_refused(self, folder: Path, content: bytes, complaint: str):
        (folder / "index.csv").write_bytes(content)
        with pytest.raises(DatasetError, match=rf"index\.csv .*{complaint}"):
            find_pairs(folder)
