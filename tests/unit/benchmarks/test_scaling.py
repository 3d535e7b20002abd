"""Simulated workers: what saturates first decides."""

import pytest

from benchmarks.scaling import Costs, SharedResources, simulate

RESOURCES = SharedResources(database_cores=4, storage_bytes_per_second=1e9)


def costs(worker=0.5, scheduler=0.0, redis=0.0, database=0.0, file_bytes=0.0):
    return Costs(worker, scheduler, redis, database, file_bytes, nuclei=100)


def rate(workers, **given):
    return simulate(costs(**given), RESOURCES, workers, images=100 * workers).rate


def test_one_worker_does_what_its_core_does():
    assert rate(1) == pytest.approx(2.0, rel=0.01)


def test_workers_that_share_nothing_add_up():
    assert rate(16) == pytest.approx(32.0, rel=0.01)


def test_reading_and_storing_cost_a_worker_no_time_of_its_own():
    assert rate(1, file_bytes=1e8, database=0.1) == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize(
    ("part", "given", "most"),
    [
        ("database", {"database": 0.4}, 10.0),
        ("storage", {"file_bytes": 1e8}, 10.0),
        ("scheduler", {"scheduler": 0.1}, 10.0),
        ("redis", {"redis": 0.1}, 10.0),
    ],
)
def test_a_part_that_is_full_limits_all_workers(part, given, most):
    result = simulate(costs(**given), RESOURCES, 64, images=6400)
    assert result.rate == pytest.approx(most, rel=0.02)
    assert result.utilization[part] > 0.95
    assert max(busy for name, busy in result.utilization.items() if name != part) < 0.5
