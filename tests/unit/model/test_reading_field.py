"""A field is read as one image: channels by their number in the plate, steps of z together, gaps left open."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from model.errors import ImageError
from model.reading.field import ChannelFile, Field, FieldChannel, choose_nuclear_channel, read_field
from model.reading.metadata import ChannelMetadata

UNNAMED = tuple(FieldChannel(key) for key in ("w1", "w2", "w3"))
NAMED = (
    FieldChannel("w1", ChannelMetadata("GFP")),
    FieldChannel("w2", ChannelMetadata("DAPI")),
    FieldChannel("w3", ChannelMetadata("Cy5")),
)


@pytest.fixture
def write(tmp_path: Path):
    """Writes a plane of one value, of a channel by its number, and of a step of z."""

    def write(channel, value, z=None, *, shape=(6, 8), dtype=np.uint16, pixels=None):
        path = tmp_path / f"w{channel + 1}_{z}_{value}.tif"
        tifffile.imwrite(path, np.full(shape, value, dtype) if pixels is None else pixels)
        return ChannelFile(path, channel, z)

    return write


def read(field, z="max", **options):
    return list(read_field(field, z, **options))


def test_channels_have_their_number_in_the_plate(write):
    (plane,) = read(Field([write(2, 30), write(0, 10), write(1, 20)], UNNAMED, name="A01, site 1", t=4))
    assert np.asarray(plane.pixels)[0, 0].tolist() == [10, 20, 30]
    assert plane.channel_names == ("w1", "w2", "w3")
    assert (plane.scene_name, plane.t, plane.z, plane.missing_channels) == ("A01, site 1", 4, 0, ())


def test_a_missing_channel_is_a_gap(write):
    (plane,) = read(Field([write(0, 10), write(2, 30)], UNNAMED))
    assert np.asarray(plane.pixels)[0, 0].tolist() == [10, 0, 30]
    assert plane.missing_channels == (1,)


def test_values_keep_the_type_of_the_files(write):
    (plane,) = read(Field([write(0, 10), write(1, 60_000)], UNNAMED[:2]))
    assert plane.pixels.dtype == np.uint16


def test_names_beside_the_images_go_before_those_in_files(write):
    (plane,) = read(Field([write(0, 1), write(1, 2), write(2, 3)], NAMED))
    assert plane.channel_names == ("GFP", "DAPI", "Cy5")
    assert choose_nuclear_channel(Field([write(0, 1)], NAMED), plane, "auto", "setting").nuclear_channel == 1


def test_steps_of_z_are_projected_channel_by_channel(write):
    files = [write(0, 10, 0), write(0, 30, 1), write(0, 20, 2), write(1, 5, 0)]
    (largest,) = read(Field(files, UNNAMED[:2]))
    (mean,) = read(Field(files, UNNAMED[:2]), "mean")
    assert np.asarray(largest.pixels)[0, 0].tolist() == [30, 5]
    assert np.asarray(mean.pixels)[0, 0].tolist() == [20, 5]
    assert (largest.projection, mean.projection) == ("max", "mean")


def test_each_step_is_an_image_with_planes(write):
    files = [write(0, 10, 0), write(0, 30, 1), write(1, 5, 0), write(1, 6, 1), write(2, 7)]
    first, second = read(Field(files, UNNAMED), "planes")
    assert [first.z, second.z] == [0, 1]
    assert np.asarray(first.pixels)[0, 0].tolist() == [10, 5, 7]
    assert np.asarray(second.pixels)[0, 0].tolist() == [30, 6, 7]


def test_a_step_that_a_channel_lacks_is_a_gap(write):
    files = [write(0, 10, 0), write(0, 30, 1), write(0, 31, 2), write(1, 5, 0), write(1, 6, 1)]
    *_, last = read(Field(files, UNNAMED[:2]), "planes")
    assert last.missing_channels == (1,)


def test_the_microscope_s_own_projection_is_the_image(write):
    files = [write(0, 10, 0), write(0, 30, 1), write(0, 25)]
    for z in ("max", "mean", "planes"):
        (plane,) = read(Field(files, UNNAMED[:1]), z)
        assert np.asarray(plane.pixels)[0, 0].tolist() == [25]
        assert plane.projection is None


def test_a_stack_in_one_file_is_projected(write):
    stack = np.stack([np.full((6, 8), value, np.uint16) for value in (1, 9, 4)])
    file = write(0, 0)
    tifffile.imwrite(file.path, stack, metadata={"axes": "ZYX"}, ome=True)
    (plane,) = read(Field([file, write(1, 2)], UNNAMED[:2]))
    assert np.asarray(plane.pixels)[0, 0].tolist() == [9, 2]


@pytest.mark.parametrize("others", [{"shape": (6, 9)}, {"z": 1, "shape": (5, 8)}])
def test_files_of_unequal_size_are_both_named(write, others):
    files = [write(0, 10, 0 if "z" in others else None), write(0 if "z" in others else 1, 20, **others)]
    with pytest.raises(ImageError) as refused:
        read(Field(files, UNNAMED[:2]))
    assert refused.value.kind == "field-mismatch"
    assert all(str(file.path) in str(refused.value) for file in files)


def test_two_files_for_one_channel_are_both_named(write):
    files = [write(0, 10), write(0, 20)]
    with pytest.raises(ImageError) as refused:
        read(Field(files, UNNAMED))
    assert refused.value.kind == "field-mismatch"
    assert all(str(file.path) in str(refused.value) for file in files)


@pytest.mark.parametrize("pixels", [np.zeros((6, 8, 3), np.uint8), np.zeros((2, 6, 8), np.uint16)])
def test_a_file_of_several_channels_or_images_is_no_channel(write, pixels):
    file = write(0, 1, pixels=pixels)
    with pytest.raises(ImageError) as refused:
        read(Field([file], UNNAMED[:1]), "planes")
    assert refused.value.kind == "field-mismatch"
    assert str(file.path) in str(refused.value)


def test_a_file_that_can_t_be_read_is_named(write):
    broken = write(1, 20)
    broken.path.write_bytes(b"no image at all, but long enough to be one")
    with pytest.raises(ImageError, match=broken.path.name):
        read(Field([write(0, 10), broken], UNNAMED[:2]))


def test_too_large_a_field_is_refused(write):
    with pytest.raises(ImageError) as refused:
        read(Field([write(0, 10)], UNNAMED), max_pixels=40)
    assert refused.value.kind == "too-many-pixels"


def test_without_its_nuclear_channel_a_field_is_refused(write):
    field = Field([write(0, 10), write(2, 30)], NAMED)
    (plane,) = read(field)
    with pytest.raises(ImageError, match="w2") as refused:
        choose_nuclear_channel(field, plane, "auto", "setting")
    assert refused.value.kind == "no-such-channel"


def test_no_channel_is_guessed_where_a_missing_one_may_be_it(write):
    """Names of files alone: DAPI would be the name of the channel that is missing."""
    unknown = (FieldChannel("w1", ChannelMetadata("GFP")), FieldChannel("w2"), NAMED[2])
    field = Field([write(0, 10), write(2, 30)], unknown)
    (plane,) = read(field)
    with pytest.raises(ImageError) as refused:
        choose_nuclear_channel(field, plane, "auto", "setting")
    assert refused.value.kind == "no-such-channel"


def test_where_nothing_is_named_the_first_is_taken_as_in_every_field_of_the_plate(write):
    field = Field([write(0, 10), write(2, 30)], UNNAMED)
    (plane,) = read(field)
    chosen = choose_nuclear_channel(field, plane, "auto", "setting")
    assert (chosen.nuclear_channel, chosen.nuclear_channel_by) == (0, "guess")

    lacking = Field([write(1, 20), write(2, 30)], UNNAMED)
    (plane,) = read(lacking)
    with pytest.raises(ImageError, match="w1"):
        choose_nuclear_channel(lacking, plane, "auto", "setting")


@pytest.mark.parametrize("wanted", ["2", "w3", "W3"])
def test_a_channel_is_asked_for_by_its_number_in_the_plate_or_its_key(write, wanted):
    field = Field([write(0, 10), write(2, 30)], UNNAMED)
    (plane,) = read(field)
    assert choose_nuclear_channel(field, plane, wanted, "rule").nuclear_channel == 2


def test_large_channels_are_decoded_where_they_are_looked_at(write, monkeypatch):
    monkeypatch.setattr("model.reading.plane.LARGE", 10)
    (plane,) = read(Field([write(0, 10), write(2, 30)], UNNAMED))
    assert not isinstance(plane.pixels, np.ndarray)
    assert plane.pixels[2:4, 1:4].shape == (2, 3, 3)
    assert plane.pixels[..., 2:3][0, 0].tolist() == [30]
    assert plane.pixels[::2, ::4].shape == (3, 2, 3)
    assert np.asarray(plane.pixels)[0, 0].tolist() == [10, 0, 30]
