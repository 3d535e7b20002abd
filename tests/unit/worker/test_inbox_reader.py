"""What a worker opens lies in the watched folder, whatever its name has come to stand for since the scan."""

import os

import psutil
import pytest
from PIL import Image

from model.errors import ImageError
from model.reading import read_planes
from nuqleus.database.files.records import Claim
from nuqleus.errors import InboxAway, UnsafePath
from nuqleus.folder_stat import stat_folder
from tests.fake_segmenter import draw_squares
from worker.inbox_reader import FileChanged, InboxReader, ensure_unchanged, hash_content


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
    with pytest.raises(InboxAway, match="is its drive mounted"):
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


def put_zarr(inbox):
    for name, content in ((".zgroup", b"{}"), ("0/.zarray", b"{}"), ("0/0", b"12345")):
        path = inbox / "a.zarr" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return inbox / "a.zarr"


@pytest.fixture
def locate(settings):
    def locate(name, **changed):
        return InboxReader(settings.model_copy(update=changed)).locate(
            Claim(1, name, 1, 1, attempt=1, owner="me")
        )

    return locate


def test_an_image_that_is_a_folder_has_a_hash_of_all_that_is_in_it(inbox, locate):
    folder = put_zarr(inbox)
    before = hash_content(locate("a.zarr"))
    assert hash_content(locate("a.zarr")) == before

    (folder / "0/0").write_bytes(b"54321")
    other_content = hash_content(locate("a.zarr"))
    (folder / "0/0").write_bytes(b"12345")
    (folder / "0/0").rename(folder / "0/1")
    other_name = hash_content(locate("a.zarr"))

    assert len({before, other_content, other_name}) == 3


def test_a_folder_that_was_exchanged_for_a_link_is_refused(inbox, locate, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (inbox / "a.zarr").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UnsafePath, match="leads out"):
        locate("a.zarr")
    assert locate("a.zarr", outside_links=True).is_dir()


@pytest.mark.parametrize("change", [b"123456", b"54321"])
def test_a_folder_has_changed_when_one_of_its_files_has(inbox, locate, change):
    folder = put_zarr(inbox)
    seen = stat_folder(folder)
    claim = Claim(1, "a.zarr", seen.size, seen.mtime_ns, attempt=1, owner="me")
    with ensure_unchanged(locate("a.zarr"), claim):
        pass

    (folder / "0/0").write_bytes(change)
    os.utime(folder / "0/0", ns=(2**62, 2**62))
    with pytest.raises(FileChanged, match=r"a\.zarr changed"), ensure_unchanged(locate("a.zarr"), claim):
        pass


@pytest.mark.parametrize("target", ["../outside", "0/1", "."])
def test_a_link_in_a_folder_that_is_an_image_is_refused_and_no_setting_is_blamed(
    inbox, locate, tmp_path, target
):
    folder = put_zarr(inbox)
    (tmp_path / "outside").write_bytes(b"12345")
    (folder / "0/1").write_bytes(b"12345")
    (folder / "link").symlink_to(target)

    with pytest.raises(ImageError, match=r"'link' in it is a link.*cp -L") as refused:
        hash_content(locate("a.zarr"))
    assert refused.value.kind == "unsupported-format"
