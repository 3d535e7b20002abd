"""What a worker opens lies in the watched folder, whatever its name has come to stand for since the scan."""

import os

import psutil
import pytest
from PIL import Image

from model.reading import read_planes
from nuqleus.database.files.records import Claim
from nuqleus.errors import UnsafePath
from tests.fake_segmenter import draw_squares
from worker.inbox_reader import InboxReader


@pytest.fixture
def inbox(settings):
    return settings.input_dir


@pytest.fixture
def secret(tmp_path):
    """An image that nobody dropped."""
    (tmp_path / "secrets").mkdir()
    Image.fromarray(draw_squares(7)).save(tmp_path / "secrets/secret.png")
    return tmp_path / "secrets/secret.png"


@pytest.fixture
def read(settings):
    """Reads a file as a worker does: the shape of its image."""

    def read(name, **changed):
        source = InboxReader(settings.model_copy(update=changed))
        path = source.locate(Claim(1, name, 1, 1, attempt=1, owner="me"))
        return next(read_planes(path)).pixels.shape

    return read


def put(inbox, name="plate/a.png"):
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw_squares(2)).save(path)
    return path


def test_a_file_of_the_folder_opens(inbox, read):
    put(inbox)
    assert read("plate/a.png") == (16, 32, 1)


def test_so_does_one_that_a_link_inside_leads_to(inbox, read):
    (inbox / "link.png").symlink_to(put(inbox))
    assert read("link.png") == (16, 32, 1)


def test_and_one_in_a_folder_that_is_itself_reached_by_a_link(inbox, read, settings, tmp_path):
    put(inbox)
    (tmp_path / "shortcut").symlink_to(inbox)
    assert read("plate/a.png", input_dir=tmp_path / "shortcut") == (16, 32, 1)


def test_a_file_that_has_become_a_link_that_leads_out_does_not(inbox, read, secret):
    path = put(inbox)
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(UnsafePath, match="leads out of the watched folder"):
        read("plate/a.png")


def test_nor_does_one_whose_folder_has(inbox, read, secret):
    (inbox / "plate").symlink_to(secret.parent)
    with pytest.raises(UnsafePath):
        read("plate/secret.png")


def test_a_link_that_is_set_between_the_look_and_the_opening_is_refused(inbox, read, secret, monkeypatch):
    path = put(inbox)
    real = os.path.realpath

    def then_exchange(name, **options):
        found = real(name, **options)
        if str(name) == str(path) and not path.is_symlink():
            path.unlink()
            path.symlink_to(secret)
        return found

    monkeypatch.setattr(os.path, "realpath", then_exchange)
    with pytest.raises(OSError, match="symbolic links"):
        read("plate/a.png")


def test_links_may_lead_out_where_somebody_allowed_it(inbox, read, secret):
    (inbox / "link.png").symlink_to(secret)
    assert read("link.png", outside_links=True) == (16, 112, 1)


def test_a_pipe_is_refused_without_waiting_for_a_writer(inbox, read):
    os.mkfifo(inbox / "pipe.png")
    with pytest.raises(UnsafePath, match="a pipe"):
        read("pipe.png")


def test_a_name_that_climbs_is_refused(read):
    with pytest.raises(UnsafePath):
        read("../secrets/secret.png")


def test_a_folder_that_is_away_says_nothing_about_its_files(inbox, read):
    inbox.rmdir()
    with pytest.raises(OSError, match="is its drive mounted"):
        read("a.png")


def open_files():
    return psutil.Process().num_fds()


def test_no_descriptor_stays_open(inbox, read, secret):
    put(inbox)
    (inbox / "out.png").symlink_to(secret)
    before = open_files()
    for _ in range(5):
        read("plate/a.png")
        with pytest.raises(UnsafePath):
            read("out.png")
    assert open_files() == before
