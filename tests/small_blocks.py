"""Blocks as small as a test's picture, so that it is worked on in several."""

import pytest

from model.blockwise import block_layout


def shrink_blocks(patch: pytest.MonkeyPatch, **sizes: int) -> None:
    """Have blocks of 128 pixels, and nuclei of 48 at most; `sizes` are other sizes of `block_layout`."""
    small = {"BLOCK_SIDE": 128, "LARGEST_NUCLEUS": 48, "EDGE_MARGIN": 8, "ZOOMED_MARGIN": 8}
    for name, pixels in (small | sizes).items():
        patch.setattr(block_layout, name, pixels)
