"""Kills at random moments of random services, while files are processed."""

import random
import time

import pytest

from tests.faults.fault_report import FULL, Fault
from tests.faults.service import wait_until

FILES, KILLS = (300, 20) if FULL else (40, 3)
SEED = 20261123


@pytest.mark.parametrize("database", ["postgresql"] + ["sqlite"] * FULL)
def test_random_kills_of_random_parts_cost_nothing(build, database, report):
    cluster = build(database, max_attempts=KILLS + 1)
    cluster.start()
    second = cluster.another_worker()
    second.start()
    cluster.drop("first.png")
    cluster.wait_for_end()

    chance = random.Random(SEED)
    services = [cluster.scheduler, cluster.worker, second, cluster.broker]
    for kill in range(KILLS):
        cluster.drop(*(f"{kill}/{number}.png" for number in range(FILES // KILLS)))
        goal = chance.randrange(len(cluster.nuclei))
        wait_until(lambda goal=goal: cluster.ended() >= goal, f"{goal} files ended", cluster.describe)
        harm(cluster, chance.choice(services))
    began = time.monotonic()
    cluster.wait_for_end()
    seconds = time.monotonic() - began
    what = "kill -9 of a service at random, while files come in"
    report.write(Fault(what, database, KILLS, seconds), cluster.count_files())


def harm(cluster, service):
    service.kill()
    cluster.start_broker() if service is cluster.broker else service.start()
