"""What `docker compose up --scale worker=3` starts, as processes, with the network that is shipped."""

import sys
import time

import numpy as np
import pytest
from PIL import Image as Picture
from scipy import ndimage
from sqlalchemy import func, select

from cli.processes.local_stack import environment
from nuqleus.database.engine import reading
from nuqleus.database.file_states import FileState
from nuqleus.database.tables import Worker
from tests.faults.cluster import Cluster
from tests.faults.fault_report import FULL, Fault
from tests.faults.service import Service, wait_until

FILES = 1200 if FULL else 400
LEASE = 20.0


class Town(Cluster):
    """A cluster whose workers have a real network, and see discs."""

    def another_worker(self):
        command = (sys.executable, "-m", "cli.main", "work")
        service = Service(command, environment(self.settings), self.root / f"worker-{len(self.services)}.log")
        self.services.append(service)
        return service

    def draw(self):
        number = next(self._serial)
        count, brightness = 1 + number % 9, 100 + number // 9 % 120
        rows, columns = np.mgrid[:128, :128]
        image = np.full((128, 128), 12.0)
        for disc in range(count):
            row, column = 22 + 42 * (disc // 3), 22 + 42 * (disc % 3)
            image += brightness * (np.hypot(rows - row, 1.1 * (columns - column)) < 11 + disc % 3)
        noise = np.random.default_rng(number).normal(0, 2, image.shape)
        return count, Picture.fromarray(
            np.clip(ndimage.gaussian_filter(image, 1) + noise, 0, 255).astype(np.uint8)
        )

    def live_workers(self):
        with reading(self.engine) as connection:
            return connection.scalar(select(func.count()).select_from(Worker))


@pytest.mark.parametrize("database", ["postgresql"])
def test_three_workers_one_killed_and_one_added_process_every_image_once(build, database, report):
    town = build(database, kind=Town, lease_seconds=LEASE)
    workers = [town.worker, town.another_worker(), town.another_worker()]
    for service in (town.broker, town.scheduler, *workers):
        town.start_broker() if service is town.broker else service.start()
    wait_until(lambda: town.live_workers() == 3, "three workers are ready", town.describe)

    began = time.monotonic()
    town.drop(*(f"plate {number % 4}/{number}.png" for number in range(FILES)))
    wait_until(lambda: town.ended() >= FILES // 4, "a quarter has ended", town.describe)
    workers[0].kill()
    wait_until(lambda: town.ended() >= FILES // 2, "half has ended", town.describe)
    town.another_worker().start()
    town.wait_for_end()

    counts = town.count_files()
    assert (counts.done, counts.twice, counts.lost) == (FILES, 0, 0)
    assert town.files.counts()[FileState.RUNNING] == 0
    what = f"{FILES} images, 3 workers with the real network, one killed and one added"
    report.write(Fault(what, database, 1, time.monotonic() - began), counts)
