"""Kills at random moments of random parts, while files are processed."""

import random
import time

import pytest

from tests.faults.ledger import FULL, Fault
from tests.faults.parts import wait_until

FILES, KILLS = (300, 20) if FULL else (40, 3)
SEED = 20261123


@pytest.mark.parametrize("database", ["postgresql"] + ["sqlite"] * FULL)
def test_random_kills_of_random_parts_cost_nothing(build, database, ledger):
    plant = build(database, max_attempts=KILLS + 1)
    plant.start()
    second = plant.another_worker()
    second.start()
    plant.drop("first.png")
    plant.wait_for_end()

    chance = random.Random(SEED)
    parts = [plant.scheduler, plant.worker, second, plant.broker]
    for kill in range(KILLS):
        plant.drop(*(f"{kill}/{number}.png" for number in range(FILES // KILLS)))
        goal = chance.randrange(len(plant.nuclei))
        wait_until(lambda goal=goal: plant.ended() >= goal, f"{goal} files ended", plant.describe)
        harm(plant, chance.choice(parts))
    began = time.monotonic()
    plant.wait_for_end()
    seconds = time.monotonic() - began
    what = "kill -9 of a part at random, while files come in"
    ledger.write(Fault(what, database, KILLS, seconds), plant.tally())


def harm(plant, part):
    part.kill()
    plant.start_broker() if part is plant.broker else part.start()
