"""Events of the real operating system, and what happens without them."""

import queue
from contextlib import contextmanager

from scheduler.watcher import Watcher


class Recorder(Watcher):
    """Keeps the events that would wake."""

    def __init__(self, root):
        self.events = queue.Queue()
        super().__init__(root, wake=lambda: None)

    def on_any_event(self, event):
        super().on_any_event(event)
        self.events.put((event.event_type, str(event.src_path)))


@contextmanager
def watching(root):
    recorder = Recorder(root)
    assert recorder.start()
    try:
        yield recorder.events
    finally:
        recorder.stop()


def test_a_new_file_wakes_in_subfolders_too(tmp_path):
    (tmp_path / "sub").mkdir()
    with watching(tmp_path) as events:
        (tmp_path / "sub" / "a.tif").touch()
        assert events.get(timeout=120) == ("created", str(tmp_path / "sub" / "a.tif"))


def test_a_folder_that_is_moved_in_wakes(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "inbox").mkdir()
    with watching(tmp_path / "inbox") as events:
        (tmp_path / "outside").rename(tmp_path / "inbox" / "plate")
        assert events.get(timeout=120)[1] == str(tmp_path / "inbox" / "plate")


def test_a_file_that_is_closed_after_writing_wakes(tmp_path):
    with (tmp_path / "a.tif").open("wb") as file, watching(tmp_path) as events:
        file.close()
        assert events.get(timeout=120) == ("closed", str(tmp_path / "a.tif"))


def test_reading_does_not_wake(tmp_path):
    (tmp_path / "a.tif").touch()
    with watching(tmp_path) as events:
        (tmp_path / "a.tif").read_bytes()
        (tmp_path / "b").mkdir()
        assert events.get(timeout=120) == ("created", str(tmp_path / "b")), "events come in order"


def test_each_event_is_passed_on(tmp_path):
    woken = queue.Queue()
    watcher = Watcher(tmp_path, lambda: woken.put(True))
    watcher.start()
    (tmp_path / "b").mkdir()
    assert woken.get(timeout=120)
    watcher.stop()


def test_where_the_system_has_no_events_left_it_says_so_and_scanning_has_to_do(tmp_path, monkeypatch, caplog):
    def start(_):
        raise OSError("inotify watch limit reached")

    monkeypatch.setattr("watchdog.observers.api.BaseObserver.start", start)
    watcher = Watcher(tmp_path, lambda: None)
    assert watcher.start() is False
    watcher.stop()
    assert "found by scanning alone" in caplog.text
