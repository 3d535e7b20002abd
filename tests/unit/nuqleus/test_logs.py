"""A line an event, safe to print, without passwords."""

import io
import logging

import pytest

from nuqleus.logs import configure_logs


@pytest.fixture
def stream():
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    stream = io.StringIO()
    configure_logs("INFO", stream)
    yield stream
    root.handlers = before
    root.setLevel(level)


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
