"""Names that browsers and systems give to copies."""

import pytest

from nuqleus.copy_names import original_of

NAMES = (
    *(
        "a (1)",
        "a(2)",
        "a (12)",
        "a - Copy",
        "a - Copy (2)",
        "a copy",
        "a copy 2",
        "a (copy)",
        "a (another copy)",
    ),
    *(
        "a (3rd copy)",
        "Copy of a",
        "Copy (2) of a",
        "a - Kopie",
        "Kopie von a",
        "a (1) (1)",
        "Copy of Copy of a",
    ),
)


@pytest.mark.parametrize("name", NAMES)
def test_copies(name: str):
    assert original_of(f"x/{name}.tif") == "x/a.tif"
    assert original_of(f"{name}.tif") == "a.tif"


@pytest.mark.parametrize(
    "name",
    [
        "a.tif",
        "a 1.tif",
        "A - 01(fld 1 wv UV - DAPI).tif",
        "photocopy.tif",
        "a(DAPI).tif",
        "(1).tif",
        "a (1) b.tif",
        "a",
    ],
)
def test_names_that_are_none(name: str):
    assert original_of(f"x (1)/{name}") is None
