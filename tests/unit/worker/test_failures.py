"""Every error becomes a short kind for programs and a sentence for people."""

import logging
import os

import pytest

from model.errors import ImageError
from worker.failures import describe_failure
from worker.time_limit import TimeLimitExceeded


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            ImageError("truncated", "a.png ends early. Copy it again."),
            "truncated",
            "a.png ends early. Copy it again.",
        ),
        (FileNotFoundError(2, "No such file"), "vanished", "moved away before it could be read"),
        (PermissionError(13, "Permission denied"), "unreadable", f"permission denied to user {os.geteuid()}"),
        (OSError(5, "Input/output error"), "unreadable", "Input/output error"),
        (TimeLimitExceeded(), "time-limit", "longer than 600 s"),
        (MemoryError(), "out-of-memory", "more memory"),
    ],
)
def test_expected_errors_have_a_kind_and_say_what_to_do(error, kind, words, caplog):
    failure = describe_failure(error, time_limit=600)

    assert failure.kind == kind
    assert words in failure.message
    assert caplog.records == []


def test_an_error_nobody_expected_is_named_and_logged_with_its_traceback(caplog):
    try:
        {}["missing"]
    except KeyError as error:
        failure = describe_failure(error, time_limit=600)

    assert failure.kind == "unexpected"
    assert "KeyError: 'missing'" in failure.message
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info[0] is KeyError
