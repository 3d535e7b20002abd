"""Statistics of wells: right, of the images that are there, and made anew when these are others."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import Engine, select, text, update

from nuqleus.database import well_statistics
from nuqleus.database.engine import reading, writing
from nuqleus.database.plates import record_fields
from nuqleus.database.statistic_names import STATISTIC_NAMES
from nuqleus.database.tables import WHOLE, Image, Intensity, Nucleus, Well, WellStatistic
from nuqleus.database.well_statistics import WellStatistics
from nuqleus.fields import FieldFile, FieldPlace
from scheduler.statistics_keeper import StatisticsKeeper
from tests.conftest import Clock
from tests.examples import image_result
from tests.integration.database.conftest import Archive


@pytest.fixture
def statistics(engine: Engine, clock: Clock) -> WellStatistics:
    return WellStatistics(engine, clock)


def fill_well(archive: Archive, well: str, *fields: list, site: int = 1) -> int:
    """Done files whose images lie in a well."""
    with writing(archive.engine) as connection:
        record_fields(connection, [FieldFile("ImageXpress", FieldPlace("f", "P", well, 1, 0), None, "w1")])
        well_id = connection.scalars(select(Well.id).where(Well.name == well)).one()
    for number, images in enumerate(fields, start=site):
        file_id = archive.done(f"f/P_{well}_s{number}.tif", f"{well}{number}", images)
        with writing(archive.engine) as connection:
            place = update(Image).where(Image.file_id == file_id).values(well_id=well_id, site=number)
            connection.execute(place)
    return well_id


def stored(engine: Engine, well_id: int) -> dict[tuple[int, int, int, str], float | None]:
    columns = (
        WellStatistic.t,
        WellStatistic.z,
        WellStatistic.channel,
        WellStatistic.name,
        WellStatistic.value,
    )
    with reading(engine) as connection:
        rows = connection.execute(select(*columns).where(WellStatistic.well_id == well_id))
        return {tuple(place): value for *place, value in rows}


def test_they_count_all_nuclei_and_measure_those_inside(archive: Archive, statistics: WellStatistics):
    cut = image_result(5, channels=2, cut=True)
    well_id = fill_well(archive, "B02", [image_result(3, channels=2)], [cut])
    fill_well(archive, "B03", [image_result(7)])

    statistics.refresh_all()

    in_well = (Image.well_id == well_id, ~Nucleus.touches_border)
    same = (Nucleus.image_id == Intensity.image_id) & (Nucleus.label == Intensity.label)
    with reading(archive.engine) as connection:
        of_well = select(Nucleus.area).join(Image, Image.id == Nucleus.image_id).where(*in_well)
        areas = connection.scalars(of_well).all()
        joined = (
            select(Intensity.intensity_mean).join(Image, Image.id == Intensity.image_id).join(Nucleus, same)
        )
        means = connection.scalars(joined.where(*in_well, Intensity.channel == 1)).all()
    found = stored(archive.engine, well_id)
    assert (found[0, 0, WHOLE, "fields"], found[0, 0, WHOLE, "nuclei"], len(areas)) == (2, 8, 7)
    assert found[0, 0, WHOLE, "mean_area"] == pytest.approx(np.mean(areas))
    assert {name for *_, name in found} == STATISTIC_NAMES
    assert found[0, 0, WHOLE, "median_area"] == pytest.approx(np.median(areas))
    assert found[0, 0, 1, "mean_intensity_mean"] == pytest.approx(np.mean(means))
    assert found[0, 0, 1, "median_intensity_mean"] == pytest.approx(np.median(means))
    assert not any("centroid" in name or "label" in name or "orientation" in name for *_, name in found)


def test_planes_and_times_are_never_added(archive: Archive, statistics: WellStatistics):
    images = [image_result(nuclei, t=t, z=z) for nuclei, t, z in ((1, 0, 0), (2, 0, 1), (4, 1, 0))]
    well_id = fill_well(archive, "A01", images)

    statistics.refresh_all()

    found = stored(archive.engine, well_id)
    assert {place[:2]: value for place, value in found.items() if place[2:] == (WHOLE, "nuclei")} == {
        (0, 0): 1,
        (0, 1): 2,
        (1, 0): 4,
    }


def test_a_well_read_some_columns_at_a_time_has_the_same(
    archive: Archive, statistics: WellStatistics, monkeypatch: pytest.MonkeyPatch
):
    well_id = fill_well(archive, "A01", [image_result(9, channels=2)], [image_result(4, channels=2)])
    statistics.refresh(well_id)
    whole = stored(archive.engine, well_id)

    monkeypatch.setattr(well_statistics, "VALUES_AT_ONCE", 30)
    monkeypatch.setattr(well_statistics, "IMAGES_PER_STATEMENT", 1)
    statistics.refresh(well_id)

    assert stored(archive.engine, well_id) == whole


def test_an_empty_field_counts_and_has_no_mean(archive: Archive, statistics: WellStatistics):
    well_id = fill_well(archive, "A01", [image_result(0)])

    statistics.refresh_all()

    found = stored(archive.engine, well_id)
    assert (found[0, 0, WHOLE, "fields"], found[0, 0, WHOLE, "nuclei"]) == (1, 0)
    assert found[0, 0, WHOLE, "mean_area"] is None


def test_only_what_is_out_of_date_is_made_anew(archive: Archive, statistics: WellStatistics):
    first = fill_well(archive, "A01", [image_result(1)])
    second = fill_well(archive, "A02", [image_result(1)])
    assert statistics.outdated() == [first, second]
    statistics.refresh_all()
    assert statistics.outdated() == []

    fill_well(archive, "A02", [image_result(2)], site=2)
    assert statistics.outdated() == [second]


def test_a_deleted_field_counts_no_more(archive: Archive, statistics: WellStatistics):
    well_id = fill_well(archive, "A01", [image_result(1)], [image_result(2)])
    statistics.refresh_all()

    with writing(archive.engine) as connection:
        connection.execute(text("DELETE FROM files WHERE path = 'f/P_A01_s1.tif'"))
    assert statistics.outdated() == [well_id]
    statistics.refresh_all()
    assert stored(archive.engine, well_id)[0, 0, WHOLE, "nuclei"] == 2

    with writing(archive.engine) as connection:
        connection.execute(text("DELETE FROM files"))
    statistics.refresh_all()
    assert stored(archive.engine, well_id) == {}
    assert statistics.outdated() == []


def test_the_view_shows_a_well_in_a_row_and_as_of_when(archive: Archive, statistics: WellStatistics):
    fields = [image_result(3, channels=2), image_result(5, channels=2)]
    fill_well(archive, "B02", *([field] for field in fields))
    statistics.refresh_all()

    query = """SELECT plate, well, "row", col, fields, nuclei, mean_area, mean_intensity_mean_ch1, as_of
               FROM well_summary"""
    with reading(archive.engine) as connection:
        (row,) = connection.execute(text(query))
    assert tuple(row)[:6] == ("P", "B02", 1, 1, 2, 8)
    areas = np.concatenate([field.nuclei["area"] for field in fields])
    means = np.concatenate(
        [field.intensities["intensity_mean"][-len(field.nuclei["area"]) :] for field in fields]
    )
    assert (row.mean_area, row.mean_intensity_mean_ch1) == pytest.approx((areas.mean(), means.mean()))
    as_of = datetime.fromisoformat(str(row.as_of))
    assert as_of.replace(tzinfo=as_of.tzinfo or UTC).timestamp() == archive.clock.now


def test_they_are_kept_up_to_date_for_a_tenth_of_the_time(clock: Clock):
    class Slow:
        made: list[int]

        def __init__(self) -> None:
            self.made = []

        def outdated(self) -> list[int]:
            return [1, 2, 3, 4]

        def refresh(self, well_id: int) -> None:
            self.made.append(well_id)
            clock.advance(0.6)

    slow = Slow()
    keeper = StatisticsKeeper(slow, clock)

    keeper.run_if_due()
    assert slow.made == [1, 2]
    clock.advance(10)
    keeper.run_if_due()
    assert slow.made == [1, 2]
    clock.advance(1)
    keeper.run_if_due()
    assert slow.made == [1, 2, 1, 2]
