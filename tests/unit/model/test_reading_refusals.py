"""Files that can't be read: each is refused with a reason, and never with anything else."""

import random
import struct
import time
import tracemalloc
import zlib
from contextlib import suppress
from io import BytesIO

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from model.errors import ImageError
from model.reading import read_planes
from model.reading.tiff.photometry import expand
from model.reading.unsupported_formats import ENDINGS, PREVIEWS, SIGNATURES

from .images import GRAY, RGB, only, png, png_header, ramp, tiff


def refusal(path, **options):
    """The error that reading all planes of a file ends with."""
    with pytest.raises(ImageError) as caught:
        for _ in read_planes(path, **options):
            pass
    assert str(path) in str(caught.value)
    return caught.value


@pytest.fixture
def file(tmp_path):
    """Write bytes to a file and return its path."""

    def write(data):
        path = tmp_path / "a.tif"
        path.write_bytes(data)
        return path

    return write


def encoded(values, format_, **options):
    buffer = BytesIO()
    Image.fromarray(values).save(buffer, format_, **options)
    return buffer.getvalue()


def encoded_tiff(values, **options):
    buffer = BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


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


STACK = np.arange(6 * 40 * 50, dtype=np.uint16).reshape(6, 40, 50)
NOISE = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
WHOLE = {
    "png": encoded(NOISE, "PNG"),
    "png, 16-bit colour": png(ramp(60, 80, "uint16", 3), 16, RGB),
    "jpeg": encoded(NOISE, "JPEG"),
    "bmp": encoded(NOISE, "BMP"),
    "tiff": encoded_tiff(NOISE),
    "tiff, lzw": encoded_tiff(NOISE, compression="lzw"),
    "tiff, jpeg": encoded_tiff(NOISE, compression="jpeg", tile=(16, 16)),
    "tiff, big": encoded_tiff(NOISE, bigtiff=True),
    "stack": encoded_tiff(STACK, photometric="minisblack"),
    "stack, deflate": encoded_tiff(STACK, photometric="minisblack", compression="zlib", metadata=None),
    "stack, imagej": encoded_tiff(STACK, imagej=True),
    "stack, imagej, one directory": encoded_tiff(STACK, imagej=True, truncate=True),
    "stack, ome": encoded_tiff(STACK, ome=True, photometric="minisblack"),
}  # fmt: skip


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_that_ends_too_early_is_truncated(file, kind, share):
    data = WHOLE[kind]

    assert refusal(file(data[: int(len(data) * share)])).kind == "truncated"


@pytest.mark.parametrize("missing", [6, 8, 10, 12])
def test_a_png_without_its_end_is_truncated(file, missing):
    assert refusal(file(WHOLE["png"][:-missing])).kind == "truncated"


class TestDamage:
    def test_a_wrong_checksum_in_a_png(self, file):
        data = bytearray(WHOLE["png"])
        data[len(data) // 2] ^= 255

        assert refusal(file(bytes(data))).kind == "damaged"

    def test_wrong_bytes_among_the_last_of_a_png(self, file, caplog):
        """The decoder also logs some of them."""
        whole = encoded(NOISE[..., 0] % 10, "PNG")
        for wrong in range(len(whole) - 76, len(whole) - 12):
            damaged = whole[:wrong] + bytes([whole[wrong] ^ 255]) + whole[wrong + 1 :]
            assert refusal(file(damaged)).kind == "damaged"

        assert caplog.records == []

    @pytest.mark.parametrize("following", [8, 0xFFFFFF00])
    def test_a_chain_of_directories_that_never_ends_well(self, file, following):
        error = refusal(file(tiff(7, 5, {}, ramp().tobytes(), following=following)))

        assert error.kind == ("damaged" if following == 8 else "truncated")

    def test_a_longer_loop_of_directories(self, file):
        data = bytearray(encoded_tiff(STACK, photometric="minisblack", metadata=None))
        with tifffile.TiffFile(BytesIO(bytes(data))) as written:
            second, last = written.pages[1].offset, written.pages[-1].offset
        tags = struct.unpack_from("<H", data, last)[0]
        struct.pack_into("<I", data, last + 2 + 12 * tags, second)

        assert refusal(file(bytes(data))).kind == "damaged"

    def test_no_directory_at_all(self, file):
        assert refusal(file(b"II*\0\0\0\0\0")).kind == "damaged"

    def test_a_missing_strip(self, file):
        pixels = ramp(4, 8).tobytes()
        data = tiff(8, 4, {278: 1, 259: 32773, 273: (500, 510), 279: (9, 9)}, pixels).ljust(1000, b"\0")

        assert refusal(file(data)).kind == "damaged"

    def test_a_page_unlike_the_others_of_its_stack(self, file):
        data = bytearray(encoded_tiff(STACK, photometric="minisblack"))
        with tifffile.TiffFile(BytesIO(bytes(data))) as written:
            width = written.pages[3].tags["ImageWidth"].valueoffset
        struct.pack_into("<H", data, width, 25)

        error = refusal(file(bytes(data)))

        assert error.kind == "damaged"
        assert "page 3" in str(error)

    def test_strips_that_decode_to_nonsense(self, file):
        assert refusal(file(tiff(8, 4, {259: 8}, b"this is not deflate"))).kind == "damaged"


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


@pytest.mark.parametrize("kind", WHOLE)
def test_damaged_files_never_surface_as_anything_else(file, kind, capfd, caplog):
    """Random bytes changed, most of them in the header, or the end cut off: a result or ImageError, in silence."""
    chance = random.Random(kind)
    for _ in range(40):
        path = file(mutated(WHOLE[kind], chance))
        with suppress(ImageError):
            for _ in read_planes(path, max_pixels=10_000_000):
                pass

    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def mutated(whole, chance):
    data = bytearray(whole)
    if chance.random() < 0.2:
        return bytes(data[: chance.randrange(len(data))])
    reach = chance.choice((400, len(data)))
    for _ in range(chance.choice((1, 2, 5, 20))):
        data[chance.randrange(min(reach, len(data)))] = chance.choice((0, 255, chance.randrange(256)))
    return bytes(data)


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


def test_a_tile_larger_than_any_image_is_refused_before_memory_is_taken_for_it(file):
    """Found by damaged files: a tile of 17 GB in an image of 64 × 48."""
    path = file(encoded_tiff(GRAY, tile=(16, 16), compression="lzw"))
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.pages[0].tags["TileWidth"].overwrite(2**15 * 16)
    error = refusal(path, max_pixels=10_000)
    assert error.kind == "damaged"
    assert "tiles" in str(error)


@pytest.mark.parametrize("shape", [(768,), (2, 256), (3, 16, 16)])
def test_a_palette_of_another_shape_is_damage(shape):
    with pytest.raises(ValueError, match="palette is missing or damaged"):
        expand(np.zeros((4, 4), np.uint8), np.zeros(shape, np.uint16))
