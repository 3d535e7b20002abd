"""Counters of the work that is done, which only rise."""

import pytest
from sqlalchemy import delete

from nuqleus.database.engine import writing
from nuqleus.database.queries import result_counters
from nuqleus.database.queries.result_counters import STAGES, ResultCounters
from nuqleus.database.tables import Image
from tests.examples import image_result
from tests.integration.database.conftest import Archive


def test_it_begins_at_its_first_look(archive: Archive):
    archive.done("before.png", "0")
    counters = ResultCounters(archive.engine)

    assert not counters.update()
    archive.done("after.png", "1", [image_result(nuclei=3), image_result(nuclei=2, z=1)])

    done = counters.update()
    assert (done["images"], done["nuclei"]) == (2, 5)
    assert done["pixels"] == 32 * 32 * 3 + 32 * 32 * 2
    assert done["network"] == pytest.approx(2 * 0.3)
    assert STAGES == ("read", "normalise", "network", "instances", "measure", "store")


def test_what_it_counted_before_is_not_read_again_and_nothing_is_counted_twice(archive: Archive, monkeypatch):
    monkeypatch.setattr(result_counters, "RECOUNTED_IMAGES", 2)
    counters = ResultCounters(archive.engine)
    counters.update()

    counted = []
    for number in range(8):
        archive.done(f"{number}.png", str(number))
        counted.append(counters.update()["images"])
    with writing(archive.engine) as connection:  # what was counted for good isn't looked at
        connection.execute(delete(Image).where(Image.id <= 4))
    archive.done("last.png", "last")

    assert counted == [1, 2, 3, 4, 5, 6, 7, 8]
    assert counters.update()["images"] == 9


def test_an_image_that_becomes_visible_late_is_counted(archive: Archive):
    """Another worker's transaction may hold lower ids, and end later."""
    archive.done("a.png", "a")
    row = archive.rows(Image)[0]._asdict()
    counters = ResultCounters(archive.engine)
    counters.update()

    def insert(number: int):
        with writing(archive.engine) as connection:
            connection.execute(Image.__table__.insert(), row | {"id": row["id"] + number, "z": number})
        return counters.update()["images"]

    assert [insert(5), insert(3)] == [1, 2]


def test_it_never_falls_when_images_are_replaced(archive: Archive):
    counters = ResultCounters(archive.engine)
    counters.update()
    archive.done("a.png", "a")
    archive.done("b.png", "b")
    before = counters.update()
    with writing(archive.engine) as connection:
        connection.execute(delete(Image))

    assert counters.update() == before


def test_pixels_of_large_images_are_counted(archive: Archive):
    counters = ResultCounters(archive.engine)
    counters.update()
    archive.done("a.png", "a")
    with writing(archive.engine) as connection:
        connection.execute(Image.__table__.update().values(height=100_000, width=100_000))

    assert counters.update()["pixels"] == 10**10
