"""What travels through the queue."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuqleus.errors import MessageError
from nuqleus.messages import Job

IDS = st.lists(st.integers(min_value=1), min_size=1).map(tuple)


@given(st.builds(Job, IDS, st.booleans()))
def test_a_job_survives_the_journey_through_json(job):
    assert Job.from_message(json.loads(json.dumps(job.to_message()))) == job


@pytest.mark.parametrize(
    "message",
    [
        None,
        7,
        "7",
        [],
        {},
        {"file_ids": [7]},
        {"file_ids": [7], "urgent": 1},
        {"file_ids": [], "urgent": False},
        {"file_ids": 7, "urgent": False},
        {"file_ids": "7", "urgent": False},
        {"file_ids": ["7"], "urgent": False},
        {"file_ids": [7.0], "urgent": False},
        {"file_ids": [True], "urgent": False},
        {"file_ids": [1, 0], "urgent": False},
        {"file_ids": [-1], "urgent": False},
        {"file_ids": [7], "urgent": False, "path": "../../etc/passwd"},
    ],
)
def test_a_message_that_is_not_ours_is_refused_and_quoted(message):
    with pytest.raises(MessageError, match="Received"):
        Job.from_message(message)
