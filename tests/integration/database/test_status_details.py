"""How things stand, seen closer."""

import pytest

from nuqleus.database.leadership import Leadership, SchedulerIdentity, bind_folder
from nuqleus.database.queries.status_details import get_details
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.integration.database.test_well_statistics import fill_well


def look(archive: Archive):
    return get_details(archive.engine, archive.clock.now)


def test_an_empty_database_has_nothing_to_tell(archive: Archive):
    found = look(archive)

    assert (found.leader, found.queue_age_seconds) == (None, None)
    assert (found.running, found.failures_by_kind, found.stage_seconds) == ([], {}, {})


def test_the_queue_is_as_old_as_the_file_that_waits_longest_in_it(archive: Archive):
    archive.waiting("not queued.png")
    archive.clock.advance(50)
    archive.queued("first.png")
    archive.clock.advance(20)
    archive.queued("second.png")

    assert look(archive).queue_age_seconds == 20


def test_running_files_come_with_their_workers_in_the_order_of_their_start(archive: Archive):
    begun = archive.clock.now
    archive.running("a.png", "worker 2")
    archive.clock.advance(5)
    archive.running("b.png", "worker 1")
    archive.done("c.png")

    running = look(archive).running

    assert [(f.path, f.owner, f.started_at) for f in running] == [
        ("a.png", "worker 2", begun),
        ("b.png", "worker 1", begun + 5),
    ]


def test_failures_are_counted_by_kind_the_most_frequent_first(archive: Archive):
    for number, kind in enumerate(["damaged", "truncated", "truncated"]):
        archive.failed(f"{number}.png", kind)

    assert list(look(archive).failures_by_kind.items()) == [("truncated", 2), ("damaged", 1)]


def test_the_stages_are_those_of_the_images_that_were_finished_last(archive: Archive, monkeypatch):
    monkeypatch.setattr("nuqleus.database.queries.status_details.RECENT_FILES", 2)
    for number in range(3):
        archive.done(f"{number}.png", str(number), [image_result(), image_result(z=1)][: number + 1])
        archive.clock.advance(1)

    seconds = look(archive).stage_seconds

    assert seconds["network"] == pytest.approx(4 * 0.3)  # of two files with two images each
    assert list(seconds) == ["read", "normalise", "network", "instances", "measure", "store"]


def test_the_leader_is_named_until_its_lease_ends(archive: Archive):
    bind_folder(archive.engine, "/inbox")
    Leadership(archive.engine, SchedulerIdentity("me", "process"), 30, archive.clock).try_acquire()
    assert look(archive).leader == "me"

    archive.clock.advance(31)
    assert look(archive).leader is None


def test_plates_are_counted_by_convention(archive: Archive):
    fill_well(archive, "A01", [image_result()])

    assert look(archive).plates_by_convention == {"ImageXpress": 1}
