"""Files that can't be read: each is refused with a reason, and never with anything else."""

import struct
import time
import tracemalloc
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from model.errors import ImageError
from model.reading import read_planes
from model.reading.unsupported_formats import ENDINGS, PREVIEWS, SIGNATURES

from .image_bytes import NOISE, WHOLE, encoded, encoded_tiff
from .images import GRAY, only, png, png_header, ramp, refusal, tiff


class TestNotAnImage:
    def test_zero_bytes(self, file):
        assert refusal(file(b"")).kind == "empty-file"

    @pytest.mark.parametrize(
        "data",
        [
            b"hello",
            b"BM is how this text begins, and it is no bitmap",
            b"II",
            b"\x01\x02\xfe\xff",
            b"\0" * 5000,
        ],
    )
    def test_something_else(self, file, data):
        assert refusal(file(data)).kind == "not-an-image"

    def test_text_is_quoted(self, file):
        assert "'name,area'" in str(refusal(file(b"name,area\n1,2\n")))

    def test_zeros_hint_at_an_interrupted_copy(self, file):
        assert "interrupted copy" in str(refusal(file(b"\0" * 5000)))

    def test_a_git_lfs_pointer(self, file):
        error = refusal(file(b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12345\n"))

        assert error.kind == "git-lfs-pointer"
        assert "git lfs pull" in str(error)

    @pytest.mark.parametrize(("offset", "signature", "name", "advice"), SIGNATURES)
    def test_formats_we_know_but_can_t_read_are_named(self, file, offset, signature, name, advice):
        error = refusal(file(b"\x01" * offset + signature + b"\0" * 200))

        assert error.kind == "unsupported-format"
        assert name in str(error)
        assert advice in str(error)

    @pytest.mark.parametrize("ending", ENDINGS)
    def test_so_they_are_by_their_endings_where_the_content_says_nothing(self, tmp_path, ending):
        path = tmp_path / f"scan{ending.upper()}"
        path.write_bytes(b"\x01\x02\x03\x04" * 100)
        name, advice = ENDINGS[ending]

        error = refusal(path)

        assert error.kind == "unsupported-format"
        assert name in str(error)
        assert advice in str(error)

    @pytest.mark.parametrize("ending", PREVIEWS)
    @pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
    def test_a_preview_of_an_image_that_lies_elsewhere_is_no_image(self, tmp_path, ending, kind):
        path = tmp_path / f"slide{ending}"
        path.write_bytes(encoded(NOISE, kind))

        error = refusal(path)

        assert error.kind == "unsupported-format"
        assert PREVIEWS[ending][0] in str(error)

    def test_the_ending_tells_an_imaris_file_from_other_hdf5(self, tmp_path):
        path = tmp_path / "a.ims"
        path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))

        assert "an Imaris file" in str(refusal(path))


class TestUnsupported:
    @pytest.mark.parametrize(("code", "name"), [(32809, "THUNDERSCAN"), (34676, "SGILOG"), (60123, "60123")])
    def test_an_unsupported_compression_is_named(self, file, code, name):
        error = refusal(file(tiff(7, 5, {259: code}, ramp().tobytes())))

        assert error.kind == "unsupported-format"
        assert name in str(error)

    def test_complex_numbers(self, file):
        error = refusal(file(encoded_tiff(ramp(dtype="complex64"))))

        assert error.kind == "unsupported-format"

    @pytest.mark.parametrize(("code", "name"), [(8, "CIELAB"), (32803, "CFA")])
    def test_a_colour_space_without_meaning_here_is_named(self, file, code, name):
        error = refusal(file(tiff(7, 5, {262: code}, ramp().tobytes())))

        assert error.kind == "unsupported-format"
        assert name in str(error)

    @pytest.mark.parametrize(("compression", "pixels"), [(1, bytes(24)), (8, zlib.compress(bytes(24)))])
    def test_subsampled_ycbcr(self, file, compression, pixels):
        data = tiff(4, 4, {258: (8, 8, 8), 259: compression, 262: 6, 277: 3, 530: (2, 2)}, pixels)

        assert refusal(file(data)).kind == "unsupported-format"

    def test_12_bit_jpeg(self, file):
        data = imagecodecs.jpeg8_encode(ramp(16, 16, "uint16"), bitspersample=12)

        assert refusal(file(data)).kind == "unsupported-format"


HUGE = {
    "png": png_header(100_000, 100_000),
    "tiff": tiff(100_000, 100_000, {}, b"some"),
    "tiff, compressed": tiff(100_000, 100_000, {259: 8}, b"some"),
    "tiff, many channels": tiff(10_000, 10_000, {277: 4_000, 259: 8, 258: [8] * 4_000}, b"some"),
    "bmp": WHOLE["bmp"][:18] + struct.pack("<ii", 100_000, 100_000) + WHOLE["bmp"][26:],
    "jpeg": WHOLE["jpeg"].replace(struct.pack(">HH", 60, 80), struct.pack(">HH", 65_000, 65_000)),
}  # fmt: skip


class TestTooManyPixels:
    @pytest.mark.parametrize("kind", HUGE)
    def test_a_huge_header_is_refused_at_once_in_little_memory(self, file, kind):
        path = file(HUGE[kind])
        tracemalloc.start()
        started = time.process_time()
        try:
            error = refusal(path)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert error.kind == "too-many-pixels"
        assert "400,000,000" in str(error)
        assert time.process_time() - started < 1
        assert peak < 5_000_000

    def test_the_limit_can_be_set(self, file):
        path = file(encoded(NOISE, "PNG"))

        assert refusal(path, max_pixels=60 * 80 - 1).kind == "too-many-pixels"
        assert sum(1 for _ in read_planes(path, max_pixels=60 * 80)) == 1

    def test_a_later_page_counts_before_the_first_is_read(self, tmp_path):
        with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
            writer.write(ramp(), metadata=None)
            writer.write(ramp(50, 60), metadata=None)
        planes = read_planes(tmp_path / "a.tif", max_pixels=100)

        with pytest.raises(ImageError, match="60 × 50"):
            next(planes)

    def test_pillow_s_own_limit_does_not_interfere(self, file, monkeypatch):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)

        assert only(file(encoded(NOISE, "BMP"))).pixels.shape == NOISE.shape


def test_complaints_of_tifffile_stay_silent(file, caplog):
    path = file(encoded_tiff(ramp(), description="<OME><Image></OME>", metadata=None))

    np.testing.assert_array_equal(only(path).pixels[..., 0], ramp())
    assert caplog.records == []


def test_warnings_of_pillow_stay_silent(file):
    no_frames = (b"acTL", struct.pack(">II", 0, 0))

    np.testing.assert_array_equal(only(file(png(ramp(), 8, GRAY, no_frames))).pixels[..., 0], ramp())


class TestFileSystem:
    def test_errors_of_the_disk_are_not_the_file_s(self, file, monkeypatch):
        path = file(encoded(NOISE, "PNG"))

        def failing(*_):
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(imagecodecs, "png_decode", failing)
        with pytest.raises(OSError, match="Input/output error"):
            next(read_planes(path))

    def test_lack_of_memory_is_not_the_file_s(self, file, monkeypatch):
        path = file(png(ramp(), 8, GRAY))

        def failing(*_):
            raise MemoryError

        monkeypatch.setattr(imagecodecs, "png_decode", failing)
        with pytest.raises(MemoryError):
            next(read_planes(path))
