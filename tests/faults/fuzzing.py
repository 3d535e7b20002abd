"""Damaged image files by the thousand, read under limits: `python -m tests.faults.fuzzing SEED COUNT FOLDER`.

Each case begins as a real file of a kind that the readers know, and is damaged in ways that a seed decides. Reading it
must give planes, or an `ImageError`. Memory and processor time are limited by the system: a case that needs too much of
either ends the process, and the file that it began with is left in the folder.
"""

import json
import random
import resource
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from model.errors import ImageError
from model.reading import read_planes

MEMORY = 2 * 1024**3
"""Bytes of address space that reading may take beyond what the libraries have taken."""

SECONDS = 10
"""Of processor time that one case may take."""

MAX_PIXELS = 2_000_000

TELLING = (
    0,
    1,
    2,
    3,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)
"""Numbers that arithmetic on sizes and offsets trips over."""


@dataclass
class Report:
    """What came of the cases of one process.

    Attributes:
        cases: files read.
        outcomes: how often each kind of `ImageError` was raised; `read` counts files that gave planes.
        surprises: anything else that was raised, with the case that raised it.
        slowest: seconds of processor time, of the slowest case.
        peak_mb: most memory that was ever used.
    """

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)
    slowest: float = 0.0
    peak_mb: float = 0.0


def seeds() -> dict[str, bytes]:
    """Whole files of all kinds, by name: small, so that damage hits what matters."""
    ramp = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)
    gray, colour = (
        (ramp % 251).astype(np.uint8),
        np.stack([ramp % 251, ramp % 83, ramp % 17], -1).astype(np.uint8),
    )
    stack = np.stack([ramp + 100 * number for number in range(6)])
    return {**_tiffs(gray, colour, ramp, stack), **_rasters(gray, colour, ramp)}


def _tiffs(gray: Any, colour: Any, ramp: Any, stack: Any) -> dict[str, bytes]:
    tiled = {"tile": (16, 16)}
    return {
        "gray.tif": _tiff(gray),
        "colour.tif": _tiff(colour, photometric="rgb"),
        "planar.tif": _tiff(np.moveaxis(colour, -1, 0), photometric="rgb", planarconfig="separate"),
        "palette.tif": _tiff(gray, photometric="palette", colormap=np.zeros((3, 256), np.uint16)),
        "bits.tif": _tiff(gray > 99, photometric="miniswhite"),
        "float.tif": _tiff(np.where(ramp % 7, ramp, np.nan).astype(np.float32)),
        "signed.tif": _tiff(ramp.astype(np.int16) - 99, byteorder=">"),
        "big.tif": _tiff(ramp, bigtiff=True),
        "stack.tif": _tiff(stack, photometric="minisblack", metadata={"axes": "ZYX"}),
        "imagej.tif": _tiff(stack[:, None], imagej=True, metadata={"axes": "TCYX"}),
        "scenes.ome.tif": _tiff(stack.reshape(2, 3, 48, 64), ome=True, metadata={"axes": "TCYX"}),
        "strips.tif": _tiff(ramp, compression="zlib", predictor=True, rowsperstrip=5),
        "lzw.tif": _tiff(gray, compression="lzw", **tiled),
        "zstd.tif": _tiff(ramp, compression="zstd", **tiled),
        "lzma.tif": _tiff(ramp, compression="lzma"),
        "packbits.tif": _tiff(gray, compression="packbits"),
        "jpeg.tif": _tiff(colour, photometric="ycbcr", compression="jpeg", **tiled),
        "jpeg2000.tif": _tiff(colour, photometric="rgb", compression="jpeg2000", **tiled),
        "webp.tif": _tiff(colour, photometric="rgb", compression="webp", **tiled),
    }


def _rasters(gray: Any, colour: Any, ramp: Any) -> dict[str, bytes]:
    pictures = {"gray": Image.fromarray(gray), "colour": Image.fromarray(colour)}
    files = {
        f"{name}.{kind}": _saved(picture, kind)
        for name, picture in pictures.items()
        for kind in ("png", "jpeg", "bmp")
    }
    return files | {
        "deep.png": _saved(Image.fromarray(ramp), "png"),
        "palette.png": _saved(pictures["colour"].quantize(16), "png"),
        "bits.png": _saved(pictures["gray"].convert("1"), "png"),
        "alpha.png": _saved(pictures["colour"].convert("RGBA"), "png"),
        "progressive.jpeg": _saved(pictures["colour"], "jpeg", progressive=True, exif=_exif()),
        "ink.jpeg": _saved(pictures["colour"].convert("CMYK"), "jpeg"),
        "palette.bmp": _saved(pictures["colour"].quantize(16), "bmp"),
    }


def _tiff(pixels: Any, **options: Any) -> bytes:
    file = BytesIO()
    tifffile.imwrite(file, pixels, resolution=(30_000, 30_000), **options)
    return file.getvalue()


def _saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, kind, dpi=(300, 300), **options)
    return file.getvalue()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    return exif


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """A file with one to eight wounds; PNG chunks get right checksums again in half of the cases."""
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        chance.choice(WOUNDS)(data, chance)
    return with_checksums(bytes(data)) if chance.random() < 0.5 else bytes(data)


def _place(data: bytearray, chance: random.Random) -> int:
    """Somewhere in a file; headers and directories, at its ends, are more telling than pixels."""
    last = max(0, len(data) - 1)
    span = chance.choice((32, 256, 1024, len(data)))
    at = chance.randrange(max(1, min(span, last + 1)))
    return at if chance.random() < 0.7 else last - at


def _flip(data: bytearray, chance: random.Random) -> None:
    if data:
        data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _set(data: bytearray, chance: random.Random) -> None:
    form = chance.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
    size, at = struct.calcsize(form), _place(data, chance)
    number = chance.choice((*TELLING, len(data), chance.getrandbits(32))) % 2 ** (8 * size)
    data[at : at + size] = struct.pack(form, number)


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[_place(data, chance) :]


def _leave_out(data: bytearray, chance: random.Random) -> None:
    at = _place(data, chance)
    del data[at : at + chance.randrange(1, 64)]


def _repeat(data: bytearray, chance: random.Random) -> None:
    at, length = _place(data, chance), chance.randrange(1, 64)
    data[at:at] = data[at : at + length] * chance.choice((1, 2, 50))


def _shuffle(data: bytearray, chance: random.Random) -> None:
    source, target, length = _place(data, chance), _place(data, chance), chance.randrange(1, 32)
    data[target : target + length] = data[source : source + length]


WOUNDS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(_flip, _set, _set, _set),
    *(_cut, _leave_out, _repeat, _shuffle),
)


def with_checksums(data: bytes) -> bytes:
    """A PNG whose chunks have right checksums, so that what they hold is looked at; others as they are."""
    if not data.startswith(b"\x89PNG"):
        return data
    fixed, at = bytearray(data), 8
    while at + 12 <= len(fixed):
        (length,) = struct.unpack_from(">I", fixed, at)
        end = at + 8 + length
        if end + 4 > len(fixed):
            break
        struct.pack_into(">I", fixed, end, zlib.crc32(fixed[at + 4 : end]))
        at = end + 4
    return bytes(fixed)


def cases(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Names and contents of damaged files; the same ones for the same seed."""
    whole = list(seeds().items())
    for number in range(seed, seed + count):
        chance = random.Random(number)
        name, data = whole[number % len(whole)]
        yield f"{number}-{name}", damaged(data, chance)


def read(path: Path, report: Report) -> None:
    """Read a file, and note what came of it."""
    began = time.process_time()
    try:
        for plane in read_planes(path, max_pixels=MAX_PIXELS):
            assert plane.pixels.ndim == 3
        report.outcomes["read"] += 1
    except ImageError as error:
        report.outcomes[error.kind] += 1
    except Exception as error:
        report.surprises.append(f"{path.name}: {type(error).__name__}: {error}")
    report.cases += 1
    report.slowest = max(report.slowest, time.process_time() - began)


def run(seed: int, count: int, folder: Path) -> Report:
    """Read cases one after the other; a file stays in the folder only if reading it ended this process."""
    report = Report()
    for _ in cases(0, len(seeds())):  # libraries take their memory now
        pass
    limit = _address_space() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for name, data in cases(seed, count):
        path = folder / name
        path.write_bytes(data)
        _end_in(SECONDS)
        read(path, report)
        if not report.surprises or not report.surprises[-1].startswith(name):
            path.unlink()
    report.peak_mb = _peak_mb()
    return report


def _peak_mb() -> float:
    """Most memory that this program ever had; `ru_maxrss` has that of the process that started it, too."""
    status = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return peak / 1024


def _end_in(seconds: int) -> None:
    """Let the system end this process after this many more seconds of CPU."""
    end = int(time.process_time()) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (end, resource.RLIM_INFINITY))


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    print(json.dumps(vars(run(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))))  # noqa: T201
