"""The TIFF that a block of a mask is."""

from io import BytesIO

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from model.labels.tiff_blocks import encode_tiff
from tests.unit.model import label_images

LABELS = label_images.drawn()
BLOCKS = [
    LABELS.astype(np.uint16),
    LABELS.astype(np.uint32) * 70_000,
    np.ones((1, 3), ">u2"),
    LABELS[::2, 1:].astype("u2"),
]


@pytest.mark.parametrize("labels", BLOCKS)
def test_tifffile_and_libtiff_read_what_was_written(labels: np.ndarray):
    data = encode_tiff(labels)
    for read in (tifffile.imread(BytesIO(data)), imagecodecs.tiff_decode(data)):
        assert read.dtype == labels.dtype.newbyteorder("=")
        np.testing.assert_array_equal(read, labels)


def test_pillow_reads_16_bits():
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(encode_tiff(BLOCKS[0])))), BLOCKS[0])


def tags(data: bytes) -> dict[str, object]:
    """What a TIFF says of its image, but for where it lies."""
    with tifffile.TiffFile(BytesIO(data)) as file:
        (page,) = file.pages
        return {
            tag.name: tag.value for tag in page.tags if tag.name not in ("StripOffsets", "StripByteCounts")
        }


@pytest.mark.parametrize("labels", BLOCKS[:2])
def test_it_says_of_itself_what_tifffile_would(labels: np.ndarray):
    theirs = BytesIO()
    tifffile.imwrite(
        theirs,
        labels,
        compression="zlib",
        rowsperstrip=len(labels),
        photometric="minisblack",
        metadata=None,
        software=False,
    )
    assert tags(encode_tiff(labels)) == tags(theirs.getvalue())
