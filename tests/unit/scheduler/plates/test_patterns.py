"""Names that no convention knows, by the pattern of a rule; the recipes are those of `docs/plates.md`."""

from pathlib import Path

import pytest

from nuqleus.database.plate_warnings import KnownWarning
from nuqleus.file_stat import FileStat
from nuqleus.name_pattern import NamePattern
from nuqleus.rules import Rule, Rules, load_rules
from scheduler.file_stats import FileStats
from scheduler.plates.field_names import PlateNames
from scheduler.plates.patterns import place_by_pattern
from scheduler.scanner import Scan
from tests.unit.scheduler.plates.places import written_place


def scan_of(*paths: str) -> Scan:
    return Scan(FileStats((path, FileStat(1, 1, 1, 1)) for path in paths))


DOCS = Path(__file__).parents[4] / "docs" / "plates.md"

RECIPES = {
    "cytation/run/A1_02_1_3_DAPI_001.tif": ("cytation/run", "run", "A01", 3, 1, None, "DAPI"),
    "incucyte/day/Green/VID12_B10_4_01d06h30m.tif": ("incucyte/day", "day", "B10", 4, 1830, None, "Green"),
    "arrayscan/MFGTMP_150112100001_C07f02d1.TIF": (
        "arrayscan",
        "MFGTMP_150112100001",
        "C07",
        2,
        0,
        None,
        "d1",
    ),
    "scanr/w/data/A1--W00001--P00003--Z00002--T00004--Cy3.tif": ("scanr/w/data", "w", "A01", 3, 4, 2, "Cy3"),
    "metamorph/exp_w1DAPI_s12_t3.TIF": ("metamorph", "metamorph", None, 12, 3, None, "w1DAPI"),
    "micromanager/r_1/A01-Site_2/img_channel002_position000_time000000004_z003.tif": (
        *("micromanager/r_1", "r_1", "A01", 2, 4, 3, "002"),
    ),
    "slides/slide 7-DAPI.ndpi": ("slides", "slides", None, 0, 0, None, "DAPI"),
    "samples/sample1_DAPI.tif": ("samples", "samples", None, 0, 0, None, "DAPI"),
    "ome sets/s1_C1.ome.tif": ("ome sets", "ome sets", None, 0, 0, None, "1"),
    "actions/R_B02_T0001F002L01A03Z01C02.tif": ("actions", "R", "B02", 2, 1, 1, "A03"),
}


def recipes() -> Rules:
    text = DOCS.read_text(encoding="utf-8")
    begin = text.index("```toml\n# recipes") + len("```toml\n")
    path = Path(__file__).with_name("recipes.toml")
    return Rules(_loaded(path, text[begin : text.index("```", begin)]))


def _loaded(path: Path, text: str) -> tuple[Rule, ...]:
    path.write_text(text, encoding="utf-8")
    try:
        return load_rules(path)
    finally:
        path.unlink()


def place(pattern: str, path: str):
    return place_by_pattern(NamePattern(pattern), path)


def test_a_pattern_finds_the_place_in_a_name():
    file = place(
        r"^(?P<plate>.+)_(?P<well>[a-h]\d+)_(?P<site>\d+)_(?P<channel>\w+)\.tif$", "x/P 1_b2_3_GFP.tif"
    )

    assert file is not None
    assert (file.convention, file.place.plate, file.place.plate_folder) == ("pattern", "P 1", "x")
    assert (file.place.well, file.place.site, file.place.t, file.z, file.channel) == (
        "B02",
        3,
        0,
        None,
        "GFP",
    )


def test_files_without_wells_share_a_field_if_their_names_differ_by_channel_alone():
    pattern = r"_(?P<channel>DAPI|GFP)\.tif$"
    keys = [
        place(pattern, path).field_key
        for path in ("a/s1_DAPI.tif", "a/s1_GFP.tif", "a/s2_GFP.tif", "b/s1_GFP.tif")
    ]

    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_a_channel_may_be_a_folder():
    pattern = r"(?P<channel>DAPI|GFP)/.+\.tif$"
    dapi, gfp, other = (place(pattern, path) for path in ("x/DAPI/a.tif", "x/GFP/a.tif", "x/GFP/b.tif"))

    assert dapi.place.plate_folder == "x"
    assert dapi.field_key == gfp.field_key != other.field_key


def test_z_and_time_tell_planes_and_fields_apart():
    pattern = r"_z(?P<z>\d+)_t(?P<t>\d+)_(?P<channel>\w+)\.tif"
    first, plane, later = (place(pattern, f"s_z{z}_t{t}_DAPI.tif") for z, t in ((0, 0), (1, 0), (0, 1)))

    assert first.field_key == plane.field_key != later.field_key
    assert (plane.z, later.place.t) == (1, 1)


@pytest.mark.parametrize(
    "path", ["s_Q99_1_DAPI.tif", "s_A01_x_DAPI.tif", "s_A01_12345678901_DAPI.tif", "other.tif"]
)
def test_what_is_no_well_and_no_number_stands_alone(path: str):
    assert place(r"_(?P<well>[A-Z]\d+)_(?P<site>\w+)_(?P<channel>DAPI)", path) is None


def test_odd_names_are_searched_as_they_are_written():
    file = place(r"_(?P<channel>\w+)\.tif$", "ö/b\udcff_DAPI.tif")

    assert file is not None
    assert (file.channel, file.place.plate_folder) == ("DAPI", "ö")


def test_a_rule_decides_before_conventions():
    rules = Rules([Rule(path="alone/*", plates="off"), Rule(path="x/*", pattern=r"_(?P<channel>s\d)_")])
    names = PlateNames(lambda _path, _scan: False, rules=rules)
    scan = scan_of("alone/P_A01_s1_w1.tif", "p/P_A01_s1_w1.tif", "x/P_A01_s1_w1.tif")

    assert names.place("alone/P_A01_s1_w1.tif", scan) is None
    assert names.place("x/P_A01_s1_w1.tif", scan).channel == "s1"
    assert names.place("p/P_A01_s1_w1.tif", scan).channel == "w1"


def test_a_pattern_that_does_not_fit_a_file_leaves_it_to_the_conventions():
    names = PlateNames(
        lambda _path, _scan: False, rules=Rules([Rule(path="x/*", pattern="(?P<channel>DAPI)")])
    )

    assert names.place("x/P_A01_s1_w1.tif", scan_of("x/P_A01_s1_w1.tif")).channel == "w1"


MISFITS = {
    r"_(?P<channel>DAPI)\.tif$": ("x/P_A01_GFP.tif", "doesn't fit it"),
    r"(?P<well>[A-Z]\d+)_(?P<channel>\w+)\.tif$": ("x/Z99_GFP.tif", "finds 'Z99' there, which is no well"),
    r"(?P<well>[A-Z]\d)_(?P<channel>\w+)\.tif$": ("x/A0_GFP.tif", "finds 'A0' there, which is no well"),
    r"f(?P<site>\w)_(?P<channel>\w+)\.tif$": ("x/fa_GFP.tif", "finds 'a' for site there, which is no number"),
    r"z(?P<z>\w+)_(?P<channel>\w+)\.tif$": ("x/z1.5x_GFP.tif", "doesn't fit it"),
    r"t(?P<t>[^_]+)_(?P<channel>\w+)\.tif$": (
        "x/t1.5_GFP.tif",
        "finds '1.5' for t there, which is no number",
    ),
}


@pytest.mark.parametrize("pattern", MISFITS)
def test_what_a_pattern_does_not_fit_is_said_with_its_rule_and_an_example(pattern: str):
    path, problem = MISFITS[pattern]
    names = PlateNames(lambda _path, _scan: False, rules=Rules([Rule(path="x/*", pattern=pattern)]))
    scan = scan_of(path, "x/another one.tif")
    assert names.place(path, scan) is None
    names.place("x/another one.tif", scan)

    (warning,) = names.warnings(scan)

    assert (warning.kind, warning.path) == ("pattern", path)
    assert f"rule for path = 'x/*' decides about {path}" in warning.message
    assert problem in warning.message
    assert "--regroup" in warning.message
    assert names.warnings(scan_of("x/other.tif")) == []


def test_what_was_said_of_a_pattern_before_a_restart_is_looked_at_again():
    pattern, said = "(?P<channel>DAPI)", [KnownWarning("pattern", "x/a.tif", "")]
    for fixed, expected in ((pattern, ["x/a.tif"]), ("(?P<channel>a)", [])):
        names = PlateNames(lambda _path, _scan: False, rules=Rules([Rule(path="x/*", pattern=fixed)]))
        scan = scan_of("x/a.tif")
        names.recall(said, scan)
        assert [warning.path for warning in names.warnings(scan)] == expected


def test_off_leaves_every_file_alone():
    rules = Rules([Rule(path="x/*", pattern=r"_(?P<channel>\w+)\.tif")])
    names = PlateNames(lambda _path, _scan: False, rules=rules, plates="off")

    assert names.place("p/P_A01_s1_w1.tif", scan_of("p/P_A01_s1_w1.tif")) is None
    assert names.place("x/s_DAPI.tif", scan_of("x/s_DAPI.tif")) is None


@pytest.mark.parametrize(("path", "expected"), RECIPES.items())
def test_recipes(path: str, expected: tuple[object, ...]):
    file = PlateNames(lambda _path, _scan: False, rules=recipes()).place(path, scan_of(path))

    assert file is not None
    assert written_place(file) == expected
