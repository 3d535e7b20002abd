"""Which channel a file's nuclei are sought in, and what becomes of its z-stacks, by rules for paths."""

from pathlib import Path

import pytest

from nuqleus.errors import SettingsError
from nuqleus.image_options import ImageOptions
from nuqleus.rules import Rules
from nuqleus.settings import get_settings

RULES = """
[[rule]]
path = "confocal/*.czi"
channel = "DAPI"
z = "max"

[[rule]]
path = "confocal/*"
channel = 2

[[rule]]
path = "*/thick/*"
z = "mean"
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "rules.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("confocal/a.czi", ImageOptions("DAPI", "max")),
        ("confocal/day 1/a.czi", ImageOptions("DAPI", "max")),
        ("confocal/a.tif", ImageOptions("2", "planes")),
        ("plates/thick/a.tif", ImageOptions("auto", "mean")),
        ("Confocal/a.czi", ImageOptions("auto", "planes")),
        ("a.czi", ImageOptions("auto", "planes")),
    ],
)
def test_the_first_rule_that_fits_a_path_wins(write, path: str, options: ImageOptions):
    rules = get_settings(rules=write(RULES)).image_rules()

    assert rules.options_for(path) == options


def test_what_a_rule_leaves_open_follows_the_settings(write):
    rules = get_settings(rules=write(RULES), channel="Hoechst", z="max").image_rules()

    assert rules.options_for("plates/thick/a.tif") == ImageOptions("Hoechst", "mean")
    assert rules.options_for("confocal/a.tif") == ImageOptions("2", "max")
    assert rules.options_for("a.png") == ImageOptions("Hoechst", "max")


def test_a_rule_goes_back_to_the_usual_names(write):
    rules = get_settings(
        rules=write('[[rule]]\npath = "*.png"\nchannel = "auto"'), channel="Hoechst"
    ).image_rules()

    assert rules.options_for("a.png").channel == "auto"


def test_without_rules_the_settings_decide(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NUQLEUS_CHANNEL", "1")
    monkeypatch.setenv("NUQLEUS_Z", "mean")

    assert get_settings().image_rules().options_for("a.png") == ImageOptions("1", "mean")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[rule]]\npath = "a"\nchanel = 1', "rule 1, chanel: there is no such key"),
        ('[[rule]]\npath = "a"\n\n[[rule]]\nz = "max"', "rule 2, path: Field required"),
        ('[[rule]]\npath = "a"\nz = "sum"', "rule 1, z: Input should be 'planes', 'max' or 'mean'"),
        ('[[rule]]\npath = "a"\nchannel = true', "rule 1, channel: Input should be a valid string"),
        ('[[rule]]\npath = "a"\nchannel = -1', "rule 1, channel"),
        ('[[rule]]\npath = "a"\ndiameter = 0', "rule 1, diameter: a diameter is a number of pixels, like 40"),
        ('[[rule]]\npath = "a"\ndiameter = "12 mm"', "rule 1, diameter: a diameter is"),
        ('[[rule]]\npath = "a"\ndiameter = true', "rule 1, diameter: a diameter is"),
        (
            '[[rule]]\npath = "a"\nsmallest = 0',
            "rule 1, smallest: Input should be greater than or equal to 1",
        ),
        (
            '[[rule]]\npath = "a/*"\npattern = "(?P<well>A1)"',
            r"rule 1, pattern: the pattern has no group .*\(the rule for path = 'a/\*'\)",
        ),
        ("rule = [1]", "rule 1: Input should be"),
        ('[[rules]]\npath = "a"', "rules: there is no such key"),
        ("[[rule]]\npath = a", "not a TOML file.*line 2"),
    ],
)
def test_rules_that_make_no_sense_end_the_start_with_their_place(write, text: str, message: str):
    with pytest.raises(SettingsError, match=rf"NUQLEUS_RULES.*rules\.toml.*{message}"):
        get_settings(rules=write(text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"none\.toml can't be read: No such file"):
        get_settings(rules=tmp_path / "none.toml")


def test_a_rule_says_what_pages_are_and_that_it_named_the_channel(write):
    rules = get_settings(
        rules=write('[[rule]]\npath = "a*"\npages = "channels"\n[[rule]]\npath = "b*"\nchannel = 1'),
        channel="DAPI",
    ).image_rules()

    assert rules.options_for("a.tif") == ImageOptions("DAPI", pages="channels")
    assert [rules.options_for(path).channel_by for path in ("a.tif", "b.tif", "c.tif")] == [
        "setting",
        "rule",
        "setting",
    ]


def test_options_at_their_default_are_stored_as_they_always_were():
    assert str(ImageOptions()) == "channel auto, z planes"
    assert str(ImageOptions("2", "max", channel_by="rule")) == "channel 2, z max"
    assert str(ImageOptions(pages="t")) == "channel auto, z planes, pages t"


@pytest.mark.parametrize(
    ("written", "diameter"),
    [
        ("40", "40"),
        ("40.0", "40"),
        ('"40 px"', "40"),
        ('"12um"', "12 um"),
        ('"12.50 µm"', "12.5 um"),
        ("12.5", "12.5"),
    ],
)
def test_a_diameter_is_stored_in_one_way_however_it_is_written(write, written: str, diameter: str):
    rules = get_settings(rules=write(f'[[rule]]\npath = "*"\ndiameter = {written}')).image_rules()

    assert rules.options_for("a.png").diameter == diameter


def test_a_rule_s_diameter_and_smallest_size_go_before_those_of_the_settings(write, monkeypatch):
    monkeypatch.setenv("NUQLEUS_DIAMETER", "12 um")
    monkeypatch.setenv("NUQLEUS_SMALLEST", "30")
    text = '[[rule]]\npath = "a*"\ndiameter = 40\nsmallest = 8\n[[rule]]\npath = "b*"\nz = "max"'
    rules = get_settings(rules=write(text)).image_rules()

    assert rules.options_for("a.png") == ImageOptions(diameter="40", smallest=8)
    assert rules.options_for("b.png") == ImageOptions(z="max", diameter="12 um", smallest=30)
    assert rules.options_for("c.png") == ImageOptions(diameter="12 um", smallest=30)
    assert str(rules.options_for("a.png")) == "channel auto, z planes, diameter 40, smallest 8"


@pytest.mark.parametrize("diameter", ["", "0", "-3", "nan", "1e9", "12 pt", "um", "1,5", "99999999"])
def test_a_setting_that_is_no_diameter_ends_the_start(diameter: str):
    with pytest.raises(SettingsError, match=r"NUQLEUS_DIAMETER.*a diameter is a number of pixels"):
        get_settings(diameter=diameter)


def test_who_named_the_channel_makes_no_difference_to_results():
    assert ImageOptions("DAPI", channel_by="rule") == ImageOptions("DAPI", channel_by="setting")


@pytest.mark.parametrize("name", ["Exp [1]", "Ma\u0308use", "M\u00e4use"])
def test_paths_are_what_people_see(write, name: str):
    rules = get_settings(
        rules=write('[[rule]]\npath = "Exp [1]/*"\nz = "max"\n[[rule]]\npath = "Mäuse/*"\nz = "max"')
    )

    assert rules.image_rules().options_for(f"{name}/a.tif").z == "max"


def test_skip_is_said_by_the_first_rule_that_fits(write):
    rules = get_settings(
        rules=write('[[rule]]\npath = "a*"\nskip = true\n[[rule]]\npath = "*"\nskip = false\nz = "max"')
    ).image_rules()

    assert [rules.skip(path) for path in ("a.tif", "b.tif")] == [True, False]
    assert Rules().skip("a.tif") is None
