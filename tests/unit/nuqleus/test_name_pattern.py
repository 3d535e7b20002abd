"""Patterns for names: refused with a sentence where they make no sense, and never slow."""

import time
from pathlib import Path

import pytest

from nuqleus.errors import SettingsError
from nuqleus.name_pattern import NamePattern
from nuqleus.settings import get_settings


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"(?P<well>[A-H]\d\d)", "no group .*channel"),
        (
            r"(?P<channel>\w+)_(?P<colour>\w+)",
            "no group colour; a pattern has plate, well, site, channel, t, z",
        ),
        (r"(?P<channel>[a-z", "no regular expression"),
        (r"(?P<channel>\w+)(?!_thumb)", "neither .*invalid perl operator"),
        (r"(?P<channel>\w+)_(?P<channel>\w+)", "channel twice"),
        ("(?P<channel>a)" + "b" * 1000, "more than 1000 characters"),
    ],
)
def test_a_pattern_that_makes_no_sense_is_refused(tmp_path: Path, pattern: str, message: str):
    rules = tmp_path / "rules.toml"
    rules.write_text(f"[[rule]]\npath = '*'\npattern = '{pattern}'\n", encoding="utf-8")

    with pytest.raises(SettingsError, match=rf"rule 1, pattern: .*{message}"):
        get_settings(rules=rules)


def test_a_catastrophic_pattern_costs_no_time():
    pattern = NamePattern(r"^(?P<channel>(a+)+)+$")
    began = time.thread_time()

    assert pattern.search("a" * 250 + "!") is None
    assert time.thread_time() - began < 1


def test_without_a_channel_it_does_not_fit():
    assert NamePattern(r"_(?P<channel>\w*)\.tif").search("a_.tif") is None
