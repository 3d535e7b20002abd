"""Nuclear channel finder: which of a plate's channels shows the nuclei. A process of its own, the scheduler's child.

    python -m scheduler.plates.nuclear_channel_finder < JSON > JSON

It alone knows the names of stains, which stand in `model`; the scheduler asks it when a sidecar comes late.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

from nuqleus.database.plates import KnownChannel

SECONDS = 120.0


def find_nuclear_channel(channels: Sequence[KnownChannel]) -> int | None:
    """The number of the one channel that is a nuclear stain's, by its name or else its wavelength; None: nobody knows.

    Raises:
        OSError: there is no starting a process.
        subprocess.SubprocessError: it took too long, or failed.
    """
    asked = json.dumps([[one.channel, one.name, one.wavelength] for one in channels])
    command = [sys.executable, "-m", __name__]
    process = subprocess.run(
        command, input=asked, capture_output=True, text=True, timeout=SECONDS, check=True
    )
    found: int | None = json.loads(process.stdout)
    return found


def _find(channels: Sequence[tuple[int, str, float | None]]) -> int | None:
    from model.reading.metadata import ChannelMetadata
    from model.reading.nuclear_stains import find_by_name, find_by_wavelength

    described = [ChannelMetadata.called(name, excitation_nm=wavelength) for _, name, wavelength in channels]
    found = find_by_name(described) or find_by_wavelength(described)
    return channels[found[0]][0] if len(found) == 1 else None


if __name__ == "__main__":
    json.dump(_find(json.load(sys.stdin)), sys.stdout)
