"""A database, a watched folder with a file, and a clock that only moves when told to."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from nuqleus.database.states import Files, SeenFile
from nuqleus.settings import Settings
from tests.stand_in import draw_squares


@dataclass
class Clock:
    """Time as the tests set it; sleeping makes it pass."""

    now: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def engine(sqlite_engine):
    return sqlite_engine


@pytest.fixture
def files(engine, clock):
    return Files(engine, clock)


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "inbox").mkdir()
    return Settings(input_dir=tmp_path / "inbox", state_dir=tmp_path / "state")


@pytest.fixture
def drop(settings, files):
    """Put an image into the watched folder and queue it, as the scheduler would; returns its id."""

    def drop(name: str = "plate/three.png", nuclei: int = 3, content: bytes | None = None) -> int:
        path = settings.input_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            Image.fromarray(draw_squares(nuclei)).save(path)
        else:
            path.write_bytes(content)
        return queue(files, settings.input_dir, name)

    return drop


def queue(files: Files, folder: Path, name: str) -> int:
    now = (folder / name).stat()
    (file_id,) = files.observe([SeenFile(name, now.st_size, now.st_mtime_ns)]).values()
    files.enqueue([file_id])
    return file_id
