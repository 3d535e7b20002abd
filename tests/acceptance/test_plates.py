"""Plates of every convention, dropped as microscopes write them, in random order, with all that lies beside images."""

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.acceptance.deployment import Deployment
from tests.drawn_plates import CONVENTIONS, PATTERN, DrawnPlate, Part, all_wells

pytestmark = pytest.mark.acceptance

PLATES = {convention: DrawnPlate(convention, all_wells(), sites=1, channels=2) for convention in CONVENTIONS}
MISSING = Part("B02", 1, 1)
ODD_PLATES = {
    "missing": DrawnPlate("ImageXpress", ("B02", "B03", "B04"), without=frozenset({MISSING})),
    "stacks": DrawnPlate("CellVoyager", ("C05",), planes=3),
    "projected": DrawnPlate("ImageXpress", ("D06",), planes=3),
    "doubled": DrawnPlate("Opera Phenix", ("E07",)),
}
SUMMARY = "SELECT folder, well, fields, nuclei FROM well_summary ORDER BY folder, well"


@dataclass(frozen=True)
class EndedRun:
    """A run that has ended."""

    deployment: Deployment
    process: subprocess.CompletedProcess[str]


def run(deployment: Deployment, *options: str | Path) -> subprocess.CompletedProcess[str]:
    return deployment.call("run", "--once", "--input", deployment.inbox, *options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> EndedRun:
    """A plate of 96 wells of each convention."""
    deployment = Deployment(tmp_path_factory.mktemp("plates"))
    rules = deployment.inbox.parent / "rules.toml"
    rules.write_text(f"[[rule]]\npath = 'pattern/*'\npattern = '{PATTERN}'\n")
    for convention, plate in PLATES.items():
        plate.write(deployment.inbox / convention)
    return EndedRun(deployment, run(deployment, "--rules", rules))


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> EndedRun:
    """Plates that lack a file, have planes and projections, or a file too many."""
    deployment = Deployment(tmp_path_factory.mktemp("odd"))
    for name, plate in ODD_PLATES.items():
        plate.write(deployment.inbox / name, sidecar=name == "missing")
    replace(ODD_PLATES["missing"], without=frozenset()).write_sidecar(deployment.inbox / "missing")
    _add_projections(deployment.inbox / "projected")
    doubled = deployment.inbox / "doubled/Images"
    (doubled / "r05c07f01p01rc1-ch1sk1fk1fl1.tiff").write_bytes(
        (doubled / "r05c07f01p01-ch1sk1fk1fl1.tiff").read_bytes()
    )
    deployment.environment["NUQLEUS_FIELD_SECONDS"] = "8"
    return EndedRun(deployment, run(deployment))


def _add_projections(folder: Path) -> None:
    """The microscope's own, beside the folders of its steps; brighter than any plane."""
    flat = replace(ODD_PLATES["projected"], planes=1)
    for part in flat.parts():
        flat.write_part(folder / flat.path(part), part)


def test_every_plate_ends_well(whole: EndedRun):
    assert whole.process.returncode == 0, whole.process.stderr
    query = "SELECT state, count(*) FROM files WHERE state != 'ignored' GROUP BY state"
    assert dict(whole.deployment.rows(query)) == {"done": 96 * 5, "companion": 96 * 5}


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_wells_fields_channels_and_counts_are_right(whole: EndedRun, convention: str):
    plate = PLATES[convention]
    found = {well: counts for folder, well, *counts in whole.deployment.rows(SUMMARY) if folder == convention}

    assert found == {well: [1, plate.nuclei(well, 0)] for well in plate.wells}
    query = """SELECT DISTINCT i.channels, i.nuclear_channel, i.missing_channels, p.rows, p.cols, p.convention
               FROM images i JOIN wells w ON w.id = i.well_id JOIN plates p ON p.id = w.plate_id WHERE p.folder = ?"""
    assert whole.deployment.rows(query, convention) == [(2, 0, None, 8, 12, convention)]


def test_what_is_no_image_is_ignored(whole: EndedRun):
    query = "SELECT DISTINCT ignored_by FROM files WHERE state = 'ignored'"
    assert {kind for (kind,) in whole.deployment.rows(query)} == {"metadata", "thumbnail", "flat-field"}


def test_the_summary_says_as_of_when(whole: EndedRun):
    ((wells, dated),) = whole.deployment.rows("SELECT count(*), count(as_of) FROM well_summary")
    assert (wells, dated) == (96 * 5, 96 * 5)


def test_fields_are_compared_with_those_of_their_plate_when_a_run_ends(whole: EndedRun):
    groups = whole.deployment.rows("SELECT images, standing_out IS NOT NULL FROM image_groups")
    assert groups == [(96, 1)] * 5
    query = "SELECT DISTINCT compared_images FROM quality WHERE measurement = 'area_fraction'"
    assert whole.deployment.rows(query) == [(96,)]


def test_a_field_that_lacks_a_channel_says_so_and_mixes_nothing(odd: EndedRun):
    columns = "w.name, i.site, i.channels, i.missing_channels, i.n_nuclei"
    source = "images i JOIN wells w ON w.id = i.well_id JOIN plates p ON p.id = w.plate_id"
    query = f"SELECT {columns} FROM {source} WHERE p.folder = 'missing' ORDER BY w.name, i.site"
    plate = ODD_PLATES["missing"]
    assert odd.deployment.rows(query) == [
        (well, site + 1, 3, "w2" if (well, site) == ("B02", 1) else None, plate.nuclei(well, site))
        for well in plate.wells
        for site in range(2)
    ]
    measured = "intensities c ON c.image_id = i.id WHERE c.channel = 1 AND p.folder = 'missing'"
    assert odd.deployment.rows(f"SELECT count(DISTINCT i.id) FROM {source} JOIN {measured}") == [(5,)]


def test_planes_are_projected(odd: EndedRun):
    in_stacks = "file_id IN (SELECT id FROM files WHERE path LIKE 'stacks/%')"
    query = f"SELECT DISTINCT projection, z FROM images WHERE {in_stacks}"
    assert odd.deployment.rows(query) == [("max", 0)]
    counts = [row for row in odd.deployment.rows(SUMMARY) if row[0] == "stacks"]
    plate = ODD_PLATES["stacks"]
    assert counts == [("stacks", "C05", 2, plate.nuclei("C05", 0) + plate.nuclei("C05", 1))]


def test_the_microscope_s_own_projection_is_the_image(odd: EndedRun):
    query = "SELECT path, state FROM files WHERE path LIKE 'projected/%' AND state != 'ignored'"
    done = [path for path, state in odd.deployment.rows(query) if state == "done"]
    assert len(done) == 2
    assert all("ZStep" not in path for path in done)


def test_two_files_for_one_channel_are_both_named(odd: EndedRun):
    assert odd.process.returncode == 1
    query = "SELECT error_kind, error FROM files WHERE state = 'failed'"
    ((kind, error),) = odd.deployment.rows(query)
    assert kind == "field-mismatch"
    assert "r05c07f01p01rc1-ch1" in error
    assert "r05c07f01p01-ch1" in error


def test_a_late_sidecar_has_only_those_fields_processed_again_that_it_changes(tmp_path: Path):
    deployment = Deployment(tmp_path)
    plate = DrawnPlate("ImageXpress", ("B02", "B03"), sites=1)
    plate.write(deployment.inbox / "late", sidecar=False)
    assert run(deployment).returncode == 0
    guesses = "SELECT DISTINCT nuclear_channel, nuclear_channel_by FROM images"
    assert deployment.rows(guesses) == [(0, "guess")]
    ids = "SELECT id FROM images ORDER BY id"
    before = deployment.rows(ids)

    plate.write_sidecar(deployment.inbox / "late")
    assert run(deployment).returncode == 0
    assert deployment.rows(guesses) == [(0, "name")]
    assert deployment.rows(ids) == before

    sidecar = deployment.inbox / "late/Plate1.HTD"
    sidecar.write_text(sidecar.read_text().replace("DAPI", "Cy5").replace("FITC", "DAPI"))
    assert run(deployment).returncode == 0
    assert deployment.rows(guesses) == [(1, "name")]
    deployment.close()
