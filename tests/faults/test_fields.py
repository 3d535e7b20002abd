"""Fields of several files under faults: each is processed once, with all of its channels, whatever happens."""

import os
import random
import signal
import time
from collections.abc import Iterable, Mapping

import psutil
import pytest
from PIL import Image as Picture
from sqlalchemy import func, select

from nuqleus.database.engine import reading
from nuqleus.database.file_states import FileState
from nuqleus.database.tables import File, Image, Intensity
from tests.fake_segmenter import draw_squares
from tests.faults import stages
from tests.faults.cluster import Cluster
from tests.faults.fault_report import FULL, Fault
from tests.faults.service import wait_until
from tests.faults.test_scale import peak_memory

CHANNELS = (1, 2, 3, 4)

WORKER_STAGES = (
    stages.CLAIMED,
    stages.BETWEEN,
    stages.NETWORK,
    stages.BEFORE_COMMIT,
    stages.IN_TRANSACTION,
    stages.BEFORE_ACK,
)

ROWS, COLS, SITES = (16, 24, 9) if FULL else (2, 10, 5)
"""Of the plate that is dropped as a whole: 13,824 files, or 400."""


def drop_field(cluster: Cluster, plate: str, *, well: str = "A01", site: int = 1, channels=CHANNELS) -> str:
    """Put the files of a field into the folder, the nuclei in all channels; returns the lead's path."""
    names = [f"{plate}/{plate}_{well}_s{site}_w{channel}.tif" for channel in channels]
    nuclei, picture = cluster.draw()
    for name in names:
        path = cluster.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, format="TIFF")
    cluster.nuclei[names[0]] = nuclei
    return names[0]


def companion(lead: str, channel: int = 3) -> str:
    return lead.replace("_w1", f"_w{channel}")


def channels_of(cluster: Cluster, lead: str) -> tuple[set[int], set[str | None]]:
    """The channels that were measured in a field, and what it is said to lack."""
    with reading(cluster.engine) as connection:
        of_lead = select(Image.id).join(File, File.id == Image.file_id).where(File.path == lead)
        measured = select(Intensity.channel).where(Intensity.image_id.in_(of_lead))
        lacking = select(Image.missing_channels).where(Image.id.in_(of_lead))
        return set(connection.scalars(measured)), set(connection.scalars(lacking))


def assert_whole(cluster: Cluster, lead: str) -> None:
    assert channels_of(cluster, lead) == ({0, 1, 2, 3}, {None})
    assert [cluster.state(companion(lead, channel)) for channel in CHANNELS[1:]] == ["companion"] * 3


@pytest.mark.parametrize("stage", WORKER_STAGES)
def test_the_worker_is_killed_over_a_field(cluster, database, report, stage):
    cluster.stages.hold(stage)
    lead = drop_field(cluster, f"kill {stage}")
    victim = cluster.wait_at(stage)
    began = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    cluster.stages.release(stage)
    cluster.wait_for(lead, FileState.DONE)
    assert_whole(cluster, lead)
    what = f"kill -9 of the process that holds the network, over a field of four files, {stage}"
    report.write(Fault(what, database, 1, time.monotonic() - began), cluster.count_files())


@pytest.mark.parametrize("stage", [stages.BEFORE_QUEUED, stages.BEFORE_SENT])
def test_the_scheduler_is_killed_over_a_field(cluster, database, report, stage):
    cluster.stages.hold(stage)
    lead = drop_field(cluster, f"scheduler {stage}")
    cluster.wait_at(stage)
    began = time.monotonic()
    cluster.scheduler.kill()
    cluster.stages.release(stage)
    cluster.scheduler.start()
    cluster.wait_for(lead, FileState.DONE)
    assert_whole(cluster, lead)
    what = f"kill -9 of the scheduler, over a field of four files, {stage}"
    report.write(Fault(what, database, 1, time.monotonic() - began), cluster.count_files())


@pytest.mark.parametrize("stage", [stages.BETWEEN, stages.NETWORK, stages.BEFORE_COMMIT])
def test_a_companion_is_replaced_while_its_field_is_processed(cluster, database, report, stage):
    """The new content wins; what was found before is refused."""
    cluster.stages.hold(stage)
    lead = drop_field(cluster, f"replaced {stage}")
    cluster.wait_at(stage)
    began = time.monotonic()
    path = cluster.inbox / companion(lead)
    new = draw_squares(cluster.nuclei[lead], side=8, value=7)
    Picture.fromarray(new).save(path.with_name(".new"), format="TIFF")
    path.with_name(".new").replace(path)
    cluster.wait_for(lead, FileState.WAITING, FileState.QUEUED)
    cluster.stages.release(stage)
    cluster.wait_for(lead, FileState.DONE)
    assert_whole(cluster, lead)
    with reading(cluster.engine) as connection:
        third = select(func.max(Intensity.intensity_max)).join(Image, Image.id == Intensity.image_id)
        of_lead = third.join(File, File.id == Image.file_id).where(File.path == lead, Intensity.channel == 2)
        assert connection.scalar(of_lead) == 7
    what = f"a companion is replaced, {stage}"
    report.write(Fault(what, database, 1, time.monotonic() - began), cluster.count_files())


@pytest.mark.parametrize("stage", [stages.CLAIMED, stages.NETWORK])
def test_a_companion_is_deleted_while_its_field_is_processed(cluster, database, report, stage):
    plate = f"deleted {stage}"
    others = [drop_field(cluster, plate, site=site) for site in (1, 2)]
    for lead in others:
        cluster.wait_for(lead, FileState.DONE)
    cluster.stages.hold(stage)
    lead = drop_field(cluster, plate, site=3)
    cluster.wait_at(stage)
    began = time.monotonic()
    (cluster.inbox / companion(lead)).unlink()
    cluster.wait_for(lead, FileState.WAITING, FileState.QUEUED)
    cluster.stages.release(stage)
    cluster.wait_for(lead, FileState.DONE)
    assert channels_of(cluster, lead) == ({0, 1, 3}, {"w3"})
    what = f"a companion is deleted, {stage}"
    report.write(Fault(what, database, 1, time.monotonic() - began), cluster.count_files())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_companion_may_not_be_read(cluster, database, report):
    lead = drop_field(cluster, "unreadable")
    (cluster.inbox / companion(lead)).chmod(0)
    cluster.wait_for(lead, FileState.FAILED)
    row = cluster.row(lead)
    assert row.error_kind == "unreadable"
    assert companion(lead) in row.error


def test_the_drive_goes_away_while_a_field_is_processed(cluster, database, report):
    cluster.stages.hold(stages.BETWEEN)
    lead = drop_field(cluster, "drive")
    cluster.wait_at(stages.BETWEEN)
    began = time.monotonic()
    away = cluster.root / "away"
    cluster.inbox.rename(away)
    cluster.stages.release(stages.BETWEEN)
    cluster.wait_until_said(cluster.worker, "is its drive mounted?")
    away.rename(cluster.inbox)
    cluster.wait_for(lead, FileState.DONE)
    assert_whole(cluster, lead)
    report.write(
        Fault("drive away and back, over a field", database, 1, time.monotonic() - began),
        cluster.count_files(),
    )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_plate_in_random_order_with_late_channels_and_a_kill(build, database, report):
    """Every field once, with all of its channels."""
    cluster = build(database, field_seconds=600.0)
    cluster.start()
    plate = draw_plate(cluster)
    files, late = shuffle_files(plate)

    began = time.monotonic()
    for file in files:
        write_file(cluster, plate, *file)
    third = len(plate) // 3
    wait_until(lambda: cluster.files.counts()[FileState.DONE] > third, "a third done", cluster.describe)
    peak = peak_memory(cluster.scheduler)
    kill_both_and_go_on(cluster, plate, late)
    seconds, used = time.monotonic() - began, cpu_seconds(cluster.scheduler)

    assert_every_field_is_whole(cluster, len(plate))
    count = f"{len(files) + len(late):,} files of a plate"
    what = f"{count} in random order, some late, kill -9 of scheduler and worker"
    report.write(Fault(what, database, 1, seconds), cluster.count_files())
    peak = max(peak, peak_memory(cluster.scheduler))
    report.measure(f"{count}: the scheduler's peak memory", f"{peak:.0f} MB")
    report.measure("… seconds of one core that it took after the kill", f"{used:.1f} s")


def kill_both_and_go_on(
    cluster: Cluster, plate: Mapping[str, Picture.Image], late: Iterable[tuple[str, int]]
) -> None:
    """Kill scheduler and worker; the late files come while neither is there."""
    for service in (cluster.scheduler, cluster.worker):
        service.kill()
    for file in late:
        write_file(cluster, plate, *file)
    for service in (cluster.scheduler, cluster.worker):
        service.start()
    cluster.wait_for_end()


def draw_plate(cluster: Cluster) -> dict[str, Picture.Image]:
    """What the fields of a plate show, by their names; what is to be found there is noted."""
    plate = {}
    for number in range(ROWS * COLS * SITES):
        well, site = divmod(number, SITES)
        row, col = divmod(well, COLS)
        place = f"{chr(ord('A') + row)}{col + 1:02d}_s{site + 1}"
        cluster.nuclei[path_in_plate(place, 1)], plate[place] = cluster.draw()
    return plate


def path_in_plate(place: str, channel: int) -> str:
    return f"plate/plate_{place}_w{channel}.tif"


def shuffle_files(places: Iterable[str]) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Files (place, channel) in random order, and those that come late: the last channel of one field in fifty."""
    rng = random.Random(16)
    files = [(place, channel) for place in places for channel in CHANNELS]
    rng.shuffle(files)
    late = [(place, CHANNELS[-1]) for place in places if rng.random() < 0.02]
    return [file for file in files if file not in set(late)], late


def write_file(cluster: Cluster, plate: Mapping[str, Picture.Image], place: str, channel: int) -> None:
    path = cluster.inbox / path_in_plate(place, channel)
    path.parent.mkdir(exist_ok=True)
    plate[place].save(path, format="TIFF")


def assert_every_field_is_whole(cluster: Cluster, fields: int) -> None:
    counts = cluster.files.counts()
    assert (counts[FileState.DONE], counts[FileState.COMPANION]) == (fields, 3 * fields)
    with reading(cluster.engine) as connection:
        measured = (
            select(Image.id, func.count(Intensity.channel.distinct()))
            .join(Intensity, Intensity.image_id == Image.id)
            .group_by(Image.id)
        )
        assert set(dict(connection.execute(measured).all()).values()) == {4}
        assert connection.scalar(select(func.count()).where(Image.missing_channels.is_not(None))) == 0


def cpu_seconds(service) -> float:
    return sum(psutil.Process(service.pids()[0]).cpu_times()[:2])
