"""Statistics of plates and folders are of the images that are there, and are made anew when these are others."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text, update

from benchmarks.cell_cycle import draw_population
from nuqleus.database import group_values
from nuqleus.database.engine import writing
from nuqleus.database.group_statistics import GroupStatistics
from nuqleus.database.queries.caveats import StandingOut, standing_out
from nuqleus.database.tables import G1PeakOfGroup, GroupStatistic, Image, ImageGroup
from scheduler.statistics_keeper import StatisticsKeeper
from tests.conftest import Clock
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.integration.database.measured_images import add_alike, add_image, rows, with_contents
from tests.integration.database.test_well_statistics import fill_well


@pytest.fixture
def statistics(archive: Archive) -> GroupStatistics:
    return GroupStatistics(archive.engine, archive.clock)


def keys(statistics: GroupStatistics) -> list[str]:
    return [group.key for group in statistics.outdated()]


def test_medians_are_of_the_values_that_are_known(archive: Archive, statistics: GroupStatistics):
    for number, background in enumerate([1.0, 4.0, 9.0, None]):
        add_image(archive, f"a/{number}.tif", background=background)
    statistics.refresh_all()

    stored = {(row.channel, row.name): row[3:] for row in archive.rows(GroupStatistic)}
    assert stored[0, "background"] == (3, 4.0, 3.0)
    assert stored[-1, "area_fraction"][0] == 4


def test_only_groups_with_other_images_are_made_anew(archive: Archive, statistics: GroupStatistics):
    add_alike(archive, "a/", 2)
    add_alike(archive, "b/", 2)
    assert keys(statistics) == ["folder:a/", "folder:b/"]
    statistics.refresh_all()
    assert keys(statistics) == []

    add_image(archive, "b/new.tif")
    assert keys(statistics) == ["folder:b/"]
    statistics.refresh_all()
    with writing(archive.engine) as connection:
        connection.execute(text("DELETE FROM files WHERE path = 'a/0.tif'"))
    assert keys(statistics) == ["folder:a/"]


def test_a_group_without_images_is_forgotten(archive: Archive, statistics: GroupStatistics):
    add_alike(archive, "a/", 2)
    statistics.refresh_all()
    with writing(archive.engine) as connection:
        connection.execute(text("DELETE FROM files"))
    statistics.refresh_all()

    assert [archive.rows(table) for table in (ImageGroup, GroupStatistic, G1PeakOfGroup)] == [[], [], []]
    assert keys(statistics) == []


def test_a_moved_file_counts_where_it_is(archive: Archive, statistics: GroupStatistics):
    add_alike(archive, "a/", 3)
    statistics.refresh_all()
    with writing(archive.engine) as connection:
        connection.execute(text("UPDATE files SET path = 'b/0.tif' WHERE path = 'a/0.tif'"))
    statistics.refresh_all()

    assert {row.key: row.images for row in archive.rows(ImageGroup)} == {"folder:a/": 2, "folder:b/": 1}


def test_images_that_turn_out_to_be_of_a_plate_leave_their_folder(
    archive: Archive, statistics: GroupStatistics
):
    ids = add_alike(archive, "a/", 4)
    well_id = fill_well(archive, "B02", [image_result(1)])
    statistics.refresh_all()
    with writing(archive.engine) as connection:
        connection.execute(update(Image).where(Image.id.in_(ids[:2])).values(well_id=well_id))
    assert keys(statistics) == ["folder:a/", "plate:1"]
    statistics.refresh_all()

    assert {row.key: row.images for row in archive.rows(ImageGroup)} == {"folder:a/": 2, "plate:1": 3}


def test_it_is_counted_how_many_images_stand_out(archive: Archive, statistics: GroupStatistics):
    add_alike(archive, "a/")
    add_image(archive, "a/odd.tif", background=5000, power_log_log_slope=-5)
    statistics.refresh_all()

    (group,) = archive.rows(ImageGroup)
    assert (group.images, group.standing_out) == (13, 1)
    add_image(archive, "b/new.tif")
    assert standing_out(archive.engine) == StandingOut(1, 13)


def test_until_that_is_counted_a_group_is_out_of_date(
    archive: Archive, statistics: GroupStatistics, monkeypatch: pytest.MonkeyPatch
):
    """A scheduler that is killed in between leaves it so."""
    add_alike(archive, "a/")
    with monkeypatch.context() as killed:
        killed.setattr(GroupStatistics, "_count_standing_out", lambda *_: None)
        statistics.refresh_all()
    assert keys(statistics) == ["folder:a/"]
    assert rows(archive, "SELECT images, standing_out FROM image_groups") == [
        {"images": None, "standing_out": None}
    ]

    statistics.refresh_all()
    assert keys(statistics) == []


def test_two_schedulers_may_make_the_same_at_once(archive: Archive, statistics: GroupStatistics):
    add_alike(archive, "a/")
    groups = statistics.outdated() * 6
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(statistics.refresh, groups)) == [None] * 6

    assert keys(statistics) == []
    assert len(archive.rows(GroupStatistic)) == 7


def test_of_many_images_and_nuclei_a_sample_is_taken(
    archive: Archive, statistics: GroupStatistics, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(group_values, "MOST_IMAGES", 4)
    monkeypatch.setattr(group_values, "MOST_NUCLEI", 1500)
    monkeypatch.setattr(group_values, "LEAST_NUCLEI", 0)
    for number in range(10):
        contents = draw_population(300, seed=number).contents
        add_image(archive, f"a/{number}.tif", with_contents(contents), background=number)
    statistics.refresh_all()

    stored = {row.name: row for row in archive.rows(GroupStatistic)}
    assert (stored["background"].images, stored["background"].median) == (4, 4.5)
    (peak,) = archive.rows(G1PeakOfGroup)
    assert peak.nuclei == 1500
    assert peak.position == pytest.approx(1e5, rel=0.1)


def test_g1_peaks_are_found_time_by_time(
    archive: Archive, statistics: GroupStatistics, monkeypatch: pytest.MonkeyPatch
):
    """Also of samples: in a series, every second image may be every second time."""
    monkeypatch.setattr(group_values, "MOST_NUCLEI", 500)
    images = [
        with_contents(draw_population(800, unit=unit, seed=t).contents, t=t)
        for t, unit in enumerate([1e4, 2e4])
    ]
    add_series(archive, "a/series.tif", images)
    statistics.refresh_all()

    peaks = rows(archive, "SELECT t, nuclei, position FROM g1_peaks ORDER BY t")
    assert [(peak["t"], peak["nuclei"]) for peak in peaks] == [(0, 800), (1, 800)]
    assert [peak["position"] for peak in peaks] == pytest.approx([1e4, 2e4], rel=0.1)


def add_series(archive: Archive, path: str, images: list) -> None:
    archive.done(path, path, images)
    with writing(archive.engine) as connection:
        connection.execute(update(Image).values(area_fraction=0.2))


def test_a_keeper_with_nothing_to_make_looks_for_a_hundredth_of_the_time(clock: Clock):
    class Idle:
        looks = 0

        def outdated(self) -> list[int]:
            self.looks += 1
            clock.advance(0.5)
            return []

        def refresh(self, part: int) -> None:
            raise AssertionError(part)

    idle = Idle()
    keeper = StatisticsKeeper(idle, clock)
    keeper.run_if_due()
    clock.advance(49)
    keeper.run_if_due()
    assert idle.looks == 1
    clock.advance(1)
    keeper.run_if_due()
    assert idle.looks == 2
