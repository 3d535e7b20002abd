"""The viewer while the watched folder is away, or its image is exchanged: it says so, and shows it when it is back."""

from io import BytesIO

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, eventually
from tests.browser.test_page import pixel
from tests.fake_segmenter import draw_squares

expect.set_options(timeout=PATIENCE)


def brightness(page: Page, row: int, col: int) -> int:
    """Of a pixel of the image, as it is seen."""
    point = pixel(page, row, col)
    clip = {"x": point["x"], "y": point["y"], "width": 1, "height": 1}
    return max(Image.open(BytesIO(page.screenshot(clip=clip))).convert("RGB").getpixel((0, 0)))


def test_a_folder_that_is_away_is_said_to_be_and_its_image_comes_back_by_itself(lab, visit):
    kept = lab.inbox.with_name("kept")
    lab.inbox.rename(kept)
    page = visit("/images/1")
    note = page.locator("#viewer-note")
    expect(note).to_contain_text("is not there: is its drive mounted?")
    kept.rename(lab.inbox)
    expect(note).to_have_text("")
    eventually(lambda: brightness(page, 24, 12) > 200)


def test_an_image_that_is_exchanged_is_not_shown_until_it_is_put_back(lab, visit):
    path, kept = lab.inbox / "squares.png", lab.inbox / "squares.kept"
    path.rename(kept)
    Image.fromarray(255 - draw_squares(5, side=24)).save(path)
    page = visit("/images/1")
    expect(page.locator("#viewer-note")).to_contain_text("has changed since it was measured")
    assert brightness(page, 2, 36) < 60
    kept.replace(path)
    expect(page.locator("#viewer-note")).to_have_text("")
    eventually(lambda: brightness(page, 24, 12) > 200)
