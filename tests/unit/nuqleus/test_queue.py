"""The Celery app: no message may be lost or run twice because of a setting."""

import pytest

from nuqleus.errors import SettingsError
from nuqleus.messages import Job
from nuqleus.queue import QUEUE, make_app, queue_depth, send_jobs
from nuqleus.settings import get_settings


@pytest.fixture
def app():
    app = make_app(get_settings(broker_url="memory://", soft_time_limit=100, time_limit=110))
    yield app
    app.control.purge()


def test_without_a_broker_the_error_says_what_to_set():
    with pytest.raises(SettingsError, match="NUQLEUS_BROKER_URL"):
        make_app(get_settings())


def test_a_worker_keeps_one_message_until_its_work_is_committed(app):
    assert app.conf.task_acks_late
    assert app.conf.worker_prefetch_multiplier == 1


def test_no_message_becomes_visible_again_while_its_task_may_still_run(app):
    assert app.conf.broker_transport_options["visibility_timeout"] > app.conf.task_time_limit == 110
    assert app.conf.task_soft_time_limit == 100


def test_messages_of_a_dead_worker_come_back_in_seconds_not_minutes(app):
    options = app.conf.broker_transport_options
    assert options["unacked_restore_interval"] * options["unacked_restore_throttle"] <= 10


def test_nothing_waits_for_ever_and_nobody_stops_trying(app):
    assert app.conf.broker_transport_options["socket_timeout"]
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.broker_connection_retry_on_startup


def test_only_json_is_accepted_and_no_results_are_kept(app):
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_ignore_result
    assert app.conf.result_backend is None


def test_a_message_names_its_files_and_nothing_else(app):
    send_jobs(app, [Job((41,)), Job((42, 43))])

    assert queue_depth(app) == 2
    with app.connection_for_read() as connection, connection.SimpleQueue(QUEUE) as queue:
        (first, *_), _, _ = queue.get_nowait().payload
        (second, *_), _, _ = queue.get_nowait().payload
    assert [first, second] == [{"file_ids": [41], "urgent": False}, {"file_ids": [42, 43], "urgent": False}]
