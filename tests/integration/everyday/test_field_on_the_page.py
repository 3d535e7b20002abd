"""A field of a plate on the page: from the plate to its well, its fields, and the channels of each."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Picture
from starlette.testclient import TestClient

from nuqleus.database.well_statistics import WellStatistics
from tests.integration.everyday.conftest import Lab, replace_with_copy
from tests.integration.everyday.test_fields import images, name, put_field, settle
from web.app import build_app
from web.site import Site


@pytest.fixture
def page(lab: Lab):
    put_field(lab, 1, nuclei=3)
    settle(lab)
    WellStatistics(lab.engine, lab.clock).refresh_all()
    site = Site(lab.settings, lab.engine)
    yield TestClient(build_app(site), base_url="http://localhost:8600")
    site.painter.close()


def tile(page, image: int, channel: int) -> np.ndarray:
    answer = page.get(f"/images/{image}/tiles/1/0/0?c={channel}:ffffff:0:1")
    assert answer.status_code == 200, answer.text
    return np.asarray(Picture.open(BytesIO(answer.content)))


def test_each_channel_is_that_of_its_file_and_a_file_that_changed_is_not_shown(page, lab: Lab):
    (image,) = images(lab)
    assert all(tile(page, image.id, channel).max() > 200 for channel in range(3))
    (lab.inbox / name(2)).write_bytes(b"another")
    answer = page.get(f"/images/{image.id}/tiles/1/0/0?c=0:ffffff:0:1")
    assert "has changed since it was measured" in answer.text


def test_a_field_that_waits_to_be_measured_again_is_not_shown_under_its_old_outlines(page, lab: Lab):
    (image,) = images(lab)
    replace_with_copy(lab.inbox / name(2))
    lab.tick()  # the database has the stamp of the new file now, and the outlines of before
    answer = page.get(f"/images/{image.id}/tiles/1/0/0?c=0:ffffff:0:1")
    assert answer.status_code == 404
    assert "is to be measured again, and may have changed" in answer.text


def test_a_plate_leads_to_its_well_and_that_to_its_fields(page, lab: Lab):
    assert 'href="/plates/1"' in page.get("/plates").text
    assert "B02: nuclei 3" in page.get("/plates/1").text
    well = page.get("/api/plates/1").json()["wells"][0]["id"]
    assert f'href="/images/{images(lab)[0].id}"' in page.get(f"/images?well={well}").text
