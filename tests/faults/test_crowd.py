"""A hundred thousand files at once: how long until all are known, what that costs, and what it costs to know them."""

import time
from pathlib import Path

import psutil
from PIL import Image
from sqlalchemy import update

from nuqleus.database.engine import writing
from nuqleus.database.states import FileState
from nuqleus.database.tables import File
from tests.faults.ledger import FULL
from tests.faults.parts import wait_until

FILES, IDLE_SECONDS = (100_000, 60) if FULL else (1_000, 5)


def test_a_crowd_of_files(build, ledger):
    plant = build("sqlite", scan_seconds=5.0, settle_seconds=2.0, resend_seconds=300.0)
    plant.start_broker()
    fill(plant.inbox)
    plant.scheduler.start()
    began = time.monotonic()
    wait_until(lambda: sum(plant.files.counts().values()) == FILES, "all recorded", plant.describe)
    recorded = time.monotonic() - began
    plant.wait_until_counted(FileState.QUEUED, FILES)
    queued = time.monotonic() - began
    peak = peak_memory(plant.scheduler)
    plant.scheduler.kill()

    end_all(plant)
    plant.scheduler.start()
    began = time.monotonic()
    plant.drop("one more.png")
    plant.wait_for("one more.png", FileState.QUEUED)
    restarted = time.monotonic() - began
    idle = idle_share(plant.scheduler)

    assert sum(plant.files.counts().values()) == FILES + 1
    assert idle < 0.05
    ledger.measure(f"{FILES:,} files dropped at once: until all are recorded", f"{recorded:.1f} s")
    ledger.measure("… until all are queued, and their messages sent", f"{queued:.1f} s")
    ledger.measure("… the scheduler's peak memory", f"{peak:.0f} MB")
    ledger.measure(f"start with {FILES:,} done files, until a new one is queued", f"{restarted:.1f} s")
    ledger.measure("… the idle scheduler afterwards, of one core", f"{idle:.2%}")


def fill(inbox):
    """Small files, a thousand to a folder; what is in them doesn't matter to a scheduler."""
    Image.new("L", (8, 8)).save(inbox / "0.png")
    content = (inbox / "0.png").read_bytes()
    for number in range(1, FILES):
        folder = inbox / f"plate {number // 1000}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.png").write_bytes(content)


def end_all(plant):
    with writing(plant.engine) as connection:
        connection.execute(update(File).values(state=FileState.DONE, finished_at=time.time()))


def peak_memory(part):
    """Megabytes."""
    status = Path(f"/proc/{part.pids()[0]}/status").read_text().splitlines()
    (peak,) = (int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return peak / 1024


def idle_share(part):
    """Of one core, while nothing happens."""
    process = psutil.Process(part.pids()[0])
    used, began = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(IDLE_SECONDS)
    return (sum(process.cpu_times()[:2]) - used) / (time.monotonic() - began)
