"""A file that is away, or is exchanged while it is looked at: a sentence says so, and the picture comes back."""

import os
import shutil
import subprocess
import sys
from hashlib import sha256

import numpy as np
import pytest
import tifffile
from PIL import Image
from sqlalchemy import delete

from model.errors import ImageError
from nuqleus.database.engine import writing
from nuqleus.database.tables import Overview
from nuqleus.file_stat import FileStat
from tests.unit.web.shown import SQUARES, Shown
from web.drawing.folder import Folder
from web.drawing.sources import Sources
from web.drawing_process import SILENT_SECONDS, DrawingProcess, DriveSilent, TimeLimits
from web.kept_pictures import KeptPictures

STOPS_ITSELF = "import os, signal, sys; sys.stdin.buffer.read(1); os.kill(os.getpid(), signal.SIGSTOP)"
"""What a process that waits for a drive looks like: it is there, and does nothing."""


@pytest.fixture
def image(shown: Shown, request: pytest.FixtureRequest) -> int:
    name = f"{sha256(request.node.name.encode()).hexdigest()[:8]}.png"
    Image.fromarray(SQUARES).save(shown.inbox / name, compress_level=len(name) % 9)
    return shown.measure(name)


def tile(shown, image):
    answer = shown.page.get(f"/images/{image}/tiles/1/0/0")
    assert answer.status_code in (200, 404)
    return answer.text if answer.status_code == 404 else "a picture"


@pytest.fixture
def moved(shown):
    """Lets the watched folder be somewhere else until the end."""
    kept = shown.inbox.with_name("kept")

    def move():
        shown.inbox.rename(kept)

    yield move
    if kept.exists():
        shutil.rmtree(shown.inbox, ignore_errors=True)
        kept.rename(shown.inbox)


def test_a_folder_that_was_renamed_is_said_to_be_away_and_shown_when_it_is_back(shown, image, moved):
    assert tile(shown, image) == "a picture"
    moved()
    assert "The watched folder" in tile(shown, image)
    assert "is not there: is its drive mounted?" in tile(shown, image)
    shown.inbox.with_name("kept").rename(shown.inbox)
    assert tile(shown, image) == "a picture"


def test_a_drive_that_was_unmounted_leaves_an_empty_folder_and_is_waited_for(shown, image):
    kept = shown.inbox.with_name("kept")
    shown.inbox.rename(kept)
    shown.inbox.mkdir()
    mounted = subprocess.run(["mount", "--bind", kept, shown.inbox], capture_output=True, check=False)
    try:
        if mounted.returncode:
            pytest.skip("nothing can be mounted here")
        assert tile(shown, image) == "a picture"
        subprocess.run(["umount", "--lazy", shown.inbox], check=True)
        assert "is its drive mounted?" in tile(shown, image)
        subprocess.run(["mount", "--bind", kept, shown.inbox], check=True)
        assert tile(shown, image) == "a picture"
    finally:
        subprocess.run(["umount", "--lazy", shown.inbox], capture_output=True, check=False)
        shown.inbox.rmdir()
        kept.rename(shown.inbox)


def test_what_stands_in_for_a_file_that_is_away_is_kept_by_no_browser(shown, image, moved):
    with writing(shown.engine) as connection:
        connection.execute(delete(Overview).where(Overview.image_id == image))
    pictures = [f"/images/{image}/overview.jpg", f"/images/{image}/nuclei/1/cutout.jpg"]
    moved()
    for path in (*pictures, f"/images/{image}/tiles/1/0/0", "/images/999999/tiles/1/0/0"):
        assert shown.page.get(path).headers["cache-control"] == "no-store"
    shown.inbox.with_name("kept").rename(shown.inbox)
    for path in pictures:
        kept = shown.page.get(path, params={"v": shown.site.edition})
        assert "immutable" in kept.headers["cache-control"]


def test_an_image_that_was_measured_anew_is_said_to_be_in_words_not_as_a_page(shown):
    answer = shown.page.get("/images/999999/tiles/1/0/0")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("There is nothing here. It may have been measured anew since")


class Looked:
    """A large image as the drawing process reads it: piece by piece, from the file, whenever a tile is drawn."""

    def __init__(self, folder):
        self.path, self.other = folder / "large.tif", folder / "other.tif"
        for path, value in ((self.path, 50), (self.other, 200)):
            pixels = np.full((4096, 4096), value, np.uint8)
            pixels[:32, :32] = np.arange(32) * 7
            tifffile.imwrite(path, pixels, tile=(256, 256))
        self.sources = Sources(Folder(folder, links_may_leave=False), None)
        self.described = {
            "path": "large.tif",
            "stat": list(FileStat.of(self.path.stat())),
            "sha256": sha256(self.path.read_bytes()).hexdigest(),
            "is_pending": False,
            "channels": 1,
            "field": [],
            **dict.fromkeys(("scene", "t", "z"), 0),
            **dict.fromkeys(("projection", "pages")),
        }

    def look(self, meanwhile=lambda: None):
        with self.sources.view(self.described) as view:
            meanwhile()
            return int(np.asarray(view.region(slice(2048, 2049), slice(2048, 2049), 1)).max())

    def exchange(self):
        """Put the other picture into its place, of the same size and time."""
        before = self.path.stat()
        self.path.rename(self.path.with_suffix(".kept"))
        shutil.copy(self.other, self.path)
        os.utime(self.path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def put_back(self):
        self.path.with_suffix(".kept").rename(self.path)


def test_a_file_that_is_exchanged_while_it_is_read_is_not_shown(tmp_path):
    looked = Looked(tmp_path)
    with pytest.raises(ImageError, match="has changed since it was measured"):
        looked.look(looked.exchange)
    looked.put_back()
    assert looked.look() == 50


def test_a_file_that_is_written_over_while_it_is_read_is_not_shown(tmp_path):
    looked = Looked(tmp_path)
    assert looked.look() == 50
    with pytest.raises(ImageError, match="has changed since it was measured"):
        looked.look(lambda: looked.path.write_bytes(looked.other.read_bytes()))


def test_a_drive_that_doesn_t_answer_is_waited_for_once_and_asked_again_later(clock):
    process = DrawingProcess((sys.executable, "-c", STOPS_ITSELF), TimeLimits(idle_seconds=0.3), clock)
    with pytest.raises(DriveSilent, match="doesn't answer"):
        process.ask({}, [])
    assert process._process is None
    process._command = ("false",)  # which would be noticed if it were started
    with pytest.raises(DriveSilent):
        process.ask({}, [])
    clock.advance(SILENT_SECONDS)
    process._command = (sys.executable, "-c", STOPS_ITSELF)
    with pytest.raises(DriveSilent):
        process.ask({}, [])


def test_small_pictures_of_images_from_before_are_drawn_once(shown, monkeypatch):
    Image.fromarray(SQUARES).save(shown.inbox / "before.png", compress_level=2)
    image = shown.measure("before.png", with_overviews=False)
    first = shown.page.get(f"/images/{image}/overview.jpg")
    assert first.headers["content-type"] == "image/jpeg"
    monkeypatch.setattr(shown.site.painter, "draw", lambda *_: pytest.fail("It was drawn again."))
    assert shown.page.get(f"/images/{image}/overview.jpg").content == first.content


def test_small_pictures_take_no_more_memory_than_they_may():
    kept = KeptPictures(most=10)
    for number in range(4):
        kept.keep(number, b"1234")
    assert [kept.get(number) for number in range(4)] == [None, None, b"1234", b"1234"]
    kept.get(2)
    kept.keep(4, b"1234")
    assert [kept.get(number) for number in (2, 3)] == [b"1234", None]
    kept.keep(2, b"12345678901")
    assert kept.get(2) is None
    kept.keep(5, b"1234567890")
    assert kept.get(5) == b"1234567890"
