"""What all tests of this room need."""

import pytest

from model.reading.decoder_errors import silence_decoders


@pytest.fixture(autouse=True)
def decoders_are_silent() -> None:
    """As in every process that reads; pytest puts filters of its own before those of the process, for each test."""
    silence_decoders()


@pytest.fixture
def file(tmp_path):
    """Write bytes to a file and return its path."""

    def write(data):
        path = tmp_path / "a.tif"
        path.write_bytes(data)
        return path

    return write
