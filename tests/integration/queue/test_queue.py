"""Messages on a real Redis-protocol server."""

from contextlib import suppress

import pytest

from nuqleus.messages import Job
from nuqleus.queue import QUEUE, TASK, depth, make_app, send
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
    send(app, [3, 1, 2])
    assert list(receive(app)) == [(TASK, Job(3)), (TASK, Job(1)), (TASK, Job(2))]


def test_the_depth_is_the_number_of_messages_that_wait(app):
    assert depth(app) == 0
    send(app, range(1, 8))
    assert depth(app) == 7
    list(receive(app))
    assert depth(app) == 0


def test_urgent_messages_overtake_ordinary_ones(app):
    send(app, [1, 2])
    app.send_task(TASK, args=[Job(3).to_message()], priority=0)
    assert [job.file_id for _, job in receive(app)] == [3, 1, 2]
