"""Plates: the plate as the map."""

import re

import pytest
from sqlalchemy import insert, update

from nuqleus.database.engine import writing
from nuqleus.database.tables import WHOLE, File, Image, Plate, Well, WellAnnotation, WellStatistic
from nuqleus.fields import FieldPlace
from tests.examples import image_result

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def page(visit, archive):
    """A plate of 96 wells, of which three are known, one of them without a number."""
    archive.done("P/1.tif", images=[image_result(2)])
    with writing(archive.engine) as connection:
        plate = {"name": f"P {SCRIPT}", "folder": "P", "convention": "?", "rows": 8, "cols": 12}
        connection.execute(insert(Plate), [plate])
        wells = [("A01", 0, 0), ("B02", 1, 1), ("H12", 7, 11)]
        connection.execute(
            insert(Well), [{"plate_id": 1, "name": name, "row": row, "col": col} for name, row, col in wells]
        )
        numbers = [
            *[(well, 0, WHOLE, "nuclei", 100.0 * well) for well in (1, 2)],
            *[(1, t, 1, "mean_intensity_mean", 10.0 + t) for t in (0, 1)],
            (1, 0, WHOLE, "mean_orientation", 0.0),  # of an earlier version
        ]
        names = ("well_id", "t", "channel", "name", "value")
        connection.execute(
            insert(WellStatistic), [{"z": 0, **dict(zip(names, row, strict=True))} for row in numbers]
        )
        connection.execute(
            insert(WellAnnotation), [{"well_id": 1, "name": "compound", "value": f"=DMSO {SCRIPT}"}]
        )
        connection.execute(update(Image).values(well_id=1, site=1))
        made = {"statistics_images": 1, "statistics_newest": 1}
        connection.execute(update(Well).where(Well.id == 1).values(made))
    return visit()


def test_each_well_says_its_number_and_leads_to_its_fields(page):
    text = page.get("/plates/1").text
    assert "A01: nuclei 100" in text
    assert "H12: nuclei not known" in text
    assert text.count('<a href="/images?well=') == 3
    assert "/images/1" in page.get("/images?well=1").text
    assert "/images/1" not in page.get("/images?well=2").text


def test_wells_are_coloured_from_the_lowest_to_the_highest_number(page):
    text = page.get("/plates/1").text
    assert all(f'fill="{colour}"' in text for colour in ("#440154", "#fde725", "#9aa0a6"))


@pytest.mark.parametrize("by", ["mean_aera", "=cmd|' /C calc'!A0", "label", "mean_orientation", "nuclei:x"])
def test_a_statistic_that_there_is_not_is_refused(page, by):
    for path in ("/plates/1", "/plates/1/wells.csv", "/api/plates/1"):
        assert page.get(path, params={"by": by}).status_code == 400
    assert f'<option value="{by}"' not in page.get("/plates/1").text


def test_a_statistic_of_a_channel_is_shown_as_the_mean_over_time(page):
    assert "A01: mean intensity mean, channel 1 10.5" in page.get("/plates/1?by=mean_intensity_mean:1").text


def test_a_time_point_or_a_step_of_z_is_shown_alone(page):
    text = page.get("/plates/1?by=mean_intensity_mean:1&t=1").text
    assert "A01: mean intensity mean, channel 1 11" in text
    assert re.findall(r'<select name="t">.*</select>', text) == [
        '<select name="t"><option value="">mean of all</option><option>0</option><option selected>1</option></select>'
    ]
    assert '<select name="z">' not in text
    table = page.get("/plates/1/wells.csv?by=mean_intensity_mean:1&t=1").text.splitlines()
    assert table[1].startswith("A01,11.0,")
    assert page.get("/api/plates/1?by=mean_intensity_mean:1&t=0").json()["wells"][0]["value"] == 10.0
    assert page.get("/api/plates/1?by=nuclei&z=5").json()["wells"][0]["value"] is None


def test_a_number_of_earlier_images_is_said_to_be_and_is_in_no_table(page, archive):
    assert "other images by now" not in page.get("/plates/1").text
    archive.done("P/2.tif", images=[image_result(5)])
    with writing(archive.engine) as connection:
        connection.execute(update(Image).where(Image.id == 2).values(well_id=1, site=2))
    text = page.get("/plates/1").text
    assert "A01: nuclei 100, of earlier images" in text
    assert "B02: nuclei 200<" in text
    assert "One well has other images by now than the number is of" in text
    assert page.get("/plates/1/wells.csv").text.splitlines()[1].startswith("A01,,")
    assert [well["is_outdated"] for well in page.get("/api/plates/1").json()["wells"]] == [True, False, False]
    assert "other images by now" not in page.get("/plates/1?by=fields_failed").text


def test_failed_fields_of_each_well_are_counted(page, archive):
    for site, plate in ((1, "P"), (2, "P"), (1, "Q")):
        fail_field(archive, FieldPlace("P", plate, "B02", site, 0))
    archive.failed("other.tif", "truncated", "The file ends early.")
    with writing(archive.engine) as connection:
        connection.execute(update(Plate).values(name="P"))
    text = page.get("/plates/1?by=fields_failed").text
    assert "B02: fields failed 2" in text
    assert "A01: fields failed 0" in text
    assert '<option value="fields_failed" selected>' in text


def fail_field(archive, place: FieldPlace):
    path = f"{place.plate}/failed {place.site}.tif"
    archive.failed(path, "field-mismatch", "Two files.")
    with writing(archive.engine) as connection:
        connection.execute(update(File).where(File.path == path).values(field_key=str(place)))


def test_fields_that_lack_channels_are_counted(page, archive):
    with writing(archive.engine) as connection:
        connection.execute(update(Image).values(missing_channels="GFP"))
    wells = page.get("/api/plates/1?by=fields_with_missing_channels").json()["wells"]
    assert [well["value"] for well in wells] == [1.0, 0.0, 0.0]


def test_wells_are_coloured_by_what_is_in_them(page):
    text = page.get("/plates/1?group=compound").text
    assert 'fill="#4477aa"' in text
    assert "<option selected>compound</option>" in text


def test_what_people_and_microscopes_write_is_text(page):
    for path in ("/plates", "/plates/1", "/plates/1?group=compound"):
        assert SCRIPT not in page.get(path).text
    table = page.get("/plates/1/wells.csv").text.splitlines()
    assert table[0] == "well,nuclei,compound"
    assert table[1] == f"A01,100.0,'=DMSO {SCRIPT}"


def test_programs_get_the_same(page):
    assert page.get("/api/plates").json()["plates"][0]["wells"] == 3
    wells = page.get("/api/plates/1").json()["wells"]
    assert [(well["name"], well["value"]) for well in wells] == [
        ("A01", 100.0),
        ("B02", 200.0),
        ("H12", None),
    ]


@pytest.mark.parametrize("path", ["/plates/2", "/plates/0", "/plates/99999999999999999999", "/plates/-1"])
def test_a_plate_that_is_not_there_is_not_found(page, path):
    assert page.get(path).status_code == 404


def test_plots_and_nuclei_of_a_plate_are_those_of_its_wells(page):
    assert page.get("/nuclei?x=area&plate=1").text.count("cutout.jpg") == 2
    assert page.get("/nuclei?x=area&plate=2").text.count("cutout.jpg") == 0


def test_without_plates_the_page_says_what_to_do(visit):
    assert "Drop a microscope’s folder" in visit().get("/plates").text
