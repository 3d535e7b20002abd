"""The view `quality` says which images stand out from their plate or folder, and why; or why that can't be said."""

import numpy as np
import pytest
from sqlalchemy import text, update

from nuqleus.database.engine import writing
from nuqleus.database.group_statistics import GroupStatistics
from nuqleus.database.tables import Image
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.integration.database.measured_images import add_alike, add_image, rows
from tests.integration.database.test_well_statistics import fill_well

MEASUREMENTS = {
    "power_log_log_slope",
    "background",
    "fraction_at_min",
    "fraction_at_max",
    "illumination_gradient",
    "area_fraction",
}


@pytest.fixture
def statistics(archive: Archive) -> GroupStatistics:
    return GroupStatistics(archive.engine, archive.clock)


def standing_out(archive: Archive) -> dict[tuple[str, str], str]:
    """The reasons by path and measurement."""
    found = rows(archive, "SELECT path, measurement, reason FROM quality WHERE stands_out = 1")
    return {(row["path"], row["measurement"]): row["reason"] for row in found}


def test_images_that_are_alike_don_t_stand_out(archive: Archive, statistics: GroupStatistics):
    add_alike(archive, "a/")
    statistics.refresh_all()

    found = rows(archive, "SELECT * FROM quality")
    assert len(found) == 12 * len(MEASUREMENTS)
    assert {row["measurement"] for row in found} == MEASUREMENTS
    assert {(row["stands_out"], row["reason"]) for row in found} == {(0, None)}
    assert {row["channel"] for row in found if row["measurement"] == "area_fraction"} == {None}
    assert {row["channel"] for row in found if row["measurement"] != "area_fraction"} == {0}
    assert {str(row["as_of"])[:19] for row in found} == {"2023-11-14 22:13:20"}
    assert {row["compared_images"] for row in found} == {12}


@pytest.mark.parametrize(
    ("measurement", "value", "reason"),
    [
        ("power_log_log_slope", -2.5, "out of focus: the sharpness is # MADs below its folder's"),
        ("power_log_log_slope", -0.5, "little but noise: fine structure is # MADs above its folder's"),
        ("background", 10, "dark background: it is # MADs below its folder's"),
        ("background", 200, "bright background: it is # MADs above its folder's"),
        (
            "fraction_at_min",
            0.1,
            "cut off at the dark end: the pixels at the minimum are # MADs above its folder's",
        ),
        ("illumination_gradient", 0.9, "uneven illumination: the gradient is # MADs above its folder's"),
        ("area_fraction", 0.0, "sparse: the area that nuclei cover is # MADs below its folder's"),
        ("area_fraction", 0.9, "crowded: the area that nuclei cover is # MADs above its folder's"),
        ("fraction_at_max", 0.142, "14.2 % of the pixels saturated"),
        ("fraction_at_max", 1.0, "blank: all pixels have the same value"),
    ],
)
def test_what_stands_out_is_said_in_words(
    measurement: str, value: float, reason: str, archive: Archive, statistics: GroupStatistics
):
    add_alike(archive, "a/")
    add_image(archive, "a/odd.tif", **{measurement: value})
    statistics.refresh_all()

    found = rows(archive, "SELECT path, value FROM quality WHERE measurement = :name", name=measurement)
    values = {row["path"]: row["value"] for row in found}
    median = np.median(list(values.values()))
    mads = abs(values["a/odd.tif"] - median) / np.median(abs(np.array(list(values.values())) - median))
    number = f"{mads:.1f}" if mads < 1000 else "over 1000"
    assert standing_out(archive) == {("a/odd.tif", measurement): reason.replace("#", number)}


def test_an_image_is_compared_with_its_plate_whatever_the_folder_or_with_its_folder(
    archive: Archive, statistics: GroupStatistics
):
    on_plate = [*add_alike(archive, "day 1/", 6), *add_alike(archive, "day 2/", 6)]
    well_id = fill_well(archive, "B02", [image_result(1)])
    with writing(archive.engine) as connection:
        connection.execute(update(Image).where(Image.id.in_(on_plate)).values(well_id=well_id))
    add_alike(archive, "day 1/beside ", background=5000)
    statistics.refresh_all()

    found = rows(
        archive, "SELECT DISTINCT path, plate, group_key, median FROM quality WHERE measurement='background'"
    )
    by_plate = {row["plate"]: row for row in found if row["median"] is not None}
    assert by_plate["P"]["group_key"] == "plate:1"
    assert by_plate["P"]["median"] == pytest.approx(99, abs=2)
    assert (by_plate[None]["group_key"], by_plate[None]["median"]) == ("folder:day 1/", 5000)


def test_of_few_images_none_stands_out_unless_it_is_saturated(archive: Archive, statistics: GroupStatistics):
    add_alike(archive, "a/", 8)
    add_image(archive, "a/odd.tif", background=5000, fraction_at_max=0.5)
    statistics.refresh_all()

    assert standing_out(archive) == {("a/odd.tif", "fraction_at_max"): "50.0 % of the pixels saturated"}
    reasons = rows(archive, "SELECT DISTINCT reason FROM quality WHERE stands_out IS NULL")
    assert [row["reason"] for row in reasons] == ["its folder has fewer than 10 images to compare it with"]


def test_where_most_images_have_the_same_value_the_others_can_t_be_judged(
    archive: Archive, statistics: GroupStatistics
):
    add_alike(archive, "a/", background=7)
    add_image(archive, "a/odd.tif", background=5000)
    statistics.refresh_all()

    found = rows(
        archive, "SELECT path, reason FROM quality WHERE measurement = 'background' AND stands_out IS NULL"
    )
    assert [tuple(row.values()) for row in found] == [
        ("a/odd.tif", "most images of its folder have exactly the same value")
    ]


def test_images_of_an_earlier_version_are_not_judged(archive: Archive, statistics: GroupStatistics):
    add_alike(archive, "a/")
    archive.done("a/old.tif", "old", [image_result(3)])
    statistics.refresh_all()

    (row,) = rows(archive, "SELECT * FROM quality WHERE path = 'a/old.tif'")
    assert (row["value"], row["stands_out"]) == (None, None)
    assert row["reason"] == "measured by an earlier version: `nuqleus retry PATH` measures it"


def test_before_they_are_compared_nothing_is_said(archive: Archive):
    add_alike(archive, "a/")

    found = rows(archive, "SELECT DISTINCT as_of, reason FROM quality WHERE measurement <> 'fraction_at_max'")
    assert [tuple(row.values()) for row in found] == [(None, "not compared yet")]


def test_a_new_image_is_judged_by_those_that_were_there(archive: Archive, statistics: GroupStatistics):
    add_alike(archive, "a/")
    statistics.refresh_all()
    add_image(archive, "a/new.tif", background=5000)

    assert standing_out(archive).keys() == {("a/new.tif", "background")}


def test_of_a_stack_the_plane_that_counts_is_judged(archive: Archive, statistics: GroupStatistics):
    archive.done("a/stack.tif", "abc", [image_result(nuclei, z=z) for z, nuclei in enumerate([1, 3, 2])])
    with writing(archive.engine) as connection:
        connection.execute(update(Image).values(area_fraction=0.1))
        connection.execute(
            text(
                "INSERT INTO image_quality (image_id, channel, fraction_at_max) SELECT id, 0, 0.5 FROM images"
            )
        )

    found = rows(archive, "SELECT z, reason FROM quality WHERE stands_out = 1")
    assert [tuple(row.values()) for row in found] == [(1, "50.0 % of the pixels saturated")]
