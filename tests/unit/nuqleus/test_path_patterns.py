"""Which paths a pattern fits: what people see is what they write."""

import unicodedata

import pytest

from nuqleus.path_patterns import path_matcher
from nuqleus.settings import Settings


@pytest.mark.parametrize(
    ("path", "urgent"),
    [
        ("priority/a.tif", True),
        ("priority/plate 1/a.tif", True),
        ("plate 1/priority/a.tif", True),
        ("priority.tif", False),
        ("low-priority/a.tif", False),
        ("plate 1/a.tif", False),
    ],
)
def test_what_lies_in_a_folder_called_priority_is_urgent_by_default(path, urgent):
    assert path_matcher(Settings().urgent.split(","))(path) == urgent


def test_patterns_of_ones_own_replace_the_default():
    is_urgent = path_matcher(["clinic/*", "*.now.tif"])
    assert is_urgent("clinic/a.tif")
    assert is_urgent("plate/a.now.tif")
    assert not is_urgent("priority/a.tif")


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_unicode_s_normal_forms_are_one(stored, written):
    pattern, path = (
        unicodedata.normalize(form, text) for form, text in ((written, "Mäuse/*"), (stored, "Mäuse/a.tif"))
    )

    assert path_matcher([pattern])(path)


@pytest.mark.parametrize("name", ["Exp [1]", "a+b (2)", "x.y", "^a$", "{3}", "a|b", "a\\d"])
def test_all_but_wildcards_stands_for_itself(name):
    fits = path_matcher([f"{name}/*"])

    assert fits(f"{name}/a.tif")
    assert not fits("Exp 1/a.tif")
    assert not fits("xzy/a.tif")


def test_wildcards_stand_for_anything_and_for_one_character():
    assert path_matcher(["a?.tif"])("ab.tif")
    assert not path_matcher(["a?.tif"])("abc.tif")
    assert path_matcher(["*"])("folder/with\nnewline.tif")


def test_case_matters_and_names_that_are_no_text_fit_as_well():
    assert not path_matcher(["Plate/*"])("plate/a.tif")
    assert path_matcher(["M*"])("M\udce4use/a.tif")


@pytest.mark.parametrize("patterns", [[], [""], [" ", ""]])
def test_no_pattern_fits_nothing(patterns):
    assert not path_matcher(patterns)("a.tif")
