"""Prometheus metrics of a worker: files by outcome, time by stage, images, pixels and nuclei."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from nuqleus.database.files.results import FileResults
from nuqleus.metrics import serve_metrics
from nuqleus.settings import Settings
from worker.outcomes import Done, Duplicate, Failed, Lost, Released, StepResult

PORTS = 32
"""Workers of one machine that find a port each."""

OUTCOMES: Mapping[type[StepResult], str] = {
    Done: "done",
    Duplicate: "duplicate",
    Failed: "failed",
    Released: "returned",
    Lost: "lost",
}
"""What becomes of a file: the last two go back to the scheduler, or belong to another worker by now."""

BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Seconds of a stage, for one image."""


class Metrics:
    """Counts of one worker, from its start on.

    Attributes:
        registry: holds them, and what the system says of the process.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._stages = Histogram(
            "nuqleus_worker_stage_seconds",
            "Time that a stage took for an image.",
            ["stage"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._files = Counter("nuqleus_worker_files", "Files by outcome.", ["outcome"], registry=registry)
        for outcome in OUTCOMES.values():  # a counter that begins at 1 has no rate
            self._files.labels(outcome)
        self._images = Counter("nuqleus_worker_images", "Images stored.", registry=registry)
        self._pixels = Counter("nuqleus_worker_pixels", "Their pixels.", registry=registry)
        self._nuclei = Counter("nuqleus_worker_nuclei", "Their nuclei.", registry=registry)

    def count(self, outcome: StepResult) -> None:
        """Count a file that left the worker; one that is still to be processed doesn't count."""
        if name := OUTCOMES.get(type(outcome)):
            self._files.labels(name).inc()

    def count_results(self, results: Sequence[FileResults], seconds: float) -> None:
        """These files were stored together, which took this long."""
        images = [image for file in results for image in file.images]
        for image in images:
            for stage, took in (*image.seconds.items(), ("store", seconds / len(images))):
                self._stages.labels(stage).observe(took)
            self._pixels.inc(image.height * image.width)
            self._nuclei.inc(len(image.nuclei["label"]))
        self._images.inc(len(images))


def device_memory(device: str) -> tuple[int, int]:
    """Bytes that this process holds on a graphics processor: now, and at most so far."""
    import tensorflow as tf

    held = tf.config.experimental.get_memory_info(device.upper())
    return held["current"], held["peak"]


class WorkerInfoCollector(Collector):
    """Collector of worker, device and network names, and of the graphics memory that the process holds.

    Args:
        worker: its name, as `files.lease_owner` has it.
        device: as `workers.device` has it.
        network: the name of its model.
        memory: bytes that the process holds on a device, now and at most.
    """

    def __init__(
        self,
        worker: str,
        device: str,
        network: str,
        memory: Callable[[str], tuple[int, int]] = device_memory,
    ) -> None:
        self._labels = {"worker": worker, "device": device, "network": network}
        self._device = device
        self._memory = memory

    def collect(self) -> Iterable[Metric]:
        """The metrics of now."""
        yield InfoMetricFamily("nuqleus_worker", "The worker that answers here.", value=self._labels)
        if self._device.startswith("gpu"):
            yield from self._held(*self._memory(self._device))

    def _held(self, now: int, peak: int) -> Iterator[Metric]:
        for name, text, held in (("", "now", now), ("peak_", "at most, so far", peak)):
            metric = GaugeMetricFamily(
                f"nuqleus_worker_device_memory_{name}bytes",
                f"Memory that the network holds on the device {text}.",
                labels=["device"],
            )
            metric.add_metric([self._device], held)
            yield metric


def serve_worker(settings: Settings, metrics: Metrics, identity: WorkerInfoCollector) -> None:
    """Let Prometheus ask this worker, if a port is set; several on one machine take the next ones."""
    if settings.worker_metrics_port is not None:
        metrics.registry.register(identity)
        address, port = settings.metrics_address, settings.worker_metrics_port
        serve_metrics(metrics.registry, address, port, ports=PORTS)
