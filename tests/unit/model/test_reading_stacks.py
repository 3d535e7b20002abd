"""Stacks: which pages become which planes, and what they cost."""

import tracemalloc

import numpy as np
import pytest
import tifffile

from model.reading import read_planes
from model.reading.channels import nuclear_channel

from .images import ramp


def planes_by_place(path):
    planes = list(read_planes(path))
    found = {(p.scene, p.t, p.z): p for p in planes}
    assert len(found) == len(planes), "two planes at one place"
    return found


def numbered(*shape, dtype="uint16"):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


class TestAxes:
    @pytest.mark.parametrize("compression", [None, "zlib"])
    def test_an_imagej_hyperstack(self, tmp_path, compression):
        stack = numbered(2, 3, 4, 5, 6)
        tifffile.imwrite(
            tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "TZCYX"}, compression=compression
        )

        found = planes_by_place(tmp_path / "a.tif")

        assert sorted(found) == [(0, t, z) for t in range(2) for z in range(3)]
        for (_, t, z), plane in found.items():
            np.testing.assert_array_equal(plane.pixels, np.moveaxis(stack[t, z], 0, -1))
            assert not plane.colour

    @pytest.mark.parametrize("axes", ["TZCYX", "TCZYX", "ZTCYX", "ZCTYX", "CTZYX", "CZTYX"])
    def test_ome_in_any_order(self, tmp_path, axes):
        stack = numbered(2, 3, 4, 5, 6)  # T, Z, C, Y, X
        tifffile.imwrite(
            tmp_path / "a.ome.tif",
            stack.transpose(["TZCYX".index(a) for a in axes]),
            ome=True,
            metadata={"axes": axes},
        )

        for (_, t, z), plane in planes_by_place(tmp_path / "a.ome.tif").items():
            np.testing.assert_array_equal(plane.pixels, np.moveaxis(stack[t, z], 0, -1))

    def test_ome_names_its_channels(self, tmp_path):
        metadata = {"axes": "CYX", "Channel": {"Name": ["DAPI", "488"]}}
        tifffile.imwrite(tmp_path / "a.ome.tif", numbered(2, 5, 6), ome=True, metadata=metadata)

        (plane,) = read_planes(tmp_path / "a.ome.tif")

        assert plane.channel_names == ("DAPI", "488")

    def test_a_channel_without_a_name_leaves_the_others_theirs(self, tmp_path):
        metadata = {"axes": "CYX", "Channel": {"Name": ["", "DAPI"]}}
        tifffile.imwrite(tmp_path / "a.ome.tif", numbered(2, 5, 6), ome=True, metadata=metadata)

        (plane,) = read_planes(tmp_path / "a.ome.tif")

        assert plane.channel_names == ("channel 0", "DAPI")
        assert nuclear_channel(plane) == 1

    def test_no_name_at_all_is_none(self, tmp_path):
        tifffile.imwrite(tmp_path / "a.ome.tif", numbered(2, 5, 6), ome=True, metadata={"axes": "CYX"})

        (plane,) = read_planes(tmp_path / "a.ome.tif")

        assert plane.channel_names == ()

    @pytest.mark.parametrize("metadata", [{"axes": "TYX"}, {"imagej": True}])
    def test_four_time_points_are_not_rgba(self, tmp_path, metadata):
        imagej = metadata.pop("imagej", False)
        stack = numbered(4, 5, 6, dtype="uint8")
        tifffile.imwrite(
            tmp_path / "a.tif", stack, imagej=imagej, photometric="minisblack", metadata={"axes": "TYX"}
        )

        found = planes_by_place(tmp_path / "a.tif")

        assert sorted(found) == [(0, t, 0) for t in range(4)]
        assert all(p.pixels.shape == (5, 6, 1) and not p.colour for p in found.values())

    @pytest.mark.parametrize("ome", [False, True])
    def test_each_rgb_page_is_one_colour_image(self, tmp_path, ome):
        stack = numbered(4, 5, 6, 3, dtype="uint8")
        tifffile.imwrite(
            tmp_path / "a.tif", stack, ome=ome, imagej=not ome, photometric="rgb", metadata={"axes": "ZYXS"}
        )

        found = planes_by_place(tmp_path / "a.tif")

        assert sorted(found) == [(0, 0, z) for z in range(4)]
        for (_, _, z), plane in found.items():
            assert plane.colour
            np.testing.assert_array_equal(plane.pixels, stack[z])

    def test_colour_channels_are_images_of_their_own(self, tmp_path):
        stack = numbered(2, 5, 6, 3, dtype="uint8")
        tifffile.imwrite(
            tmp_path / "a.ome.tif", stack, ome=True, photometric="rgb", metadata={"axes": "CYXS"}
        )

        found = planes_by_place(tmp_path / "a.ome.tif")

        assert sorted(found) == [(0, 0, 0), (1, 0, 0)]
        np.testing.assert_array_equal(found[1, 0, 0].pixels, stack[1])

    @pytest.mark.parametrize("pages", [2, 4, 9])
    def test_pages_without_metadata_are_slices(self, tmp_path, pages):
        stack = numbered(pages, 5, 6)
        tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack", metadata=None)

        found = planes_by_place(tmp_path / "a.tif")

        assert sorted(found) == [(0, 0, z) for z in range(pages)]
        for (_, _, z), plane in found.items():
            np.testing.assert_array_equal(plane.pixels[..., 0], stack[z])

    def test_slices_within_a_page(self, tmp_path):
        stack = numbered(16, 32, 48)
        tifffile.imwrite(
            tmp_path / "a.tif", stack, photometric="minisblack", tile=(16, 16, 16), volumetric=True
        )

        for (_, _, z), plane in planes_by_place(tmp_path / "a.tif").items():
            np.testing.assert_array_equal(plane.pixels[..., 0], stack[z])

    @pytest.mark.parametrize("byteorder", ["<", ">"])
    def test_pages_behind_one_directory(self, tmp_path, byteorder):
        """As ImageJ writes stacks beyond 4 GB."""
        stack = numbered(4, 5, 6)
        tifffile.imwrite(
            tmp_path / "a.tif",
            stack,
            imagej=True,
            truncate=True,
            byteorder=byteorder,
            metadata={"axes": "TYX"},
        )
        with tifffile.TiffFile(tmp_path / "a.tif") as written:
            assert len(written.pages) == 1

        found = planes_by_place(tmp_path / "a.tif")

        assert sorted(found) == [(0, t, 0) for t in range(4)]
        for (_, t, _), plane in found.items():
            assert plane.pixels.dtype == np.dtype("uint16")
            np.testing.assert_array_equal(plane.pixels[..., 0], stack[t])


class TestScenes:
    def test_pages_of_different_sizes(self, tmp_path):
        shapes = [(40, 50), (30, 20), (40, 50)]
        with tifffile.TiffWriter(tmp_path / "a.tif") as file:
            for shape in shapes:
                file.write(ramp(*shape), metadata=None)

        found = planes_by_place(tmp_path / "a.tif")

        assert {place: plane.pixels.shape[:2] for place, plane in found.items()} == {
            (0, 0, 0): (40, 50), (0, 0, 1): (40, 50), (1, 0, 0): (30, 20)
        }  # fmt: skip

    def test_one_different_page_among_many(self, tmp_path):
        with tifffile.TiffWriter(tmp_path / "a.tif") as file:
            for page in range(12):
                file.write(ramp(5, 8 if page == 4 else 6), metadata=None)

        found = planes_by_place(tmp_path / "a.tif")

        assert len(found) == 12
        assert found[1, 0, 0].pixels.shape == (5, 8, 1)

    def test_small_pages_of_half_the_size_are_not_lost(self, tmp_path):
        with tifffile.TiffWriter(tmp_path / "a.tif") as file:
            for size in (64, 32, 16):
                file.write(ramp(size, size), metadata=None)

        assert sorted(planes_by_place(tmp_path / "a.tif")) == [(0, 0, 0), (1, 0, 0), (2, 0, 0)]

    def test_images_of_an_ome_file(self, tmp_path):
        with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as file:
            file.write(numbered(2, 5, 6), metadata={"axes": "TYX", "PhysicalSizeX": 0.5})
            file.write(numbered(3, 7, 8), metadata={"axes": "ZYX", "PhysicalSizeX": 0.25})

        found = planes_by_place(tmp_path / "a.ome.tif")

        assert sorted(found) == [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 0, 2)]
        assert found[0, 0, 0].pixel_size_um == 0.5
        assert found[1, 0, 0].pixel_size_um == 0.25

    def test_a_label_that_is_left_out_leaves_the_scan_its_own_metadata(self, tmp_path):
        scan = {"axes": "CYX", "Name": "scan", "PhysicalSizeX": 0.25, "Channel": {"Name": ["GFP", "DAPI"]}}
        with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as file:
            file.write(ramp(5, 6), metadata={"axes": "YX", "Name": "Label", "PhysicalSizeX": 10.0})
            file.write(numbered(2, 7, 8), photometric="minisblack", metadata=scan)

        (plane,) = read_planes(tmp_path / "a.ome.tif")

        assert plane.pixel_size_um == 0.25
        assert plane.channel_names == ("GFP", "DAPI")


class TestNoExtraImages:
    @pytest.mark.parametrize("small", [(32, 32), (20, 21)])
    def test_reduced_pages(self, tmp_path, small):
        with tifffile.TiffWriter(tmp_path / "a.tif") as file:
            file.write(ramp(64, 64), metadata=None)
            file.write(ramp(*small), metadata=None, subfiletype=1)

        assert list(planes_by_place(tmp_path / "a.tif")) == [(0, 0, 0)]

    @pytest.mark.parametrize("ome", [False, True])
    def test_pyramids_in_sub_directories(self, tmp_path, ome):
        with tifffile.TiffWriter(tmp_path / "a.tif", ome=ome) as file:
            file.write(ramp(64, 64, "uint16"), subifds=2, metadata={"axes": "YX"} if ome else None)
            file.write(ramp(32, 32, "uint16"), subfiletype=1, metadata=None)
            file.write(ramp(16, 16, "uint16"), subfiletype=1, metadata=None)

        found = planes_by_place(tmp_path / "a.tif")

        assert [plane.pixels.shape for plane in found.values()] == [(64, 64, 1)]

    def test_large_pages_of_half_the_size(self, tmp_path):
        with tifffile.TiffWriter(tmp_path / "a.tif") as file:
            for size in (2048, 1024, 512):
                file.write(np.zeros((size, size), np.uint8), metadata=None, compression="zlib")

        assert list(planes_by_place(tmp_path / "a.tif")) == [(0, 0, 0)]


@pytest.mark.parametrize(
    "kind",
    [
        {"imagej": True, "metadata": {"axes": "TYX"}},
        {"ome": True, "metadata": {"axes": "TYX"}},
        {"metadata": None},
        {"metadata": None, "compression": "zlib"},
    ],
)
def test_a_stack_needs_the_memory_of_a_plane(tmp_path, kind):
    pages, plane_bytes = 60, 200 * 250 * 2
    tifffile.imwrite(
        tmp_path / "a.tif", np.zeros((pages, 200, 250), np.uint16), photometric="minisblack", **kind
    )
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_planes(tmp_path / "a.tif"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == pages
    assert peak < 12 * plane_bytes


def test_a_file_is_closed_when_its_planes_are_no_longer_wanted(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", numbered(3, 5, 6), photometric="minisblack")
    planes = read_planes(tmp_path / "a.tif")
    next(planes)
    planes.close()

    with pytest.raises(StopIteration):
        next(planes)
