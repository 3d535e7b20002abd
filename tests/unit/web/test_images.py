"""The viewer: what it shows is what was measured, and what it can't show is said."""

import os
import shutil
import signal
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from sqlalchemy import delete

from model.labels.overview import find_edges
from nuqleus.database.engine import writing
from nuqleus.database.tables import Overview
from tests.unit.web.shown import SQUARES, Shown
from web.colours import Scale
from web.drawing.pictures import draw_outlines
from web.drawing_process import DrawingProcess, ProcessLost, TimeLimits

CHANGED = "The file has changed since it was measured. The new content is shown once it is measured.\n"

TWO_CHANNELS = np.stack([SQUARES, 255 - SQUARES], axis=0)


@pytest.fixture(scope="module")
def image(shown: Shown) -> int:
    return shown.measure("gray.png")


def test_a_tile_shows_the_pixels_of_the_file(shown, image):
    tile = shown.picture(f"/images/{image}/tiles/1/0/0").astype(int)
    assert tile.shape == (*SQUARES.shape, 3)
    assert np.abs(tile[..., 0] - np.where(SQUARES > 0, 255, 0)).mean() < 3


def test_a_tile_from_further_away_shows_every_second_pixel(shown, image):
    assert shown.picture(f"/images/{image}/tiles/2/0/0").shape[:2] == (24, 120)


def test_channels_have_the_colours_and_the_contrast_that_the_url_says(shown):
    tifffile.imwrite(shown.inbox / "two.tif", TWO_CHANNELS, metadata={"axes": "CYX"}, imagej=True)
    image = shown.measure("two.tif")
    red = shown.picture(f"/images/{image}/tiles/1/0/0?c=0:ff0000:0:1").astype(int)
    assert red[24, 12, 0] > 230
    assert red[..., 1:].max() < 40
    both = shown.picture(f"/images/{image}/tiles/1/0/0?c=0:ff0000:0:1&c=1:00ff00:0:1").astype(int)
    assert both[2, 36, 1] > 230
    darker = shown.picture(f"/images/{image}/tiles/1/0/0?c=0:ff0000:0:2").astype(int)
    assert 100 < darker[24, 12, 0] < 150


def test_outlines_lie_where_the_mask_says(shown, image):
    outlines = shown.picture(f"/images/{image}/outlines/1/0/0")
    assert (outlines[..., 3] > 0).sum() == 5 * 4 * 23 - 22
    assert outlines[12, 12, 3] == 255
    assert outlines[24, 12, 3] == 0


def test_outlines_are_coloured_by_a_measurement(shown, image):
    colours = shown.picture(f"/images/{image}/outlines/1/0/0?by=centroid_col")
    first, last = colours[12, 12, :3], colours[12, 200, :3]
    assert first.tolist() == [0x44, 0x01, 0x54]
    assert last.tolist() == [0xFD, 0xE7, 0x25]


def test_outlines_are_coloured_by_dna_content(shown, image):
    grey = shown.picture(f"/images/{image}/outlines/1/0/0?by=dna_content")
    assert len(np.unique(grey[grey[..., 3] > 0], axis=0)) == 1  # of one image, no G1 peak is known
    assert '<option value="dna_content"' in shown.page.get(f"/images/{image}").text


def test_more_colours_than_a_palette_holds_are_told_apart_less_finely():
    labels = np.kron(np.arange(1, 901, dtype=np.int32).reshape(30, 30), np.ones((3, 3), np.int32))
    scale = Scale(0, 900)
    numbers = list(range(1, 901))
    drawn = draw_outlines(labels, {"labels": numbers, "rgb": [scale.colour(label) for label in numbers]})
    picture = np.asarray(Image.open(BytesIO(drawn)).convert("RGB")).astype(int)
    wanted = np.array([[scale.colour(label) >> shift & 255 for shift in (16, 8, 0)] for label in range(901)])
    edges = find_edges(labels)
    assert np.abs(picture[edges] - wanted[labels[edges]]).max() <= 3


def test_a_nucleus_under_the_pointer_has_the_numbers_of_the_database(shown, image):
    nucleus = shown.page.get(f"/api/images/{image}/at?row=24&col=12").json()["nucleus"]
    row = shown.nuclei(image)[nucleus["label"] - 1]
    assert nucleus["shape"]["area"] == row.area == 24 * 24
    assert nucleus["intensities"]["0"]["intensity_mean"] == 200
    assert shown.page.get(f"/api/images/{image}/at?row=1&col=1").json() == {"nucleus": None}


def test_a_nucleus_has_a_link_of_its_own_and_a_cut_out(shown, image):
    text = shown.page.get(f"/images/{image}/nuclei/2").text
    assert 'aria-selected="true"' in text
    assert shown.picture(f"/images/{image}/nuclei/2/cutout.jpg").shape[:2] == (144, 144)
    assert shown.page.get(f"/images/{image}/nuclei/99").status_code == 404


def test_the_gallery_shows_the_worker_s_picture(shown, image):
    assert f"/images/{image}/overview.jpg" in shown.page.get("/images").text
    assert shown.picture(f"/images/{image}/overview.jpg").shape == (48, 240, 3)


def test_an_image_from_before_gets_its_picture_when_it_is_looked_at(shown):
    Image.fromarray(SQUARES).save(shown.inbox / "old.png")
    image = shown.measure("old.png", with_overviews=False)
    assert shown.picture(f"/images/{image}/overview.jpg").shape == (48, 240, 3)


def test_of_a_file_that_is_gone_outlines_and_the_small_picture_stay(shown):
    path = shown.inbox / "gone.png"
    Image.fromarray(SQUARES).save(path)
    image = shown.measure("gone.png")
    path.unlink()
    assert shown.picture(f"/images/{image}/overview.jpg").shape == (48, 240, 3)
    with writing(shown.engine) as connection:
        connection.execute(delete(Overview).where(Overview.image_id == image))
    assert shown.picture(f"/images/{image}/overview.jpg").shape == (48, 240, 4)
    assert "no longer where it was" in shown.page.get(f"/images/{image}/tiles/1/0/0").text
    assert shown.picture(f"/images/{image}/nuclei/1/cutout.jpg").any()


def test_a_file_that_changed_isn_t_shown_under_outlines_that_aren_t_its(shown):
    path = shown.inbox / "changed.png"
    Image.fromarray(SQUARES).save(path)
    image = shown.measure("changed.png")
    Image.fromarray(SQUARES[:, ::-1].copy()).save(path, compress_level=0)
    answer = shown.page.get(f"/images/{image}/tiles/1/0/0")
    assert (answer.status_code, answer.text) == (404, CHANGED)


def test_a_file_that_was_replaced_isn_t_shown_however_alike_it_looks(shown):
    path, other = shown.inbox / "replaced.png", shown.inbox / "other"
    Image.fromarray(SQUARES).save(path)
    image, stamp = shown.measure("replaced.png"), path.stat()
    other.write_bytes(path.read_bytes()[:-1] + b"x")
    os.utime(other, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    other.rename(path)
    assert shown.page.get(f"/images/{image}/tiles/1/0/0").text == CHANGED


@pytest.mark.parametrize(("content", "status"), [(SQUARES, 200), (SQUARES[:, ::-1], 404)])
def test_what_waits_to_be_measured_again_is_shown_if_it_is_still_the_same(shown, content, status):
    path = shown.inbox / f"again {status}.png"
    Image.fromarray(SQUARES).save(path)
    image = shown.measure(path.name)
    Image.fromarray(content.copy()).save(path)
    shown.see(path.name)  # the database has the stamp of the new content now, and the outlines of the old one
    assert shown.page.get(f"/images/{image}/tiles/1/0/0").status_code == status


def test_a_link_out_of_the_folder_leads_nowhere(shown, tmp_path):
    path = shown.inbox / "link.png"
    Image.fromarray(SQUARES).save(path)
    image, stamp = shown.measure("link.png"), path.stat()
    shutil.copy2(path, tmp_path / "secret.png")
    path.unlink()
    path.symlink_to(tmp_path / "secret.png")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert "leads out of the watched folder" in shown.page.get(f"/images/{image}/tiles/1/0/0").text


@pytest.mark.parametrize(
    "path",
    [
        "tiles/3/0/0",
        "tiles/0/0/0",
        "tiles/1/99999999999999999999/0",
        "tiles/1/0/-1",
        "outlines/16/0/0",
        "tiles/4611686018427387904/0/0",
    ],
)
def test_there_are_no_other_tiles(shown, image, path):
    assert shown.page.get(f"/images/{image}/{path}").status_code == 404


@pytest.mark.parametrize("query", ["c=0", "c=0:red:0:1", "c=0:ff0000:0:1e9", "c=٣:ff0000:0:1"])
def test_a_channel_that_makes_no_sense_is_refused(shown, image, query):
    assert shown.page.get(f"/images/{image}/tiles/1/0/0?{query}").status_code == 400


@pytest.mark.parametrize("query", ["by=label", "by=path", "by=area;drop", "by=' OR 1"])
def test_outlines_are_coloured_by_measurements_alone(shown, image, query):
    assert shown.page.get(f"/images/{image}/outlines/1/0/0?{query}").status_code == 400


def test_what_kills_the_drawing_process_costs_one_picture(shown, image):
    shown.picture(f"/images/{image}/tiles/1/0/0")
    for drawing in shown.site.painter._processes:
        if drawing._process:
            os.kill(drawing._process.pid, signal.SIGKILL)
    assert shown.page.get("/images").status_code == 200
    assert shown.picture(f"/images/{image}/tiles/1/0/0").any()


def test_a_process_that_hangs_is_ended():
    hangs = DrawingProcess(("sleep", "60"), TimeLimits(longest_seconds=0.1))
    with pytest.raises(ProcessLost, match="too long"):
        hangs.ask({}, [])
    assert hangs._process is None


def test_a_process_that_works_without_end_is_ended():
    works = DrawingProcess(("sh", "-c", "while :; do :; done"), TimeLimits(busy_seconds=0.1))
    with pytest.raises(ProcessLost, match="too long"):
        works.ask({}, [])


@pytest.mark.parametrize("said", ["", "nonsense that is long enough", "\\377\\377\\377\\377"])
def test_an_answer_that_is_none_ends_the_process(said):
    process = DrawingProcess(("printf", said))
    with pytest.raises(ProcessLost):
        process.ask({}, [])


def test_the_drawing_process_knows_no_secret(monkeypatch):
    monkeypatch.setenv("NUQLEUS_WEB_TOKEN", "secret")
    monkeypatch.setenv("NUQLEUS_DATABASE_PASSWORD", "secret")
    process = DrawingProcess(("cat",))
    environment = Path(f"/proc/{process._running().pid}/environ").read_bytes()
    process.end()
    assert b"secret" not in environment
