"""A hundred thousand files at once: how long until all are known, what that costs, and what it costs to know them."""

import time
from pathlib import Path

import psutil
from PIL import Image
from sqlalchemy import update

from nuqleus.database.engine import writing
from nuqleus.database.file_states import FileState
from nuqleus.database.tables import File
from tests.faults.fault_report import FULL
from tests.faults.service import wait_until

FILES, IDLE_SECONDS = (100_000, 60) if FULL else (1_000, 5)


def test_a_crowd_of_files(build, report):
    cluster = build("sqlite", scan_seconds=5.0, settle_seconds=2.0, resend_seconds=300.0)
    cluster.start_broker()
    fill(cluster.inbox)
    cluster.scheduler.start()
    began = time.monotonic()
    wait_until(lambda: sum(cluster.files.counts().values()) == FILES, "all recorded", cluster.describe)
    recorded = time.monotonic() - began
    cluster.wait_until_counted(FileState.QUEUED, FILES)
    queued = time.monotonic() - began
    peak = peak_memory(cluster.scheduler)
    cluster.scheduler.kill()

    report.measure(f"{FILES:,} files dropped at once: until all are recorded", f"{recorded:.1f} s")
    report.measure("… until all are queued, and their messages sent", f"{queued:.1f} s")
    report.measure("… the scheduler's peak memory", f"{peak:.0f} MB")
    start_again(cluster, report)


def start_again(cluster, report):
    end_all(cluster)
    cluster.scheduler.start()
    began = time.monotonic()
    cluster.drop("one more.png")
    cluster.wait_for("one more.png", FileState.QUEUED)
    restarted = time.monotonic() - began
    idle = idle_share(cluster.scheduler)

    assert sum(cluster.files.counts().values()) == FILES + 1
    assert idle < 0.05
    report.measure(f"start with {FILES:,} done files, until a new one is queued", f"{restarted:.1f} s")
    report.measure("… the idle scheduler afterwards, of one core", f"{idle:.2%}")


def fill(inbox):
    """Small files, a thousand to a folder; what is in them doesn't matter to a scheduler."""
    Image.new("L", (8, 8)).save(inbox / "0.png")
    content = (inbox / "0.png").read_bytes()
    for number in range(1, FILES):
        folder = inbox / f"plate {number // 1000}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.png").write_bytes(content)


def end_all(cluster):
    with writing(cluster.engine) as connection:
        connection.execute(update(File).values(state=FileState.DONE, finished_at=time.time()))


def peak_memory(service):
    """Megabytes."""
    status = Path(f"/proc/{service.pids()[0]}/status").read_text().splitlines()
    (peak,) = (int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return peak / 1024


def idle_share(service):
    """Of one core, while nothing happens."""
    process = psutil.Process(service.pids()[0])
    used, began = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(IDLE_SECONDS)
    return (sum(process.cpu_times()[:2]) - used) / (time.monotonic() - began)
