"""What others wrote is what it was when it was taken in, and its licence is said."""

from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = (ROOT / "web/static/vendor", ROOT / "tests/browser")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_file_has_its_hash(folder):
    rows = [line.split() for line in (folder / "VENDORED").read_text().splitlines()]
    hashes = {row[0]: row[-1] for row in rows if len(row) == 5 and row[0].endswith(".js")}
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.js")}
    assert found
    assert found == hashes


def test_no_page_asks_another_machine_for_anything():
    ours = [*(ROOT / "web/html").glob("*.html"), *(ROOT / "web/static").glob("*.*")]
    asking = [
        path.name
        for path in ours
        if path.is_file() and ("https://" in path.read_text() or 'src="//' in path.read_text())
    ]
    assert asking == []


def test_no_template_holds_a_script_or_a_style_of_its_own():
    """The Content-Security-Policy would not let it run."""
    templates = list((ROOT / "web/html").glob("*.html"))
    assert ROOT / "web/html/base.html" in templates
    for path in templates:
        text = path.read_text()
        assert "<style" not in text
        assert " style=" not in text
        assert "onclick" not in text
        assert text.count("<script") == text.count("<script src=")
        assert "|safe" not in text
