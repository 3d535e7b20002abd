"""TIFF pages of every common kind, value by value."""

import numpy as np
import pytest
import tifffile

from .images import only, pack, ramp, tiff

NUMBERS = [
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "float16",
    "float32",
    "float64",
]


@pytest.fixture(autouse=True, params=["at once", "by region"])
def decoded(request, monkeypatch):
    """Every test runs twice: large planes are decoded piece by piece."""
    if request.param == "by region":
        monkeypatch.setattr("model.reading.plane.LARGE", 0)


def same(path, expected):
    """The only plane of the file has these values and this dtype, in the machine's own byte order."""
    plane = only(path)
    assert plane.pixels.dtype == expected.dtype
    assert plane.pixels.dtype.isnative
    np.testing.assert_array_equal(plane.pixels, expected.reshape(*plane.pixels.shape[:2], -1))
    return plane


class TestNumbers:
    @pytest.mark.parametrize("byteorder", ["<", ">"])
    @pytest.mark.parametrize("dtype", NUMBERS)
    def test_every_number_format_is_kept(self, tmp_path, dtype, byteorder):
        values = ramp(dtype=dtype)
        values[0] *= -1 if values.dtype.kind in "if" else 1
        tifffile.imwrite(tmp_path / "a.tif", values, byteorder=byteorder)

        assert not same(tmp_path / "a.tif", values).colour

    @pytest.mark.parametrize("bits", [2, 4, 6, 10, 12, 14])
    def test_packed_bits_keep_their_values(self, tmp_path, bits):
        values = ramp(6, 8, "uint16") * 41 % 2**bits
        (tmp_path / "a.tif").write_bytes(tiff(8, 6, {258: bits}, b"".join(pack(values, bits))))

        same(tmp_path / "a.tif", values.astype(np.uint8 if bits <= 8 else np.uint16))

    def test_single_bits_are_0_and_1(self, tmp_path):
        values = ramp(width=11) % 3 == 0
        tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack")

        same(tmp_path / "a.tif", values.astype(np.uint8))

    def test_nan_and_infinity_stay(self, tmp_path):
        values = ramp(dtype="float32")
        values[0, :3] = np.nan, np.inf, -np.inf
        tifffile.imwrite(tmp_path / "a.tif", values)

        same(tmp_path / "a.tif", values)


class TestStorage:
    @pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd", "lzma"])
    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
    def test_lossless_compressions(self, tmp_path, compression, dtype):
        values = ramp(40, 30, dtype)
        tifffile.imwrite(tmp_path / "a.tif", values, compression=compression, rowsperstrip=7)

        same(tmp_path / "a.tif", values)

    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
    @pytest.mark.parametrize("compression", ["lzw", "zlib", "zstd"])
    def test_predictors(self, tmp_path, compression, dtype):
        values = ramp(40, 30, dtype)
        tifffile.imwrite(tmp_path / "a.tif", values, compression=compression, predictor=True)

        same(tmp_path / "a.tif", values)

    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    def test_jpeg_2000(self, tmp_path, dtype):
        values = ramp(40, 30, dtype)
        tifffile.imwrite(tmp_path / "a.tif", values, compression="jpeg2000")

        same(tmp_path / "a.tif", values)

    def test_jpeg_gray(self, tmp_path):
        values = np.kron(ramp(2, 3) * 20, np.ones((8, 8), np.uint8))
        tifffile.imwrite(tmp_path / "a.tif", values, compression="jpeg", compressionargs={"level": 100})

        np.testing.assert_allclose(only(tmp_path / "a.tif").pixels[..., 0].astype(int), values, atol=1)

    @pytest.mark.parametrize("tile", [None, (16, 16)])
    def test_jpeg_colour_stored_as_ycbcr_is_rgb(self, tmp_path, tile):
        values = np.kron(ramp(2, 3, channels=3) * 7, np.ones((16, 16, 1), np.uint8))
        tifffile.imwrite(
            tmp_path / "a.tif",
            values,
            photometric="rgb",
            compression="jpeg",
            compressionargs={"level": 100},
            tile=tile,
        )
        with tifffile.TiffFile(tmp_path / "a.tif") as written:
            assert written.pages[0].photometric == tifffile.PHOTOMETRIC.YCBCR

        plane = only(tmp_path / "a.tif")

        assert plane.colour
        np.testing.assert_allclose(np.asarray(plane.pixels).astype(int), values, atol=2)

    @pytest.mark.parametrize("compression", [None, "zlib"])
    def test_tiles(self, tmp_path, compression):
        values = ramp(50, 70, "uint16")
        tifffile.imwrite(tmp_path / "a.tif", values, tile=(16, 32), compression=compression)

        same(tmp_path / "a.tif", values)

    @pytest.mark.parametrize("byteorder", ["<", ">"])
    def test_bigtiff(self, tmp_path, byteorder):
        tifffile.imwrite(tmp_path / "a.tif", ramp(dtype="uint16"), bigtiff=True, byteorder=byteorder)

        same(tmp_path / "a.tif", ramp(dtype="uint16"))

    def test_reversed_bits(self, tmp_path):
        reversed_bytes = bytes(int(f"{value:08b}"[::-1], 2) for value in ramp().tobytes())
        (tmp_path / "a.tif").write_bytes(tiff(7, 5, {266: 2}, reversed_bytes))

        same(tmp_path / "a.tif", ramp())


class TestMeaning:
    @pytest.mark.parametrize(
        ("dtype", "expected"),
        [
            ("uint8", lambda v: 255 - v),
            ("uint16", lambda v: 65535 - v),
            ("int16", lambda v: -1 - v),
            ("float32", lambda v: -v),
        ],
    )
    def test_min_is_white_is_inverted(self, tmp_path, dtype, expected):
        values = ramp(dtype=dtype)
        tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite")

        same(tmp_path / "a.tif", expected(values))

    @pytest.mark.parametrize("bits", [1, 4, 12])
    def test_min_is_white_is_inverted_within_its_bits(self, tmp_path, bits):
        values = ramp(6, 8, "uint16") // 2 % 2**bits
        (tmp_path / "a.tif").write_bytes(tiff(8, 6, {258: bits, 262: 0}, b"".join(pack(values, bits))))

        np.testing.assert_array_equal(only(tmp_path / "a.tif").pixels[..., 0], 2**bits - 1 - values)

    @pytest.mark.parametrize("planarconfig", ["contig", "separate"])
    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
    def test_rgb(self, tmp_path, planarconfig, dtype):
        values = ramp(dtype=dtype, channels=3)
        stored = values if planarconfig == "contig" else np.moveaxis(values, -1, 0)
        tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planarconfig)

        assert same(tmp_path / "a.tif", values).colour == (planarconfig == "contig")

    @pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
    @pytest.mark.parametrize("planarconfig", ["contig", "separate"])
    def test_alpha_is_dropped_from_colour(self, tmp_path, kind, planarconfig):
        values = ramp(channels=4)
        values[..., 3] = 255
        stored = values if planarconfig == "contig" else np.moveaxis(values, -1, 0)
        tifffile.imwrite(
            tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planarconfig, extrasamples=[kind]
        )

        assert same(tmp_path / "a.tif", values[..., :3]).colour

    @pytest.mark.parametrize("planarconfig", ["contig", "separate"])
    def test_an_unspecified_fourth_sample_of_rgb_is_a_channel_and_so_are_the_others(
        self, tmp_path, planarconfig
    ):
        values = ramp(channels=4)
        stored = values if planarconfig == "contig" else np.moveaxis(values, -1, 0)
        tifffile.imwrite(
            tmp_path / "a.tif",
            stored,
            photometric="rgb",
            planarconfig=planarconfig,
            extrasamples=["unspecified"],
        )

        assert not same(tmp_path / "a.tif", values).colour

    def test_alpha_is_dropped_from_gray(self, tmp_path):
        values = ramp(channels=2)
        values[..., 1] = 255
        tifffile.imwrite(
            tmp_path / "a.tif",
            values,
            photometric="minisblack",
            planarconfig="contig",
            extrasamples=["unassalpha"],
        )

        assert not same(tmp_path / "a.tif", values[..., :1]).colour

    @pytest.mark.parametrize("channels", [2, 3, 4, 7])
    def test_several_gray_samples_are_channels(self, tmp_path, channels):
        values = ramp(dtype="uint16", channels=channels)
        tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack", planarconfig="contig")

        assert not same(tmp_path / "a.tif", values).colour

    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    def test_cmyk_becomes_rgb(self, tmp_path, dtype):
        inks = ramp(channels=4, dtype=dtype) * (1 if dtype == "uint8" else 200)
        tifffile.imwrite(tmp_path / "a.tif", inks, photometric="separated")

        white = np.iinfo(dtype).max
        light = white - inks.astype(float)
        plane = only(tmp_path / "a.tif")
        assert plane.colour
        assert plane.pixels.dtype == dtype
        np.testing.assert_allclose(plane.pixels, light[..., :3] * light[..., 3:] / white, atol=0.51)

    def test_uncompressed_ycbcr_becomes_rgb(self, tmp_path):
        red, gray = (76, 85, 255), (90, 128, 128)
        values = bytes(red + gray)
        (tmp_path / "a.tif").write_bytes(tiff(2, 1, {258: (8, 8, 8), 262: 6, 277: 3, 530: (1, 1)}, values))

        np.testing.assert_allclose(
            np.asarray(only(tmp_path / "a.tif").pixels)[0].astype(int), [(255, 0, 0), (90, 90, 90)], atol=2
        )

    @pytest.mark.parametrize("bits", [4, 8])
    def test_a_palette_becomes_colour(self, tmp_path, bits):
        indices = ramp(6, 8, int) % 2**bits
        colours = np.arange(3 * 2**bits).reshape(3, -1) % 256
        tags = {258: bits, 262: 3, 320: (colours * 257).ravel().tolist()}
        (tmp_path / "a.tif").write_bytes(tiff(8, 6, tags, b"".join(pack(indices, bits))))

        assert same(tmp_path / "a.tif", colours.T.astype(np.uint8)[indices]).colour

    def test_the_lookup_table_of_imagej_only_says_how_to_show_values(self, tmp_path):
        table = np.zeros((3, 256), np.uint8)
        table[1] = np.arange(256)
        tifffile.imwrite(tmp_path / "a.tif", ramp(), imagej=True, colormap=table.astype(np.uint16) * 257)

        assert not same(tmp_path / "a.tif", ramp()).colour

    def test_the_orientation_tag_is_ignored(self, tmp_path):
        tifffile.imwrite(tmp_path / "a.tif", ramp(), extratags=[(274, 3, 1, 6, True)])

        same(tmp_path / "a.tif", ramp())


class TestPixelSize:
    @pytest.mark.parametrize(
        ("resolution", "unit", "expected"),
        [((20_000, 20_000), "centimeter", 0.5), ((50_800, 50_800), "inch", 0.5), ((20_000, 20_000), "none", None),
         ((300, 300), "inch", None), ((72, 72), "inch", None), ((1, 1), "centimeter", None),
         ((20_000, 10_000), "centimeter", None)],
    )  # fmt: skip
    def test_from_resolution_tags_where_it_can_be_a_microscope_s(self, tmp_path, resolution, unit, expected):
        tifffile.imwrite(
            tmp_path / "a.tif", ramp(), resolution=resolution, resolutionunit=unit, metadata=None
        )

        assert only(tmp_path / "a.tif").pixel_size_um == (
            None if expected is None else pytest.approx(expected)
        )

    @pytest.mark.parametrize(
        ("unit", "expected"),
        [
            ("um", 0.25),
            ("micron", 0.25),
            (r"\u00B5m", 0.25),
            ("nm", None),
            ("mm", None),
            ("pixel", None),
            (None, None),
        ],
    )
    def test_from_imagej(self, tmp_path, unit, expected):
        metadata = {} if unit is None else {"unit": unit}
        tifffile.imwrite(tmp_path / "a.tif", ramp(), imagej=True, resolution=(4, 4), metadata=metadata)

        assert only(tmp_path / "a.tif").pixel_size_um == (
            None if expected is None else pytest.approx(expected)
        )

    def test_from_imagej_with_a_unit_beyond_ascii(self, tmp_path):
        description = "ImageJ=1.54f\nunit=µm\n".encode("latin1")
        tifffile.imwrite(
            tmp_path / "a.tif", ramp(), description=description, resolution=(4, 4), metadata=None
        )

        assert only(tmp_path / "a.tif").pixel_size_um == pytest.approx(0.25)

    @pytest.mark.parametrize(
        ("unit", "expected"), [("µm", 0.325), ("nm", None), ("mm", None), ("pixel", None)]
    )
    def test_from_ome(self, tmp_path, unit, expected):
        size = {
            "PhysicalSizeX": 0.325,
            "PhysicalSizeXUnit": unit,
            "PhysicalSizeY": 0.325,
            "PhysicalSizeYUnit": unit,
        }
        tifffile.imwrite(tmp_path / "a.ome.tif", ramp(), ome=True, metadata={"axes": "YX", **size})

        assert only(tmp_path / "a.ome.tif").pixel_size_um == (
            None if expected is None else pytest.approx(expected)
        )

    def test_pixels_that_are_not_square_have_none(self, tmp_path):
        size = {"PhysicalSizeX": 0.3, "PhysicalSizeY": 0.6}
        tifffile.imwrite(tmp_path / "a.ome.tif", ramp(), ome=True, metadata={"axes": "YX", **size})

        assert only(tmp_path / "a.ome.tif").pixel_size_um is None
