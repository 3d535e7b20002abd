"""PNG, JPEG and BMP: every depth and colour type, value by value."""

import struct

import numpy as np
import pytest
from PIL import Image, ImageOps

from model.reading import read_planes

from .images import GRAY, GRAY_ALPHA, PALETTE, RGB, RGBA, only, png, png_chunk, ramp

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 8, 7)]


class TestPng:
    @pytest.mark.parametrize(("bits", "step"), [(1, 255), (2, 85), (4, 17), (8, 1)])
    def test_gray_up_to_8_bits_is_spread_over_0_to_255(self, tmp_path, bits, step):
        values = ramp(dtype=int) % 2**bits
        (tmp_path / "a.png").write_bytes(png(values, bits, GRAY))

        plane = only(tmp_path / "a.png")

        assert plane.pixels.dtype == np.uint8
        assert not plane.colour
        np.testing.assert_array_equal(plane.pixels, (values * step)[..., None])

    @pytest.mark.parametrize(
        ("colour_type", "samples", "kept"), [(GRAY, 1, 1), (RGB, 3, 3), (GRAY_ALPHA, 2, 1), (RGBA, 4, 3)]
    )
    @pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (16, np.uint16)])
    def test_depth_is_kept_and_alpha_dropped(self, tmp_path, colour_type, samples, kept, bits, dtype):
        values = ramp(channels=samples, dtype=dtype) * (1 if bits == 8 else 257)
        (tmp_path / "a.png").write_bytes(png(values, bits, colour_type))

        plane = only(tmp_path / "a.png")

        assert plane.pixels.dtype == dtype
        assert plane.colour == (kept == 3)
        np.testing.assert_array_equal(plane.pixels, values[..., :kept])

    @pytest.mark.parametrize("bits", [2, 4, 8])
    @pytest.mark.parametrize("transparency", [[], [(b"tRNS", b"\0\x80")]])
    def test_a_palette_becomes_colour(self, tmp_path, bits, transparency):
        indices = ramp() % 4
        chunks = [(b"PLTE", bytes(np.array(COLOURS, np.uint8))), *transparency]
        (tmp_path / "a.png").write_bytes(png(indices, bits, PALETTE, *chunks))

        plane = only(tmp_path / "a.png")

        assert plane.colour
        np.testing.assert_array_equal(plane.pixels, np.array(COLOURS, np.uint8)[indices])

    def test_a_transparent_colour_is_kept_as_colour(self, tmp_path):
        values = ramp(channels=3)
        (tmp_path / "a.png").write_bytes(png(values, 8, RGB, (b"tRNS", struct.pack(">3H", 1, 3, 5))))

        np.testing.assert_array_equal(only(tmp_path / "a.png").pixels, values)

    @pytest.mark.parametrize(
        ("per_metre", "expected"),
        [((2_000_000, 2_000_000), 0.5), ((2_835, 2_835), None), ((2_000_000, 1_000_000), None)],
    )
    def test_resolution_is_believed_where_it_can_be_a_microscope_s(self, tmp_path, per_metre, expected):
        (tmp_path / "a.png").write_bytes(png(ramp(), 8, GRAY, (b"pHYs", struct.pack(">IIB", *per_metre, 1))))

        assert only(tmp_path / "a.png").pixel_size_um == (
            None if expected is None else pytest.approx(expected)
        )

    def test_bytes_behind_the_end_do_not_matter(self, tmp_path):
        (tmp_path / "a.png").write_bytes(png(ramp(), 8, GRAY) + b"more")

        np.testing.assert_array_equal(only(tmp_path / "a.png").pixels[..., 0], ramp())

    def test_a_chunk_nobody_knows_does_not_matter(self, tmp_path):
        data = png(ramp(), 8, GRAY)
        (tmp_path / "a.png").write_bytes(data[:33] + png_chunk(b"prVt", b"?") + data[33:])

        np.testing.assert_array_equal(only(tmp_path / "a.png").pixels[..., 0], ramp())


def blocks(*values):
    """16 × 24 pixels in 8 × 8 blocks, which JPEG keeps to within 1."""
    return np.kron(np.array(values, np.uint8).reshape(2, 3), np.ones((8, 8), np.uint8))


BLOCKS = blocks(0, 40, 80, 120, 160, 200)


class TestJpeg:
    @pytest.mark.parametrize("progressive", [False, True])
    def test_gray(self, tmp_path, progressive):
        Image.fromarray(BLOCKS).save(tmp_path / "a.jpg", quality=100, progressive=progressive)

        plane = only(tmp_path / "a.jpg")

        assert not plane.colour
        np.testing.assert_allclose(plane.pixels[..., 0].astype(int), BLOCKS, atol=1)

    def test_colour(self, tmp_path):
        values = np.dstack([BLOCKS, BLOCKS[::-1], BLOCKS[:, ::-1]])
        Image.fromarray(values).save(tmp_path / "a.jpg", quality=100, subsampling=0)

        plane = only(tmp_path / "a.jpg")

        assert plane.colour
        np.testing.assert_allclose(plane.pixels.astype(int), values, atol=2)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_orientation_is_applied(self, tmp_path, orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        back = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270, 3: Image.Transpose.ROTATE_180}
        flips = {2: Image.Transpose.FLIP_LEFT_RIGHT, 4: Image.Transpose.FLIP_TOP_BOTTOM}
        mirrors = {5: Image.Transpose.TRANSPOSE, 7: Image.Transpose.TRANSVERSE}
        undo = {**back, **flips, **mirrors}.get(orientation)
        upright = Image.fromarray(BLOCKS)
        stored = upright if undo is None else upright.transpose(undo)
        stored.save(tmp_path / "a.jpg", quality=100, exif=exif)

        np.testing.assert_allclose(only(tmp_path / "a.jpg").pixels[..., 0].astype(int), BLOCKS, atol=1)

    def test_damaged_exif_does_not_hide_the_image(self, tmp_path, monkeypatch):
        Image.fromarray(BLOCKS).save(tmp_path / "a.jpg", quality=100)
        monkeypatch.setattr(ImageOps, "exif_transpose", lambda image: 1 / 0)

        np.testing.assert_allclose(only(tmp_path / "a.jpg").pixels[..., 0].astype(int), BLOCKS, atol=1)

    @pytest.mark.parametrize("adobe", [True, False])
    def test_cmyk_becomes_rgb(self, tmp_path, adobe):
        """Adobe stores inks inverted and says so with a marker; others store them as they are."""
        inks = np.dstack([BLOCKS, BLOCKS[::-1], BLOCKS[:, ::-1], BLOCKS // 4])
        written = inks if adobe else 255 - inks  # Pillow writes as Adobe does
        Image.frombytes("CMYK", (24, 16), written.tobytes()).save(
            tmp_path / "a.jpg", quality=100, subsampling=0
        )
        if not adobe:
            (tmp_path / "a.jpg").write_bytes(without_adobe_marker((tmp_path / "a.jpg").read_bytes()))

        plane = only(tmp_path / "a.jpg")

        light = 255 - inks.astype(float)
        assert plane.colour
        np.testing.assert_allclose(plane.pixels.astype(int), light[..., :3] * light[..., 3:] / 255, atol=3)

    def test_screen_resolution_says_nothing(self, tmp_path):
        Image.fromarray(BLOCKS).save(tmp_path / "a.jpg", dpi=(300, 300))

        assert only(tmp_path / "a.jpg").pixel_size_um is None


def without_adobe_marker(data):
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 2 + struct.unpack(">H", data[start + 2 : start + 4])[0] :]


class TestBmp:
    @pytest.mark.parametrize("mode", ["L", "RGB"])
    def test_gray_and_colour(self, tmp_path, mode):
        values = ramp(channels=3 if mode == "RGB" else None)
        Image.fromarray(values).save(tmp_path / "a.bmp")

        plane = only(tmp_path / "a.bmp")

        assert plane.colour == (mode == "RGB")
        np.testing.assert_array_equal(plane.pixels, values.reshape(5, 7, -1))

    def test_alpha_is_dropped(self, tmp_path):
        values = ramp(channels=4)
        Image.fromarray(values).save(tmp_path / "a.bmp")

        np.testing.assert_array_equal(only(tmp_path / "a.bmp").pixels, values[..., :3])

    def test_single_bits_are_black_and_white(self, tmp_path):
        values = ramp() % 3 == 0
        Image.fromarray(values).save(tmp_path / "a.bmp")

        np.testing.assert_array_equal(only(tmp_path / "a.bmp").pixels[..., 0], values * np.uint8(255))

    def test_a_palette_becomes_colour(self, tmp_path):
        indices = (ramp() % 4).astype(np.uint8)
        image = Image.fromarray(indices)
        image.putpalette(sum(COLOURS, ()))
        image.save(tmp_path / "a.bmp")

        plane = only(tmp_path / "a.bmp")

        assert plane.colour
        np.testing.assert_array_equal(plane.pixels, np.array(COLOURS, np.uint8)[indices])


def test_the_name_of_a_file_does_not_matter(tmp_path):
    Image.fromarray(ramp()).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.tif")

    np.testing.assert_array_equal(only(tmp_path / "a.tif").pixels[..., 0], ramp())


def test_a_missing_file_is_an_error_of_the_file_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        next(read_planes(tmp_path / "a.png"))
