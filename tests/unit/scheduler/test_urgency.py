"""Which files go before others."""

import pytest

from nuqleus.settings import Settings
from scheduler.urgency import make_urgency


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
    assert make_urgency(Settings().urgent.split(","))(path) == urgent


def test_patterns_of_ones_own_replace_the_default():
    is_urgent = make_urgency(["clinic/*", "*.now.tif"])
    assert is_urgent("clinic/a.tif")
    assert is_urgent("plate/a.now.tif")
    assert not is_urgent("priority/a.tif")
