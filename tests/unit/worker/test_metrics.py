"""What Prometheus learns from a worker."""

import pytest
from prometheus_client import generate_latest

from nuqleus.database.files.results import Finished
from nuqleus.database.models import register_model
from tests.examples import image_result
from worker.metrics import OUTCOMES, CountedFiles, Metrics, WorkerInfoCollector


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def counted(engine, metrics):
    return CountedFiles(engine, metrics)


@pytest.fixture
def claim(drop, counted):
    return lambda name: counted.claim(drop(name), "me", 60)


@pytest.fixture
def finished(engine, claim):
    model_id = register_model(engine, "threshold", "0" * 64, {}, {}, "tests")

    def finished(name, *images):
        return Finished(claim(name), name, model_id, images or [image_result(nuclei=3)])

    return finished


@pytest.fixture
def value(metrics):
    def value(name, **labels):
        return metrics.registry.get_sample_value(f"nuqleus_worker_{name}", labels)

    return value


def test_results_are_counted_when_they_are_stored(counted, finished, value):
    images = [image_result(nuclei=3), image_result(nuclei=2, z=1)]
    counted.complete_all([finished("a.png", *images), finished("b.png")])

    assert value("files_total", outcome="done") == 2
    assert (value("images_total"), value("nuclei_total")) == (3, 8)
    assert value("pixels_total") == 32 * 32 * (3 + 2 + 3)


def test_each_stage_of_each_image_is_in_a_histogram(counted, finished, value):
    counted.complete_all([finished("a.png", image_result(), image_result(z=1))])

    assert value("stage_seconds_count", stage="network") == 2
    assert value("stage_seconds_sum", stage="network") == pytest.approx(2 * 0.3)
    assert value("stage_seconds_bucket", stage="network", le="0.3") == 2
    assert value("stage_seconds_bucket", stage="network", le="0.1") == 0
    assert value("stage_seconds_count", stage="store") == 2
    assert 0 < value("stage_seconds_sum", stage="store") < 10


def test_a_file_on_its_own_counts_as_well(counted, finished, value):
    file = finished("a.png")
    counted.complete_all([file])

    assert value("files_total", outcome="done") == 1


def test_what_was_given_to_another_worker_counts_as_lost_and_not_as_work(counted, finished, value):
    files = [finished("a.png"), finished("b.png")]
    counted.fail(files[0].claim, "damaged", "by another worker")
    counted.complete_all(files)

    assert (value("files_total", outcome="lost"), value("files_total", outcome="done")) == (1, 1)
    assert value("images_total") == 1


def test_no_outcome_is_missing_before_it_happens(value):
    assert [value("files_total", outcome=outcome) for outcome in OUTCOMES] == [0] * len(OUTCOMES)


def test_every_other_end_counts_once_it_has_happened(counted, claim, finished, value):
    twin = finished("twin.png")
    counted.complete_all([twin])
    failing, duplicate, returned = (claim(name) for name in ("a.png", "b.png", "c.png"))
    for _ in range(2):  # the second time, the lease is gone
        counted.fail(failing, "damaged", "It is.")
        counted.release(returned)
    assert not counted.mark_duplicate(duplicate, "no such content", twin.claim.file_id)
    assert counted.mark_duplicate(duplicate, "twin.png", twin.claim.file_id)

    for outcome in ("done", "failed", "duplicate", "returned"):
        assert (outcome, value("files_total", outcome=outcome)) == (outcome, 1)


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
