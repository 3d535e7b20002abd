"""Names that strangers chose: no page fails because of one, and none is more than text."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, update

from nuqleus.database.engine import writing
from nuqleus.database.tables import File, Image, Plate, Well, WellAnnotation, WellStatistic
from nuqleus.fields import FieldPlace
from tests.examples import image_result
from tests.unit.web.shown import settled

SCRIPT = "<script>alert(1)</script>"

NAMES = [
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "\udcff\udcfe",  # bytes that are no UTF-8, as Python has them
    "line\nbreak\r\0\x1b[31m",
    "\u202egnp.exe",
    "{{ 7 * 7 }}{% raw %}",
    "../../../etc/passwd",
    "'; DROP TABLE files; --",
    "=cmd|' /C calc'!A0",
    "%s%n%00",
    "n" * 250,
]

PAGES = (
    *(
        "/",
        "/overview",
        "/files",
        "/files?state=failed",
        "/files/1",
        "/files/2",
        "/files/3",
        "/images",
        "/images/1",
    ),
    *(
        "/images/1/nuclei/1",
        "/plots?x=area",
        "/nuclei?x=area",
        "/plates",
        "/plates/1",
        "/plates/1?group=note",
    ),
    *("/images?well=1", "/plates/1/wells.csv"),
    *(
        "/api/status",
        "/api/files",
        "/api/files/1",
        "/api/files/2",
        "/api/images",
        "/api/images/1",
        "/api/plates",
    ),
    *("/api/plates/1", "/api/images/1/nuclei"),
)


@pytest.fixture(params=NAMES, ids=range(len(NAMES)))
def page(request, visit, archive):
    """A page on which everything that has a name has this one."""
    name = request.param
    path = f"{name.replace('/', '-').replace(chr(0), '')}.tif"
    archive.done(
        path, images=[replace(image_result(2, channels=2), channel_names=[name, "x"], scene_name=name)]
    )
    archive.failed(f"failed {path}", "truncated", f"{name} ends early")
    archive.running(f"running {path}", owner="host:1:1")
    with writing(archive.engine) as connection:
        connection.execute(
            insert(Plate), [{"name": path, "folder": path, "convention": "?", "rows": 8, "cols": 12}]
        )
        connection.execute(insert(Well), [{"plate_id": 1, "name": "A01", "row": 0, "col": 0}])
        connection.execute(insert(WellAnnotation), [{"well_id": 1, "name": "note", "value": name}])
        connection.execute(insert(WellAnnotation), [{"well_id": 1, "name": name, "value": "1"}])
        statistic = {"well_id": 1, "t": 0, "z": 0, "channel": -1, "name": "nuclei", "value": 2.0}
        connection.execute(insert(WellStatistic), [statistic])
        connection.execute(
            update(Image).values(well_id=1, site=1, missing_channels=name, nuclear_channel_by="guess")
        )
        key = str(FieldPlace(path, path, "A01", 1, 0))
        connection.execute(update(File).where(File.id == 1).values(field_key=key, field_channel=name))
    page = visit()
    settled(page.app.state.site.dashboard)
    return page


def test_every_page_is_there_and_runs_no_name(page):
    for path in PAGES:
        answer = page.get(path)
        assert answer.status_code == 200, path
        if "html" in answer.headers["content-type"]:
            assert "<script>alert" not in answer.text
            assert "<img src=x" not in answer.text
            assert "49{%" not in answer.text


def test_a_file_is_found_by_its_name_as_pages_and_programs_are_told_it(page):
    path = {"path": page.get("/api/files/1").json()["path"]}
    assert 1 in [file["id"] for file in page.get("/api/files", params=path).json()["files"]]
    assert [image["id"] for image in page.get("/api/images", params=path).json()["images"]] == [1]
    assert page.get("/nuclei", params={"x": "area", **path}).text.count("cutout.jpg") == 2
    table = page.get("/plots.csv", params={"x": "area", **path}).text.splitlines()
    assert sum(int(line.rpartition(",")[2]) for line in table[1:]) == 2
