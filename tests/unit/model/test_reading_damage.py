"""Files that end too early or whose bytes are wrong: an image or an ImageError, and never anything else."""

import random
import struct
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
import tifffile

from model.errors import ImageError
from model.reading import read_planes
from model.reading.tiff.photometry import expand

from .image_bytes import NOISE, STACK, WHOLE, encoded, encoded_tiff
from .images import GRAY, ramp, refusal, tiff


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

        error = refusal(file(data))

        assert error.kind == "damaged"
        assert "page 0 lacks a part of its pixels" in str(error)

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
