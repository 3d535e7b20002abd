"""What Prometheus learns from a worker."""

import pytest
from prometheus_client import generate_latest

from nuqleus.database.files.results import FileResults
from nuqleus.database.model_registry import register_model
from nuqleus.image_options import DEFAULT_OPTIONS
from tests.examples import image_result
from worker.failures import FailureReason
from worker.metrics import OUTCOMES, Metrics, WorkerInfoCollector
from worker.outcome_writer import OutcomeWriter
from worker.outcomes import Content, Done, Duplicate, Failed, Identified, Lost, OutOfMemory, Released
from worker.overlay_writer import OverlayWriter
from worker.retry_policy import RetryPolicy


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def writer(settings, worker_files, heartbeat, metrics, clock):
    return OutcomeWriter(settings, worker_files, heartbeat, metrics, RetryPolicy(sleep=clock.sleep))


@pytest.fixture
def claim(drop, worker_files):
    return lambda name: worker_files.claim(drop(name), "me", 60)


@pytest.fixture
def done(engine, claim):
    model_id = register_model(engine, "threshold", "0" * 64, {}, {}, "tests")

    def done(name, *images):
        file = claim(name)
        results = FileResults(file, name, model_id, images or [image_result(nuclei=3)])
        return Done(file, results, OverlayWriter(None, name))

    return done


@pytest.fixture
def value(metrics):
    def value(name, **labels):
        return metrics.registry.get_sample_value(f"nuqleus_worker_{name}", labels)

    return value


def test_results_are_counted_when_they_are_stored(writer, done, value):
    images = [image_result(nuclei=3), image_result(nuclei=2, z=1)]
    writer.commit([done("a.png", *images), done("b.png")])

    assert value("files_total", outcome="done") == 2
    assert (value("images_total"), value("nuclei_total")) == (3, 8)
    assert value("pixels_total") == 32 * 32 * (3 + 2 + 3)


def test_each_stage_of_each_image_is_in_a_histogram(writer, done, value):
    writer.commit([done("a.png", image_result(), image_result(z=1))])

    assert value("stage_seconds_count", stage="network") == 2
    assert value("stage_seconds_sum", stage="network") == pytest.approx(2 * 0.3)
    assert value("stage_seconds_bucket", stage="network", le="0.3") == 2
    assert value("stage_seconds_bucket", stage="network", le="0.1") == 0
    assert value("stage_seconds_count", stage="store") == 2
    assert 0 < value("stage_seconds_sum", stage="store") < 10


def test_what_was_given_to_another_worker_counts_as_lost_and_not_as_work(writer, worker_files, done, value):
    outcomes = [done("a.png"), done("b.png")]
    worker_files.fail(outcomes[0].claim, "damaged", "by another worker")
    writer.commit(outcomes)

    assert (value("files_total", outcome="lost"), value("files_total", outcome="done")) == (1, 1)
    assert value("images_total") == 1


def test_no_outcome_is_missing_before_it_happens(value):
    assert [value("files_total", outcome=outcome) for outcome in OUTCOMES.values()] == [0] * len(OUTCOMES)


def test_every_outcome_counts_once_it_is_committed(writer, claim, done, value):
    original = done("original.png")
    writer.commit([original])
    failing, duplicate, released = (claim(name) for name in ("a.png", "b.png", "c.png"))
    outcomes = [
        Failed(failing, FailureReason("damaged", "It is.")),
        Released(released, "It goes back."),
        Duplicate(duplicate, Content("original.png", DEFAULT_OPTIONS), original.claim.file_id),
    ]
    assert writer.commit(outcomes) == outcomes

    for outcome in ("done", "failed", "duplicate", "returned"):
        assert (outcome, value("files_total", outcome=outcome)) == (outcome, 1)


def test_what_another_worker_has_by_now_counts_as_lost_whatever_became_of_it_here(
    writer, worker_files, claim, value, heartbeat
):
    failing, released = claim("a.png"), claim("b.png")
    for file in (failing, released):
        worker_files.fail(file, "worker-died", "by somebody else")
    outcomes = writer.commit(
        [Failed(failing, FailureReason("damaged", "It is.")), Released(released, "It goes.")]
    )

    assert outcomes == [Lost(failing), Lost(released)]
    assert value("files_total", outcome="lost") == 2
    assert (value("files_total", outcome="failed"), value("files_total", outcome="returned")) == (0, 0)
    assert heartbeat.files_done == 0


def test_a_file_that_is_still_to_be_processed_does_not_count(writer, claim, heartbeat, value):
    first, second = claim("a.png"), claim("b.png")
    content = Content("no such content", DEFAULT_OPTIONS)
    outcomes = writer.commit([Duplicate(first, content, second.file_id), OutOfMemory(second)])

    assert outcomes == [Identified(first, content), OutOfMemory(second)]
    assert [value("files_total", outcome=outcome) for outcome in OUTCOMES.values()] == [0] * len(OUTCOMES)
    assert heartbeat.files_done == 0


def test_the_process_tells_its_processor_time_and_memory(metrics):
    text = generate_latest(metrics.registry).decode()

    assert "process_cpu_seconds_total" in text
    assert "process_resident_memory_bytes" in text


class TestWorkerInfo:
    def test_it_names_worker_device_and_network(self, metrics):
        metrics.registry.register(WorkerInfoCollector("host:1:2", "cpu:0", "U-Net"))

        labels = {"worker": "host:1:2", "device": "cpu:0", "network": "U-Net"}
        assert metrics.registry.get_sample_value("nuqleus_worker_info", labels) == 1

    def test_a_graphics_processor_tells_what_is_held_on_it(self, metrics, value):
        asked = []

        def memory(device):
            asked.append(device)
            return 300, 500

        metrics.registry.register(WorkerInfoCollector("host:1:2", "gpu:1", "U-Net", memory))

        assert value("device_memory_bytes", device="gpu:1") == 300
        assert value("device_memory_peak_bytes", device="gpu:1") == 500
        assert set(asked) == {"gpu:1"}

    def test_a_plain_processor_is_not_asked(self, metrics):
        metrics.registry.register(WorkerInfoCollector("host:1:2", "cpu:0", "U-Net", memory=None))

        assert "device_memory" not in generate_latest(metrics.registry).decode()
