"""Days at random: plates are renamed, copied, thinned, touched and forgotten; in the end every field counts once."""

import random
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from nuqleus.database.engine import reading
from nuqleus.database.files.forgetting import find_forgettable, forget_files
from nuqleus.database.files.retry import retry_files
from nuqleus.database.named_plates import known_plates
from tests.integration.everyday.conftest import FIELD_SECONDS, Lab
from tests.integration.everyday.fields_lab import name, put, put_field, settle

FOLDERS = ("P", "Q", "R/S")
LENGTH, SEEDS = 12, (0, 1, 2, 3, 14)


def folders(lab: Lab) -> list[Path]:
    return [lab.inbox / folder for folder in FOLDERS if (lab.inbox / folder).is_dir()]


def free(lab: Lab) -> list[Path]:
    return [lab.inbox / folder for folder in FOLDERS if not (lab.inbox / folder).exists()]


def some_file(lab: Lab, chance: random.Random) -> Path | None:
    files = sorted(path for folder in folders(lab) for path in folder.glob("*.tif"))
    return chance.choice(files) if files else None


def rename(lab: Lab, chance: random.Random) -> None:
    if folders(lab) and free(lab):
        target = chance.choice(free(lab))
        target.parent.mkdir(exist_ok=True)
        chance.choice(folders(lab)).rename(target)


def copy(lab: Lab, chance: random.Random) -> None:
    if folders(lab) and free(lab):
        shutil.copytree(chance.choice(folders(lab)), chance.choice(free(lab)))


def delete(lab: Lab, chance: random.Random) -> None:
    if path := some_file(lab, chance):
        path.unlink()


def touch(lab: Lab, chance: random.Random) -> None:
    if path := some_file(lab, chance):
        path.touch()


def double(lab: Lab, chance: random.Random) -> None:
    if path := some_file(lab, chance):
        guid = "12345678-1234-1234-1234-123456789abc"
        copy = path.with_name(f"{path.name.partition('w')[0]}w{chance.choice('123')}{guid}.tif")
        copy.write_bytes(path.read_bytes())


def replace(lab: Lab, chance: random.Random) -> None:
    if path := some_file(lab, chance):
        put(lab, path.relative_to(lab.inbox).as_posix(), 3, value=chance.randint(60, 220))


def fill(lab: Lab, chance: random.Random) -> None:
    if folders(lab):
        folder = chance.choice(folders(lab)).relative_to(lab.inbox).as_posix()
        for site in (1, 2, 3):
            for channel in (1, 2, 3):
                path = name(channel, site).replace("P/", f"{folder}/", 1)
                if not (lab.inbox / path).exists():
                    put(lab, path, 3, value=100 + 10 * site + channel)


def forget(lab: Lab, chance: random.Random) -> None:
    forget_files(lab.engine, find_forgettable(lab.engine, [chance.choice(FOLDERS)]).file_ids)


def retry(lab: Lab, chance: random.Random) -> None:
    retry_files(lab.engine, [chance.choice(FOLDERS)], only_failed=chance.random() < 0.5)


def restart(lab: Lab, _chance: random.Random) -> None:
    lab.restart()


def wait(lab: Lab, chance: random.Random) -> None:
    lab.tick(chance.choice([0.0, 2.0, 10.0, FIELD_SECONDS]))
    if chance.random() < 0.7:
        lab.work()


OPERATIONS = (rename, rename, copy, delete, touch, double, replace, fill, forget, retry, restart, *[wait] * 3)


def ended(lab: Lab, chance: random.Random) -> list[str]:
    """Let a day pass, and everything come to its end. Returns what happened."""
    day = [chance.choice(OPERATIONS) for _ in range(LENGTH)]
    for operation in day:
        operation(lab, chance)
    lab.restart()
    for _ in range(3):
        settle(lab, FIELD_SECONDS)
    return [operation.__name__ for operation in day]


def counted(lab: Lab) -> dict[tuple[str, str], int]:
    """Images by folder of the plate and field."""
    query = (
        "SELECT p.folder, i.site, count(*) FROM images i JOIN wells w ON w.id = i.well_id "
        "JOIN plates p ON p.id = w.plate_id GROUP BY p.folder, i.site"
    )
    with reading(lab.engine) as connection:
        return {(folder, str(site)): images for folder, site, images in connection.execute(text(query))}


def field(path: str) -> tuple[str, str]:
    """Folder and number of a field that a file is a part of."""
    return path.rpartition("/")[0], path.rpartition("_s")[2][0]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_field_counts_once_in_the_end(lab: Lab, seed: int):
    for site in (1, 2, 3):
        put_field(lab, site, nuclei=3)
    settle(lab)
    day = ended(lab, random.Random(seed))

    there = {
        path.relative_to(lab.inbox).as_posix() for folder in folders(lab) for path in folder.glob("*.tif")
    }
    failed = {field(row.path) for row in lab.rows() if row.state == "failed" and row.gone_at is None}
    assert set(lab.there()) == there, day
    assert set(lab.states().values()) <= {"done", "companion", "failed"}, day
    assert set(counted(lab).values()) <= {1}, day
    assert {field(path) for path in there} <= counted(lab).keys() | failed, day
    assert {folder for folder, _ in map(field, there)} <= {
        plate.folder for plate in known_plates(lab.engine)
    }, day
