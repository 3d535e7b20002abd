"""What travels through the queue."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuqleus.errors import MessageError
from nuqleus.messages import Job


@given(st.integers(min_value=1))
def test_a_job_survives_the_journey_through_json(file_id):
    assert Job.from_message(json.loads(json.dumps(Job(file_id).to_message()))) == Job(file_id)


@pytest.mark.parametrize(
    "message",
    [
        None,
        7,
        "7",
        [],
        {},
        {"file_id": "7"},
        {"file_id": 7.0},
        {"file_id": True},
        {"file_id": 0},
        {"file_id": -1},
        {"file_id": 7, "path": "../../etc/passwd"},
    ],
)
def test_a_message_that_is_not_ours_is_refused_and_quoted(message):
    with pytest.raises(MessageError, match="Received"):
        Job.from_message(message)
