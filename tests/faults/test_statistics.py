"""Statistics of folders, when the scheduler that makes them dies, or isn't the only one."""

import time

from sqlalchemy import select, update

from nuqleus.database.engine import reading, writing
from nuqleus.database.group_statistics import GroupStatistics
from nuqleus.database.tables import GroupStatistic, ImageGroup
from tests.faults import stages
from tests.faults.cluster import Cluster
from tests.faults.fault_report import Fault
from tests.faults.service import wait_until

FILES = 3


def hold_statistics(cluster: Cluster, folder: str) -> None:
    """A folder whose statistics are out of date, and a scheduler that has stored them, and waits.

    It waits in the thread that sends files, which are done by then.
    """
    cluster.drop(*(f"{folder}/{number}.png" for number in range(FILES)))
    cluster.wait_for_end()
    wait_until_whole(cluster, folder)
    cluster.stages.hold(stages.STATISTICS_STORED)
    with writing(cluster.engine) as connection:
        connection.execute(update(ImageGroup).where(ImageGroup.key == f"folder:{folder}/").values(images=0))
    cluster.wait_at(stages.STATISTICS_STORED)


def groups(cluster: Cluster) -> dict[str, ImageGroup]:
    with reading(cluster.engine) as connection:
        return {row.key: row for row in connection.execute(select(*ImageGroup.__table__.columns))}


def wait_until_whole(cluster: Cluster, folder: str) -> None:
    """Wait until the folder's statistics, and all others, are of the images that are there."""

    def is_whole() -> bool:
        group = groups(cluster).get(f"folder:{folder}/")
        # drawn squares have one value each: all of them look cut off at the top
        is_counted = group is not None and (group.images, group.standing_out) == (FILES, FILES)
        return is_counted and not GroupStatistics(cluster.engine).outdated()

    wait_until(is_whole, f"the statistics of {folder} are whole", cluster.describe)
    with reading(cluster.engine) as connection:
        statistics = connection.execute(select(*GroupStatistic.__table__.columns)).mappings().all()
    of_folder = [row for row in statistics if row["group_key"] == f"folder:{folder}/"]
    assert {row["images"] for row in of_folder} == {FILES}
    assert {"background", "area_fraction"} <= {row["name"] for row in of_folder}


def test_the_scheduler_is_killed_between_statistics_and_what_stands_out(cluster, database, report):
    hold_statistics(cluster, "killed")
    assert any(group.standing_out is None for group in groups(cluster).values())
    began = time.monotonic()
    cluster.scheduler.kill()
    cluster.stages.release(stages.STATISTICS_STORED)
    cluster.scheduler.start()
    wait_until_whole(cluster, "killed")
    what = "kill -9 of the scheduler while it makes statistics of a folder"
    report.write(Fault(what, database, 1, time.monotonic() - began), cluster.count_files())


def test_a_frozen_scheduler_comes_back_while_another_made_the_same(cluster, database, report):
    hold_statistics(cluster, "frozen")
    began = time.monotonic()
    cluster.scheduler.freeze()
    cluster.stages.release(stages.STATISTICS_STORED)
    cluster.another_scheduler().start()
    wait_until_whole(cluster, "frozen")
    seconds = time.monotonic() - began

    cluster.scheduler.thaw()
    cluster.drop("frozen too/0.png")
    cluster.wait_for_end()
    wait_until_whole(cluster, "frozen")
    what = "SIGSTOP of the scheduler while it makes statistics, another makes them, then SIGCONT"
    report.write(Fault(what, database, 1, seconds), cluster.count_files())
