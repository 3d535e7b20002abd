"""Nuclear channel finder: asked by a program that may not know stains itself.

    python -m model.reading.nuclear_channel_finder < JSON > JSON

Takes a list of (name, wavelength of the excitation in nm, or null); gives the place in it of the one channel that is a
nuclear stain's, by its name or else its wavelength, or null.
"""

import json
import sys
from collections.abc import Sequence

from model.reading.metadata import ChannelMetadata
from model.reading.nuclear_stains import find_by_name, find_by_wavelength


def find_nuclear_channel(channels: Sequence[tuple[str, float | None]]) -> int | None:
    """The place of the one channel that shows nuclei; None: nobody knows."""
    described = [ChannelMetadata.called(name, excitation_nm=wavelength) for name, wavelength in channels]
    found = find_by_name(described) or find_by_wavelength(described)
    return found[0] if len(found) == 1 else None


if __name__ == "__main__":
    json.dump(find_nuclear_channel(json.load(sys.stdin)), sys.stdout)
