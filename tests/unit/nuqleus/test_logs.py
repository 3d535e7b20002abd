"""A line an event, safe to print, without passwords."""

import contextvars
import io
import json
import logging
import threading
import warnings

import pytest

from nuqleus.logs import about_file, configure_logs


@pytest.fixture
def stream():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    stream = io.StringIO()
    with warnings.catch_warnings():
        configure_logs("INFO", stream)
        yield stream
    root.handlers = before
    root.setLevel(level)


@pytest.fixture
def json_line(stream: io.StringIO):
    """The one line that was logged, as JSON."""
    configure_logs("INFO", stream, log_format="json")

    def read():
        (line,) = stream.getvalue().splitlines()
        return json.loads(line)

    return read


log = logging.getLogger("scheduler.scanner")


def test_a_line_has_time_level_name_message_and_fields(stream: io.StringIO):
    record = log.makeRecord(
        log.name, logging.INFO, "", 0, "scanned", (), None, extra={"files": 3, "in": "a b"}
    )
    record.created, record.msecs = 1_700_000_000.031, 31

    logging.getLogger().handle(record)

    assert stream.getvalue() == '2023-11-14T22:13:20.031Z INFO scheduler.scanner: scanned files=3 in="a b"\n'


def test_what_is_less_severe_is_left_out(stream: io.StringIO):
    log.debug("nothing")

    assert stream.getvalue() == ""


def test_control_characters_of_a_file_s_name_do_no_harm(stream: io.StringIO):
    log.info("found %s", "a\x1b[2J\udcff.png", extra={"path": "b\r.png"})

    assert r"found a\x1b[2J\xff.png path=" in stream.getvalue()
    assert "\r" not in stream.getvalue()


def test_passwords_are_left_out(stream: io.StringIO):
    try:
        raise ValueError("no answer from redis://:hunter2@host/0")
    except ValueError:
        log.exception("can't reach postgresql+psycopg://me:s3cret@host:5432/db")

    text = stream.getvalue()
    assert "s3cret" not in text
    assert "hunter2" not in text
    assert "postgresql+psycopg://me:***@host:5432/db" in text
    assert "Traceback" in text


def test_configuring_again_replaces(stream: io.StringIO):
    configure_logs("INFO", stream)

    log.info("once")

    assert stream.getvalue().count("once") == 1


def test_a_warning_of_python_is_a_line_like_the_others(stream: io.StringIO):
    warnings.simplefilter("always")
    warnings.warn("an odd header", stacklevel=1)

    assert "WARNING py.warnings: UserWarning: an odd header at=" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


class TestTheFileAtHand:
    def test_its_id_is_on_every_line_whoever_logs(self, stream: io.StringIO):
        with about_file(12):
            logging.getLogger("some.package").warning("odd tag", extra={"tag": 1})
        log.info("idle")

        assert "some.package: odd tag file=12 tag=1\n" in stream.getvalue()
        assert stream.getvalue().endswith("idle\n")

    def test_a_file_within_another_s_block_has_its_own(self, stream: io.StringIO):
        with about_file(1):
            with about_file(2):
                log.info("inner")
            log.info("outer")

        assert "inner file=2" in stream.getvalue()
        assert "outer file=1" in stream.getvalue()

    def test_threads_don_t_share_it_unless_they_are_given_the_context(self, stream: io.StringIO):
        with about_file(3):
            given = contextvars.copy_context()
            for target in (lambda: log.info("of its own"), lambda: given.run(log.info, "given")):
                thread = threading.Thread(target=target)
                thread.start()
                thread.join()

        assert "of its own\n" in stream.getvalue()
        assert "given file=3\n" in stream.getvalue()


class TestJson:
    def test_a_line_is_an_object_with_the_same_fields(self, json_line):
        with about_file(12):
            record = log.makeRecord(
                log.name, logging.INFO, "", 0, "scanned %s", ("all",), None, extra={"files": 3, "ok": True}
            )
            record.created, record.msecs = 1_700_000_000.031, 31
            logging.getLogger().handle(record)

        assert list(json_line().items()) == [
            ("time", "2023-11-14T22:13:20.031Z"),
            ("level", "INFO"),
            ("logger", "scheduler.scanner"),
            ("message", "scanned all"),
            ("file", 12),
            ("files", 3),
            ("ok", True),
        ]

    def test_a_traceback_stays_on_the_line_without_passwords(self, json_line):
        try:
            raise ValueError("no answer from redis://:hunter2@host/0")
        except ValueError:
            log.exception("broken")

        assert json_line()["traceback"].startswith("Traceback")
        assert json_line()["traceback"].endswith("redis://:***@host/0")

    def test_what_is_no_json_is_text(self, json_line):
        log.info("x", extra={"ratio": float("nan"), "names": ["a\udcff"], "none": None})

        assert json_line() | {"ratio": "nan", "names": r"['a\udcff']", "none": None} == json_line()

    def test_a_url_in_one_field_takes_nothing_from_the_next(self, json_line):
        log.info("redis://host:1", extra={"mail": "me@host", "level": "mine"})

        assert (json_line()["message"], json_line()["mail"]) == ("redis://host:1", "me@host")
        assert json_line()["level"] == "INFO"

    def test_control_characters_are_escaped_as_in_text(self, json_line):
        log.info("found a\x1b[2J\udcff.png")

        assert json_line()["message"] == r"found a\x1b[2J\xff.png"
