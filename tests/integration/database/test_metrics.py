"""What Prometheus learns from a scheduler."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from nuqleus.database.leadership import Leadership, SchedulerIdentity, bind_folder
from nuqleus.database.workers import Workers
from nuqleus.errors import BrokerUnavailable
from scheduler.metrics import CACHE_SECONDS, SchedulerCollector
from tests.integration.database.conftest import Archive


class Asked:
    """Prometheus, and a broker that holds seven messages."""

    def __init__(self, archive: Archive):
        self.clock, self.messages = archive.clock, lambda: 7
        messages = lambda: self.messages()  # noqa: E731, PLW0108 - tests exchange it
        self.collector = SchedulerCollector(
            archive.engine, messages, alive_within=60, process_identity="me", clock=archive.clock
        )
        self.registry = CollectorRegistry()
        self.registry.register(self.collector)

    def __call__(self) -> dict[str, float]:
        """The samples as Prometheus reads them, a while after the last time."""
        self.clock.advance(CACHE_SECONDS)
        return self.at_once()

    def at_once(self) -> dict[str, float]:
        text = generate_latest(self.registry).decode()
        samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
        return {s.name + "".join(f"[{value}]" for value in s.labels.values()): s.value for s in samples}


@pytest.fixture
def ask(archive: Archive) -> Asked:
    return Asked(archive)


def test_files_are_counted_by_state_and_failures_by_reason(archive: Archive, ask: Asked):
    archive.waiting("a.png")
    archive.failed("b.png", "damaged")
    archive.done("c.png")

    now = ask()

    states = {state: now[f"nuqleus_files[{state}]"] for state in ("waiting", "queued", "failed", "done")}
    assert states == {"waiting": 1, "queued": 0, "failed": 1, "done": 1}
    assert now["nuqleus_failed_files[damaged]"] == 1


def test_the_queue_has_an_age_and_a_length(archive: Archive, ask: Asked):
    assert ask()["nuqleus_queue_age_seconds"] == 0
    archive.queued()

    now = ask()

    assert now["nuqleus_queue_age_seconds"] == CACHE_SECONDS
    assert (now["nuqleus_queue_messages"], now["nuqleus_broker_up"]) == (7, 1)


def test_work_is_counted_from_the_first_question_on(archive: Archive, ask: Asked):
    archive.done("before.png", "0")
    assert ask()["nuqleus_images_total"] == 0
    archive.done("after.png", "1")

    now = ask()

    assert (now["nuqleus_images_total"], now["nuqleus_nuclei_total"]) == (1, 3)
    assert now["nuqleus_pixels_total"] == 32 * 96
    assert now["nuqleus_stage_seconds_total[network]"] == pytest.approx(0.3)


def test_live_workers_are_counted_and_the_leader_says_so(archive: Archive, ask: Asked):
    bind_folder(archive.engine, "/inbox")
    Workers(archive.engine, archive.clock).start("host", 1, "cpu:0")
    assert (ask()["nuqleus_workers"], ask()["nuqleus_leader"]) == (1, 0)

    Leadership(archive.engine, SchedulerIdentity("host:1", "me"), 1e3, archive.clock).try_acquire()
    archive.clock.advance(100)

    assert (ask()["nuqleus_workers"], ask()["nuqleus_leader"]) == (0, 1)


def test_a_second_question_at_once_asks_nobody(archive: Archive, ask: Asked):
    ask()
    archive.waiting("a.png")

    assert ask.at_once()["nuqleus_files[waiting]"] == 0
    assert ask()["nuqleus_files[waiting]"] == 1


def test_answers_that_take_long_are_made_seldom(ask: Asked):
    def slowly():
        ask.clock.advance(2)
        return slowly.calls.append(1) or 0

    slowly.calls = []
    ask.messages = slowly
    for _ in range(8):
        ask()

    assert len(slowly.calls) == 1  # 2 s are 5 % of 40


def test_nobody_waits_while_another_asks(ask: Asked):
    ask()
    with ask.collector._asking:
        assert ask()["nuqleus_database_up"] == 1


def test_a_broker_that_is_away_is_told(ask: Asked):
    def away():
        raise BrokerUnavailable("away")

    ask.messages = away
    now = ask()

    assert (now["nuqleus_broker_up"], now["nuqleus_database_up"]) == (0, 1)
    assert "nuqleus_queue_messages" not in now


def test_a_database_that_is_away_is_told_and_comes_back(archive: Archive, ask: Asked, monkeypatch):
    from nuqleus.errors import DatabaseUnavailable

    def away(*_):
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as broken:
        broken.setattr("scheduler.metrics.failures_by_kind", away)
        now = ask()
    assert now["nuqleus_database_up"] == 0
    assert "nuqleus_files[done]" not in now

    assert ask()["nuqleus_database_up"] == 1
