"""The process that draws can't harm: neither fill a drive or the memory, nor the page by what it answers."""

import struct
import subprocess
import sys

import pytest

from web.messages import LARGEST, unpack


def attempt(code: str, folder) -> str:
    """Run code in a process that has limited itself; returns what it says."""
    limited = f"from web.drawing.limits import limit_process; limit_process(); {code}"
    ran = subprocess.run(
        [sys.executable, "-c", limited], capture_output=True, text=True, cwd=folder, check=False
    )
    return ran.stderr


def test_it_may_write_no_file(tmp_path):
    assert "File too large" in attempt("open('left', 'wb', 0).write(b'x')", tmp_path)
    assert (tmp_path / "left").stat().st_size == 0


def test_it_has_no_memory_without_end(tmp_path):
    assert "MemoryError" in attempt("bytearray(8 * 2**30)", tmp_path)


def test_an_answer_larger_than_any_picture_isn_t_read():
    def read(length: int) -> bytes:
        assert length == 4, "more was read than what says how long it is"
        return struct.pack(">I", LARGEST + 1)

    with pytest.raises(ValueError, match="too large"):
        unpack(read)
