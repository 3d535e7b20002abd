"""Fields of four files against the same pixels in one file: `python benchmarks/fields.py [--fields 40] [--side 1080]`.

Reading, hashing, segmenting and measuring, as a worker does them; the same images in turns, so that what else the
machine does falls on both alike. Seconds are those of this process on all cores.
"""

import statistics
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import tifffile

from model.hashing import hash_file
from model.reading.field import ChannelFile, Field, FieldChannel
from model.samples import drawn
from worker.factory import load_network
from worker.pipeline import SegmenterProtocol, process

CHANNELS = tuple(FieldChannel(f"w{number}") for number in range(1, 5))


def write_field(folder: Path, number: int, side: int) -> tuple[Path, Field]:
    """Write the same pixels as one file of four channels, and as four files."""
    light = drawn.fluorescence(drawn.FieldOfView(side, side, count=side * side // 5000), number).pixels
    pixels = np.stack([light // (channel + 1) for channel in range(len(CHANNELS))])
    whole = folder / f"{number}.tif"
    tifffile.imwrite(whole, pixels, metadata={"axes": "CYX"}, photometric="minisblack", ome=True)
    files = []
    for channel, plane in enumerate(pixels):
        path = folder / f"{number}_w{channel + 1}.tif"
        tifffile.imwrite(path, plane, photometric="minisblack")
        files.append(ChannelFile(path, channel))
    return whole, Field(files, CHANNELS)


def seconds_of(segmenter: SegmenterProtocol, path: Path, field: Field | None) -> float:
    """Processor seconds of a file, or of a field."""
    began = time.process_time()
    for one in [path] if field is None else [file.path for file in field.files]:
        hash_file(one)
    for _ in process(path, segmenter, field=field):
        pass
    return time.process_time() - began


@click.command(help=__doc__)
@click.option("--fields", default=40)
@click.option("--side", default=1080, help="Pixels.")
def main(fields: int, side: int) -> None:
    """Print the throughput of fields, as a share of that of files."""
    segmenter = load_network(None)
    whole, parts = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(fields):
            path, field = write_field(Path(folder), number, side)
            whole.append(seconds_of(segmenter, path, None))
            parts.append(seconds_of(segmenter, field.files[0].path, field))
    in_one, in_four = statistics.median(whole), statistics.median(parts)
    print(f"{fields} fields of {side} x {side} pixels in 4 channels, processor seconds of each (median):")
    print(f"one file {in_one:.3f}, four files {in_four:.3f}: {in_one / in_four:.3f} of the throughput")


if __name__ == "__main__":
    main()
