"""What the pages and samples of a TIFF are: planes, slices, channels, rows, colours."""

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from model.errors import ImageError
from model.reading import read_planes
from model.reading.channels import choose_channel

from .images import only
from .tiff_writers import numbered, write_named_pages


def written(tmp_path, values, **options):
    tifffile.imwrite(tmp_path / "a.tif", values, **options)
    return tmp_path / "a.tif"


def fluorescence(channels: int) -> np.ndarray:
    """(C, 100, 120) bright nuclei on a dark, noisy ground, 0 to 255."""
    random = np.random.default_rng(0)
    blurred = gaussian_filter((random.random((channels, 100, 120)) > 0.99).astype(float), (0, 3, 3))
    return np.clip(blurred / blurred.max() * 220 + random.normal(20, 3, blurred.shape), 0, 255).astype(
        np.uint8
    )


class TestChannelsLast:
    """A (Y, X, C) array that is saved plainly becomes Y pages of X × C."""

    @pytest.mark.parametrize("metadata", [{}, None])
    @pytest.mark.parametrize("channels", [2, 5])
    def test_pages_of_slivers_are_rows_of_one_image(self, tmp_path, channels, metadata):
        values = numbered(48, 64, channels)
        options = {"metadata": metadata} if metadata is None else {}

        plane = only(written(tmp_path, values, photometric="minisblack", **options))

        assert not plane.colour
        np.testing.assert_array_equal(plane.pixels, values)

    def test_of_a_stack_likewise(self, tmp_path):
        values = numbered(3, 48, 64, 2)

        planes = list(read_planes(written(tmp_path, values, photometric="minisblack")))

        assert [plane.z for plane in planes] == [0, 1, 2]
        for plane in planes:
            np.testing.assert_array_equal(plane.pixels, values[plane.z])

    @pytest.mark.parametrize("axes", ["YXC", "TYXC", "XYC", "yxc"])
    def test_axes_that_are_said_are_obeyed(self, tmp_path, axes):
        values = numbered(*{"T": 2, "Y": 20, "X": 24, "C": 3}.values())[(slice(None) if "T" in axes else 0)]
        ordered = values if "XY" not in axes else np.swapaxes(values, 0, 1)
        path = written(tmp_path, ordered, photometric="minisblack", metadata={"axes": axes})

        planes = list(read_planes(path))

        assert [plane.t for plane in planes] == list(range(len(planes))) == ([0, 1] if "T" in axes else [0])
        for plane in planes:
            np.testing.assert_array_equal(plane.pixels, values[plane.t] if "T" in axes else values)

    def test_slivers_that_could_be_anything_are_refused_in_a_sentence(self, tmp_path):
        path = written(tmp_path, numbered(64, 2, 48), photometric="minisblack")

        with pytest.raises(ImageError, match=r"64 pages of 48 × 2 pixels.*metadata=.*axes") as refused:
            next(read_planes(path))
        assert refused.value.kind == "unsupported-format"

    def test_small_images_are_no_slivers(self, tmp_path):
        assert len(list(read_planes(written(tmp_path, numbered(40, 20, 24), photometric="minisblack")))) == 40

    def test_too_much_is_refused_before_it_is_decoded(self, tmp_path):
        path = written(tmp_path, numbered(3, 48, 64, 2), photometric="minisblack")

        with pytest.raises(ImageError) as refused:
            next(read_planes(path, max_pixels=48 * 64 - 1))
        assert refused.value.kind == "too-many-pixels"

    def test_a_file_that_ends_too_early_is_refused(self, tmp_path):
        path = written(tmp_path, numbered(48, 64, 2), photometric="minisblack")
        path.write_bytes(path.read_bytes()[:-1_000])

        with pytest.raises(ImageError) as refused:
            list(read_planes(path))
        assert refused.value.kind == "truncated"


class TestSamples:
    @pytest.mark.parametrize("photometric", ["rgb", "minisblack", None])
    @pytest.mark.parametrize("channels", [3, 4])
    def test_channels_that_metadata_speak_of_are_none_of_a_colour(self, tmp_path, channels, photometric):
        values = numbered(channels, 20, 24)
        names = ["Actin", "GFP", "DAPI", "Cy5"][:channels]
        metadata = {"axes": "CYX", "Channel": {"Name": names}}
        path = written(tmp_path, values.astype(np.uint8), photometric=photometric, metadata=metadata)

        plane = choose_channel(path, only(path), "auto")

        assert not plane.colour
        np.testing.assert_array_equal(plane.pixels, np.moveaxis(values.astype(np.uint8), 0, -1))
        assert plane.channel_names == tuple(names)
        assert plane.nuclear_channel == 2

    @pytest.mark.parametrize("channels", [3, 4])
    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
    @pytest.mark.filterwarnings("ignore:.*RGB.*:DeprecationWarning")
    @pytest.mark.filterwarnings("ignore:.*photometric.*:DeprecationWarning")
    def test_planar_rgb_is_channels_whatever_its_bits_and_that_is_said(
        self, tmp_path, channels, dtype, caplog
    ):
        values = fluorescence(channels).astype(dtype)
        path = written(tmp_path, values)  # tifffile marks it itself

        plane = only(path)

        assert not plane.colour
        np.testing.assert_array_equal(plane.pixels, np.moveaxis(values, 0, -1))
        assert f"{path} is marked as planar RGB" in caplog.text
        assert f"taken for {channels} channels" in caplog.text

    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
    def test_planar_rgb_that_is_bright_is_a_picture_whatever_its_bits_and_that_is_said(
        self, tmp_path, dtype, caplog
    ):
        full = {"uint8": 255, "uint16": 65_535, "float32": 1.0}[dtype]
        values = (full * (1 - fluorescence(3) / 255 / 2)).astype(dtype)
        path = written(tmp_path, values, photometric="rgb", planarconfig="separate")

        assert only(path).colour
        assert f"{path} is marked as planar RGB, and looks like a picture" in caplog.text

    @pytest.mark.parametrize("size", [0, 25_000_000])
    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
    @pytest.mark.parametrize(
        "options", [{}, {"tile": (16, 16)}, {"compression": "zlib"}, {"metadata": {"axes": "YXS"}}]
    )
    def test_a_fourth_stain_that_a_library_marked_as_alpha_is_a_channel_and_that_is_said(
        self, tmp_path, dtype, options, size, caplog, monkeypatch
    ):
        monkeypatch.setattr("model.reading.plane.LARGE", size)
        values = np.moveaxis(fluorescence(4), 0, -1).astype(dtype)
        path = written(tmp_path, values, photometric="rgb", **options)

        plane = only(path)

        assert not plane.colour
        np.testing.assert_array_equal(plane.pixels, values)
        assert f"{path} has a sample that is marked as alpha" in caplog.text

    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
    @pytest.mark.parametrize("alpha", ["opaque", "a shape", "soft edges", "clear"])
    def test_an_alpha_is_left_out_in_silence(self, tmp_path, dtype, alpha, caplog):
        full = {"uint8": 255, "uint16": 65_535, "float32": 1.0}[dtype]
        rows = np.linspace(-1, 1, 100)[:, None] * np.ones((1, 120))
        shape = {
            "opaque": rows * 0 + 1,
            "a shape": rows > 0,
            "soft edges": np.clip(rows * 20 + 0.5, 0, 1),
            "clear": rows * 0,
        }
        values = np.moveaxis(fluorescence(4), 0, -1).astype(dtype)
        values[..., 3] = (shape[alpha] * full).astype(dtype)

        plane = only(written(tmp_path, values, photometric="rgb"))

        assert plane.colour
        np.testing.assert_array_equal(plane.pixels, values[..., :3])
        assert caplog.text == ""

    def test_a_second_stain_beside_a_gray_one_is_a_channel(self, tmp_path):
        values = np.moveaxis(fluorescence(2), 0, -1)
        options = {"planarconfig": "contig", "extrasamples": ["unassalpha"]}

        plane = only(written(tmp_path, values, photometric="minisblack", **options))

        np.testing.assert_array_equal(plane.pixels, values)

    def test_stains_on_a_ground_of_zero_that_saturate_are_no_alpha(self, tmp_path):
        values = np.moveaxis(fluorescence(4), 0, -1)
        values = np.clip((values - 60.0) * 2, 0, 255).astype(np.uint8)

        assert only(written(tmp_path, values, photometric="rgb")).pixels.shape[2] == 4

    def test_ome_that_says_colour_means_it(self, tmp_path, caplog):
        path = tmp_path / "a.ome.tif"
        tifffile.imwrite(
            path, numbered(3, 20, 24), photometric="rgb", planarconfig="separate", metadata={"axes": "SYX"}
        )

        assert only(path).colour
        assert caplog.text == ""


class TestAxesInLowerCase:
    @pytest.mark.parametrize("count", [2, 3, 5])
    def test_they_are_those_in_upper_case(self, tmp_path, count):
        names = ["Actin", "DAPI", "GFP", "Cy5", "Cy7"][:count]
        metadata = {"axes": "cyx", "Channel": {"Name": names}}
        path = written(tmp_path, numbered(count, 20, 24), photometric="minisblack", metadata=metadata)

        plane = choose_channel(path, only(path), "auto")

        assert plane.channel_names == tuple(names)
        assert (plane.nuclear_channel, plane.nuclear_channel_by) == (1, "name")

    def test_of_stacks_too(self, tmp_path):
        path = written(tmp_path, numbered(2, 3, 20, 24), photometric="minisblack", metadata={"axes": "tzyx"})

        assert [(plane.t, plane.z) for plane in read_planes(path)] == [
            (t, z) for t in range(2) for z in range(3)
        ]


class TestNamedPages:
    @pytest.mark.parametrize(
        "names",
        [
            ["CD45", "panCK", "DNA1"],
            ["CD3", "CD4", "CD8", "CD20", "DNA1", "DNA2"],
            ["191Ir_DNA1", "193Ir_DNA2", "142Nd_CD19"],
            ["DAPI", "FITC"],
        ],
    )
    def test_pages_named_as_channels_are_channels(self, tmp_path, names):
        path = write_named_pages(tmp_path / "a.tif", names)

        plane = only(path)

        assert plane.channel_names == tuple(names)
        np.testing.assert_array_equal(plane.pixels[0, 0], 10 * np.arange(len(names)))

    @pytest.mark.parametrize(
        "names",
        [
            ["Slice 1", "Slice 2", "Slice 3"],
            ["DAPI z1", "DAPI z2", "DAPI z3"],
            ["t=0.0 s", "t=1.5 s", "t=3.0 s"],
            ["DAPI", "DAPI", "DAPI"],
            ["img_0001.tif", "img_0002.tif", "img_0003.tif", "img_0004.tif"],
            ["", "DAPI"],
        ],
    )
    def test_pages_that_are_numbered_are_slices(self, tmp_path, names):
        path = write_named_pages(tmp_path / "a.tif", names)

        assert [(plane.z, plane.pixels.shape[2]) for plane in read_planes(path)] == [
            (z, 1) for z in range(len(names))
        ]

    def test_titles_of_imagej_s_images_to_stack_are_channels_where_one_is_a_nuclear_stain(self, tmp_path):
        for labels, planes in ((["GFP", "DAPI", "Cy5"], 1), (["a.tif", "b.tif", "c.tif"], 3)):
            metadata = {"axes": "ZYX", "Labels": labels}
            path = written(tmp_path, numbered(3, 20, 24), imagej=True, metadata=metadata)
            assert len(list(read_planes(path))) == planes


class TestPagesThatSomebodyKnowsBetter:
    @pytest.mark.parametrize(
        ("pages", "expected"),
        [
            ("channels", [(0, 0, 4)]),
            ("z", [(0, z, 1) for z in range(4)]),
            ("t", [(t, 0, 1) for t in range(4)]),
        ],
    )
    @pytest.mark.parametrize("options", [{"metadata": None}, {"metadata": {"axes": "ZYX"}}, {"imagej": True}])
    def test_they_are_taken_for_what_is_said(self, tmp_path, pages, expected, options):
        path = written(tmp_path, numbered(4, 20, 24), photometric="minisblack", **options)

        planes = read_planes(path, pages=pages)

        assert [(plane.t, plane.z, plane.pixels.shape[2]) for plane in planes] == expected

    def test_pages_named_as_channels_may_be_slices(self, tmp_path):
        path = write_named_pages(tmp_path / "a.tif", ["CD45", "panCK", "DNA1"])

        assert [plane.z for plane in read_planes(path, pages="z")] == [0, 1, 2]

    def test_channels_have_the_names_of_their_pages(self, tmp_path):
        path = write_named_pages(tmp_path / "a.tif", ["Slice 1", "Slice 2"])

        (plane,) = read_planes(path, pages="channels")

        assert plane.channel_names == ("Slice 1", "Slice 2")

    def test_a_hyperstack_keeps_the_axes_that_it_says(self, tmp_path):
        path = written(tmp_path, numbered(2, 3, 20, 24), imagej=True, metadata={"axes": "TCYX"})

        assert [(plane.t, plane.pixels.shape[2]) for plane in read_planes(path, pages="z")] == [
            (0, 3),
            (1, 3),
        ]
