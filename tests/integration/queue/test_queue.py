"""Messages on a real Redis-protocol server."""

from contextlib import suppress

import pytest

from nuqleus.messages import Job
from nuqleus.queue import QUEUE, TASK, make_app, queue_depth, send_jobs
from nuqleus.settings import get_settings

pytestmark = pytest.mark.integration


@pytest.fixture
def app(broker_url):
    app = make_app(get_settings(broker_url=broker_url))
    yield app
    app.close()


def receive(app):
    """Takes all messages, in the order in which a worker gets them."""
    with (
        app.connection_for_read() as connection,
        connection.SimpleQueue(QUEUE) as queue,
        suppress(queue.Empty),
    ):
        while True:
            message = queue.get_nowait()
            message.ack()
            (payload, *_), _, _ = message.payload
            yield message.headers["task"], Job.from_message(payload)


def test_messages_arrive_in_the_order_in_which_they_were_sent(app):
    jobs = [Job((3,)), Job((1, 4)), Job((2,))]
    send_jobs(app, jobs)
    assert list(receive(app)) == [(TASK, job) for job in jobs]


def test_the_depth_is_the_number_of_messages_that_wait(app):
    assert queue_depth(app) == 0
    send_jobs(app, [Job((number,)) for number in range(1, 8)])
    assert queue_depth(app) == 7
    list(receive(app))
    assert queue_depth(app) == 0


def test_urgent_messages_overtake_ordinary_ones(app):
    send_jobs(app, [Job((1,)), Job((2,)), Job((3,), urgent=True)])
    assert [job.file_ids for _, job in receive(app)] == [(3,), (1,), (2,)]
