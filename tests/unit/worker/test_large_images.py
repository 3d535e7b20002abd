"""Large images go through the worker in blocks, and come out like others."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from threading import Event
from unittest.mock import Mock

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image as Picture
from sqlalchemy import select

from cli.commands import segment
from model.labels.masks import LazyLabelImage
from model.measurements import measure_intensities, measure_shapes
from model.memory_budget import MemoryBudget
from model.segmentation.nuclear_size import Detection, NuclearSize
from model.segmentation.nuclei import EVERYWHERE
from model.segmentation.windows import SampledImage
from model.weights.diameters import KnownDiameters
from nuqleus.database.engine import reading
from nuqleus.database.file_states import FileState
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.database.tables import File, Image
from nuqleus.database.workers import Workers
from nuqleus.image_options import ImageOptions
from nuqleus.messages import Job
from tests.fake_segmenter import ThresholdSegmenter, TiledThreshold, TiledThresholdSegmenter, draw_discs
from tests.small_blocks import shrink_blocks
from tests.unit.worker.conftest import queue
from worker import progress
from worker.heartbeat import Heartbeat
from worker.inbox_reader import InboxReader
from worker.pipeline import process
from worker.processor import Processor
from worker.progress import Progress
from worker.retry_policy import RetryPolicy

SIZE = (260, 330)


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.reading.plane.LARGE", 50_000)
    shrink_blocks(monkeypatch)


@pytest.fixture
def large_tiff(tmp_path: Path) -> Path:
    return write(tmp_path / "large.tif")


def write(path: Path) -> Path:
    tifffile.imwrite(path, draw_discs(*SIZE), tile=(64, 64), compression="zlib")
    return path


def test_a_large_image_gives_the_same_tables_as_when_it_is_seen_whole(large_tiff, monkeypatch):
    (image,) = process(large_tiff, TiledThresholdSegmenter())
    monkeypatch.setattr("model.reading.plane.LARGE", 10**9)
    (whole,) = process(large_tiff, TiledThresholdSegmenter())

    assert replace(image, masks=[], nuclei={}, intensities={}, seconds={}) == replace(
        whole, masks=[], nuclei={}, intensities={}, seconds={}
    )
    assert len(image.masks) == 6
    assert sorted(image.nuclei["centroid_row"]) == pytest.approx(sorted(whole.nuclei["centroid_row"]))
    assert sorted(image.intensities["intensity_mean"]) == pytest.approx(
        sorted(whole.intensities["intensity_mean"])
    )


def test_its_mask_blocks_are_the_label_image_that_its_tables_speak_of(large_tiff):
    (image,) = process(large_tiff, TiledThresholdSegmenter())

    labels = LazyLabelImage(image.masks, image.height, image.width)[:, :]
    shapes, intensities = measure_shapes(labels), measure_intensities(labels, draw_discs(*SIZE)[..., None])

    assert image.nuclei["area"].tolist() == shapes["area"].tolist()
    assert image.nuclei["touches_border"].tolist() == shapes["touches_border"].tolist()
    assert image.intensities["intensity_mean"] == pytest.approx(intensities["intensity_mean"])


def test_a_picture_that_can_only_be_decoded_whole_is_worked_on_in_blocks_too(tmp_path, large_tiff):
    Picture.fromarray(draw_discs(*SIZE)).save(tmp_path / "large.png")

    (png,), (tiff,) = (
        process(tmp_path / name, TiledThresholdSegmenter()) for name in ("large.png", "large.tif")
    )

    assert png.masks == tiff.masks


class SizeEstimatingSegmenter(TiledThresholdSegmenter):
    """Knows sizes, detects what it is told to, image by image."""

    known_diameters = KnownDiameters(smallest=2.0, largest=6.0, best=5.0)

    def __init__(self, *detections: Detection) -> None:
        self._detections = iter(detections)

    def size_of(self, diameter: float) -> NuclearSize:
        return NuclearSize(diameter, self.known_diameters.zoom(diameter))

    def detect_in_windows(self, image: SampledImage) -> Detection:
        return next(self._detections)


def detection(diameter: float, zoom: Fraction = Fraction(1), count: int = 1) -> Detection:
    return Detection(zoom, np.full(count, np.pi / 4 * diameter**2))


def test_a_large_image_is_seen_at_the_zoom_that_suits_its_nuclei(large_tiff, monkeypatch):
    (image,) = process(large_tiff, SizeEstimatingSegmenter(detection(12, Fraction(1, 2))))
    monkeypatch.setattr("model.reading.plane.LARGE", 10**9)
    (whole,) = process(large_tiff, SizeEstimatingSegmenter(), ImageOptions(diameter="12"))

    assert (image.zoom, whole.zoom) == (0.5, 0.5)
    assert image.nuclear_diameter == pytest.approx(12)
    assert len(image.masks) > 1
    assert sorted(image.nuclei["area"]) == sorted(whole.nuclei["area"])


def test_a_network_that_must_see_images_whole_does(large_tiff, monkeypatch):
    monkeypatch.setattr(TiledThresholdSegmenter, "tile_predictor", ThresholdSegmenter.tile_predictor)
    step = Mock()

    (image,) = process(large_tiff, TiledThresholdSegmenter(), on_block=step)

    assert len(image.masks) == 1
    step.assert_not_called()


def test_every_block_is_a_step(large_tiff):
    step = Mock()

    list(process(large_tiff, TiledThresholdSegmenter(), on_block=step))

    assert [call.args for call in step.call_args_list] == [(done, 6) for done in range(1, 7)]


def test_an_error_in_a_step_stops_the_work(large_tiff):
    step = Mock(side_effect=[None, ZeroDivisionError])

    with pytest.raises(ZeroDivisionError):
        list(process(large_tiff, TiledThresholdSegmenter(), on_block=step))

    assert step.call_count == 2


def test_looking_shows_a_label_image_to_be_sliced(large_tiff):
    shown = []

    (image,) = process(large_tiff, TiledThresholdSegmenter(), on_image=lambda *what: shown.append(what))

    ((_, labels, _),) = shown
    assert isinstance(labels, LazyLabelImage)
    expected = LazyLabelImage(image.masks, *SIZE)[:, :]
    for region in (
        np.s_[:, :],
        np.s_[::3, ::3],
        np.s_[140:150, 100:],
        np.s_[5:5, :],
        np.s_[100:200:7, 3:300:2],
    ):
        np.testing.assert_array_equal(labels[region], expected[region])


def test_the_log_tells_how_far_it_is_every_so_often(caplog, clock):
    caplog.set_level(logging.INFO)
    tell = Progress("big.tif", clock)

    for done in range(1, 37):
        clock.now += progress.INTERVAL_SECONDS / 10
        tell(done, 36)

    assert caplog.messages == [
        "big.tif: 10 of 36 blocks",
        "big.tif: 20 of 36 blocks",
        "big.tif: 30 of 36 blocks",
    ]


@dataclass(frozen=True)
class HappeningTiles(TiledThreshold):
    happen: Callable[[], None] = lambda: None

    def find(self, maps, counted=EVERYWHERE):
        self.happen()
        return super().find(maps, counted)


class Happening(TiledThresholdSegmenter):
    def __init__(self, happen: Callable[[], None]) -> None:
        self.tiles = HappeningTiles(happen=happen)


@pytest.fixture
def handle(engine, files: SchedulerFiles, worker_files: WorkerFiles, settings, clock):
    """Drop a large image and handle it in a worker; something happens in each block. Returns the file's row."""

    def handle(happen: Callable[[Heartbeat], None]):
        workers = Workers(engine, clock)
        heartbeat = Heartbeat(worker_files, workers, workers.start("host", 1, "cpu:0").id, every=1, lease=60)
        model_id = register_model(engine, "threshold", "0" * 64, {}, {}, "tests")
        write(settings.input_dir / "large.tif")
        file_id = queue(files, settings.input_dir, "large.tif")
        segmenter = Happening(lambda: happen(heartbeat))
        retry = RetryPolicy(sleep=clock.sleep)
        Processor(
            settings, InboxReader(settings), worker_files, segmenter, model_id, "me", heartbeat, retry
        ).handle(Job((file_id,)))
        with reading(engine) as connection:
            return connection.execute(select(File.__table__).where(File.id == file_id)).one()

    return handle


def test_a_worker_stores_it(handle, engine):
    row = handle(lambda heartbeat: None)

    assert row.state == FileState.DONE
    with reading(engine) as connection:
        assert connection.scalar(select(Image.n_nuclei)) == measure_count()


def measure_count() -> int:
    pixels = draw_discs(*SIZE)[..., None]
    return int(TiledThresholdSegmenter().segment(pixels).labels.max())


def test_a_lost_lease_stops_the_work_at_the_next_block(handle, files, clock):
    blocks = []

    def lose_the_lease(heartbeat):
        blocks.append(1)
        clock.now += 61
        files.sweep(3, 300)
        heartbeat.beat()

    handle(lose_the_lease)

    assert len(blocks) == 1


def test_two_large_images_are_never_in_memory_at_once(
    engine, files, worker_files, settings, clock, heartbeat
):
    memory = MemoryBudget(1)
    for name in ("a.tif", "b.tif"):  # not copies of each other
        tifffile.imwrite(settings.input_dir / name, draw_discs(*SIZE), tile=(64, 64), description=name)
    ids = [queue(files, settings.input_dir, name) for name in ("a.tif", "b.tif")]
    model_id = register_model(engine, "threshold", "0" * 64, {}, {}, "tests")
    Processor(
        settings,
        InboxReader(settings),
        worker_files,
        Happening(alone_until_another_waits(memory)),
        model_id,
        "me",
        heartbeat,
        RetryPolicy(sleep=clock.sleep),
        memory=memory,
    ).handle(Job(tuple(ids)))

    with reading(engine) as connection:
        assert set(connection.scalars(select(File.state))) == {FileState.DONE}


def alone_until_another_waits(memory: MemoryBudget) -> Callable[[], None]:
    """Work on a block that takes until another image waits for memory, and fails if that one has begun."""
    inside: list[int] = []
    other_waits = Event()

    def work_on_a_block() -> None:
        inside.append(1)
        while not other_waits.is_set() and not memory.waiting:
            assert len(inside) == 1
        other_waits.set()
        assert len(inside) == 1
        inside.pop()

    return work_on_a_block


def test_segmenting_directly_writes_one_label_image(large_tiff, tmp_path, monkeypatch):
    monkeypatch.setattr("worker.factory.load_network", lambda weights: TiledThresholdSegmenter())

    done = CliRunner().invoke(segment.command, [str(large_tiff), "--output", str(tmp_path / "out")])

    assert done.exit_code == 0, done.output
    labels = tifffile.imread(tmp_path / "out/large.tif.label.tif")
    (image,) = process(large_tiff, TiledThresholdSegmenter())
    assert labels.dtype == np.uint16
    np.testing.assert_array_equal(labels, LazyLabelImage(image.masks, *SIZE)[:, :])
    assert (tmp_path / "out/large.tif.overlay.png").exists()
