"""One of several processes that share a database. Imports little: starting it is most of what the test takes."""

import numpy as np

from nuqleus.database.engine import make_engine
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.results import FileResults, ImageResult
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from tests.examples import observe

FILES_EACH = 15


def work_through(url: str, number: int) -> int:
    """Record some files, then claim and complete whatever is queued. Returns how many that were."""
    engine = make_engine(url)
    files, worker_files = SchedulerFiles(engine), WorkerFiles(engine)
    model = register_model(engine, "net", "a" * 64, {}, {}, "1")
    ids = observe(files, *(SeenFile(f"{number}/{file}.png", 1, 1) for file in range(FILES_EACH)))
    files.enqueue([file_id for path, file_id in ids.items() if path.startswith(f"{number}/")])
    done = 0
    for known in files.known():
        claim = worker_files.claim(known.id, f"worker {number}", lease_seconds=60)
        if claim:
            worker_files.renew([claim], lease_seconds=60)
            worker_files.complete_all([FileResults(claim, "abc", model, [_result(nuclei=50)])])
            done += 1
    engine.dispose()
    return done


def _result(nuclei: int) -> ImageResult:
    columns = ("centroid_row", "centroid_col", "bbox_row0", "bbox_col0", "bbox_row1", "bbox_col1", "area")
    shapes = {name: np.ones(nuclei, int) for name in columns}
    labels = {"label": np.arange(nuclei)}
    intensities = labels | {"channel": np.zeros(nuclei, int)}
    shapes |= labels | {"touches_border": np.zeros(nuclei, bool)}
    return ImageResult(0, 0, 0, 8, 8, 1, "uint8", None, [], shapes, intensities, {})
