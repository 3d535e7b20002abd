"""Nuclear channel finder: which of a plate's channels shows the nuclei.

What stains are called stands in `model`, which the scheduler never loads: a process of its own is asked. That is rare:
workers choose the channel, unless its name comes later than they.
"""

import json
import subprocess
import sys
from collections.abc import Sequence

from nuqleus.database.plates import KnownChannel

COMMAND = (sys.executable, "-m", "model.reading.nuclear_channel_finder")
SECONDS = 120.0


def find_nuclear_channel(channels: Sequence[KnownChannel]) -> int | None:
    """The number of the one channel that is a nuclear stain's, by its name or else its wavelength; None: nobody knows.

    Raises:
        OSError: there is no starting a process.
        subprocess.SubprocessError: it took too long, or failed.
    """
    asked = json.dumps([(channel.name, channel.wavelength) for channel in channels])
    answer = subprocess.run(COMMAND, input=asked, capture_output=True, text=True, timeout=SECONDS, check=True)
    place = json.loads(answer.stdout)
    return None if place is None else channels[place].channel
