"""Pictures for docs/page.md of a page that shows something: `python docs/page_pictures.py http://127.0.0.1:8600/`.

Each page on a wide screen and on a phone, by the operating system's Chromium.
"""

import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parent / "pictures"

PAGES = {
    "overview": "",
    "files": "files?state=failed",
    "images": "images",
    "viewer": "images/28/nuclei/20?by=area",
    "plots": "plots?x=area&y=eccentricity",
    "plate": "plates/1",
}

SCREENS = {"wide": (1280, 900), "phone": (390, 844)}

SETTLE_MILLISECONDS = 8_000
"""For tiles and plots to come."""


COLOURS = 256
"""Of a picture: a third of the bytes, and nobody sees it."""


def main(url: str) -> None:
    """Take all pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for screen, (width, height) in SCREENS.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            for name, path in PAGES.items():
                take(page, f"{url}{path}", PICTURES / f"page-{name}-{screen}.png")


def take(page: Page, url: str, path: Path) -> None:
    """Take a picture of what is seen without scrolling."""
    page.goto(url)
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    page.screenshot(path=path)
    Image.open(path).quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
