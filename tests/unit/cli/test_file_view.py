"""What `nuqleus status PATH` says of a file."""

from dataclasses import replace

import pytest
from click.testing import CliRunner

from cli.commands.status import command
from cli.file_view import CHOSEN_BY, explain_file
from model.reading.channels import ChosenBy
from nuqleus.database.engine import writing
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.database.plate_maps import attach_plate_map
from nuqleus.database.plate_warnings import KnownWarning, replace_plate_warnings
from nuqleus.database.plates import record_fields
from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.well_names import WellPlace
from scheduler.ignore_list import REASONS
from tests.examples import complete, image_result, observe


@pytest.fixture
def explain(sqlite_engine):
    return lambda *paths: explain_file(sqlite_engine, paths)


@pytest.fixture
def files(sqlite_engine):
    return SchedulerFiles(sqlite_engine)


@pytest.mark.parametrize("kind", REASONS)
def test_an_ignored_file_is_said_to_be_with_the_reason(files, explain, kind):
    files.observe([SeenFile("a", 1, 1, kind)])

    assert explain("a") == f"a: ignored: {kind} ({REASONS[kind]})"


def test_a_file_that_is_done_says_how_its_channel_was_chosen(sqlite_engine, files, explain):
    model_id = register_model(sqlite_engine, "a network", "f" * 64, {}, {}, "1.0")
    file_id = observe(files, SeenFile("a.tif", 1, 1))["a.tif"]
    assert explain("a.tif") == "a.tif: waiting"
    files.enqueue([file_id])
    worker_files = WorkerFiles(sqlite_engine)
    claim = worker_files.claim(file_id, "worker", 60)
    about = {"nuclear_channel": 0, "nuclear_channel_by": "guess", "pixel_size_from": "not given"}
    image = replace(image_result(2, channels=2), **about)
    named = replace(image, z=1, nuclear_channel=1, nuclear_channel_by="name", channel_names=("GFP", "DAPI"))
    colour = replace(image, z=2, nuclear_channel=None, nuclear_channel_by="colour")
    complete(worker_files, claim, "a", model_id, [image, named, colour])

    assert explain("a.tif").splitlines() == [
        "a.tif: done",
        "  images: 3",
        "  nuclear channel: none: a colour image, seen as a whole, by its colour",
        f"  nuclear channel: channel 0, {CHOSEN_BY['guess']}",
        "  nuclear channel: channel 1 (DAPI), by its name",
        "  pixel size from: not given",
    ]


def test_a_file_that_is_done_says_how_large_the_network_saw_its_nuclei_and_how_sure_it_was(
    sqlite_engine, files, explain
):
    model_id = register_model(sqlite_engine, "a network", "f" * 64, {}, {}, "1.0")
    file_id = observe(files, SeenFile("a.tif", 1, 1))["a.tif"]
    files.enqueue([file_id])
    worker_files = WorkerFiles(sqlite_engine)
    claim = worker_files.claim(file_id, "worker", 60)
    seen = {"nuclear_diameter": 81.4, "zoom": 0.5}
    images = [replace(image_result(2, t=t), confidence=0.9 - 0.1 * t, **seen) for t in range(2)]
    complete(worker_files, claim, "a", model_id, images)

    assert explain("a.tif").splitlines() == [
        "a.tif: done",
        "  images: 2",
        "  nuclei: about 81 pixels wide",
        "  zoom: 0.5",
        "  confidence: 0.80 to 0.90",
    ]


def test_a_part_of_a_folder_that_is_one_thing_is_told_by_the_folder(files, explain):
    files.observe([SeenFile("slides/_a_", 1, 1, "data-folder")])

    assert explain("slides/_a_/stack1/frame_t.ets").startswith("slides/_a_: ignored: data-folder")


@pytest.mark.parametrize("path", [".hidden.tif", "a.tif.part", "@eaDir/a.tif", "Thumbs.db"])
def test_what_has_no_row_by_its_name_is_said_to_be_passed_over(explain, path):
    assert explain(path).startswith(f"{path}: passed over: ")


def test_an_unknown_file_is_said_to_be(explain):
    assert explain("a.tif").startswith("a.tif: not known")


def test_every_way_to_choose_a_channel_has_its_words():
    assert set(CHOSEN_BY) == set(ChosenBy.__args__)


def test_the_command_takes_paths_of_the_file_system_and_of_the_folder(files, sqlite_url, tmp_path):
    (tmp_path / "inbox").mkdir()
    files.observe([SeenFile("a.xml", 1, 1, "metadata")])
    options = ["--input", str(tmp_path / "inbox"), "--database", sqlite_url]

    for path in ("a.xml", str(tmp_path / "inbox/a.xml")):
        result = CliRunner().invoke(command, [path, *options])
        assert result.output.startswith("a.xml: ignored: metadata")
        assert result.exit_code == 0


def test_a_folder_says_how_many_of_its_files_are_what_and_which_plates_lie_in_it(
    sqlite_engine, files, explain
):
    files.observe([SeenFile(f"p/x/{name}", 1, 1) for name in ("a.tif", "b.tif")])
    files.observe([SeenFile("p/n.txt", 1, 1, "metadata"), SeenFile("pp/c.tif", 1, 1)])
    files.mark_gone(["p/x/b.tif"])
    with writing(sqlite_engine) as connection:
        record_fields(connection, [FieldFile("InCell", FieldPlace("p/x", "P", "A01", 1, 0), None, "w1")])
    replace_plate_warnings(
        sqlite_engine, [KnownWarning("folder", "p/x", "two names"), KnownWarning("folder", "pp", "no")]
    )

    assert explain("p").splitlines() == [
        "p: a folder; of its files, 1 waiting, 1 ignored",
        "  not there any more: 1",
        "  plate: P, named by InCell",
        "  CHECK: two names",
    ]


def test_a_file_says_what_is_odd_about_its_folder(sqlite_engine, files, explain):
    files.observe([SeenFile("p/a.tif", 1, 1), SeenFile("p/q/b.tif", 1, 1)])
    replace_plate_warnings(sqlite_engine, [KnownWarning("folder", "p", "too few")])

    assert explain("p/a.tif").splitlines() == ["p/a.tif: waiting", "  CHECK: too few"]
    assert explain("p/q/b.tif") == "p/q/b.tif: waiting"


def test_a_plate_map_says_whose_it_is(sqlite_engine, files, explain):
    files.observe([SeenFile("p/PlateMap.csv", 1, 1, "metadata")])
    assert "a plate map, and no plate has its folder here" in explain("p/PlateMap.csv")

    with writing(sqlite_engine) as connection:
        record_fields(connection, [FieldFile("InCell", FieldPlace("p", "P", "A01", 1, 0), None, "w1")])
    replace_plate_warnings(sqlite_engine, [KnownWarning("plate-map", "p/PlateMap.csv", "A01 is there twice")])
    assert explain("p/PlateMap.csv").splitlines() == [
        "p/PlateMap.csv: a plate map, of which nothing is taken so far",
        "  CHECK: A01 is there twice",
    ]

    replace_plate_warnings(sqlite_engine, [])
    attach_plate_map(sqlite_engine, 1, {WellPlace(0, 0): {}}, "p/PlateMap.csv, 5 bytes, 1 ns")
    assert explain("p/PlateMap.csv") == "p/PlateMap.csv: the plate map of P"
