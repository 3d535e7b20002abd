"""`nuqleus export`: tables and label images, the same from both databases."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from click.testing import CliRunner
from sqlalchemy import delete, text, update

from cli.commands.export import command
from nuqleus.database.engine import reading, writing
from nuqleus.database.files.records import SeenFile
from nuqleus.database.leadership import bind_folder
from nuqleus.database.queries.snapshot import snapshot
from nuqleus.database.tables import File, Nucleus
from nuqleus.micrometres import COLUMNS
from tests.examples import image_result, label_image
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export


def test_images_have_a_row_each(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("plate/a.png", "abc", [image_result(3, channels=2, pixel_size_um=0.25)])
    archive.failed("broken.png")

    result = export(database_url, tmp_path / "out", "--format", "csv")

    assert result.exit_code == 0, result.output
    images = pd.read_csv(tmp_path / "out/images.csv")
    assert list(images.path) == ["plate/a.png"]
    row = images.iloc[0]
    assert (row.height, row.width, row.channels, row["dtype"], row.n_nuclei) == (32, 96, 2, "uint16", 3)
    assert (row.pixel_size_um, row.seconds_network, row.model) == (0.25, 0.3, "a network")
    assert not (tmp_path / "out/labels").exists()


def test_nuclei_have_a_row_each_with_a_column_for_each_channel(
    archive: Archive, database_url: str, tmp_path: Path
):
    one, two = image_result(2), image_result(3, channels=2)
    archive.done("a.png", "abc", [one])
    archive.done("b.png", "xyz", [two])

    export(database_url, tmp_path, "--format", "csv")

    nuclei = pd.read_csv(tmp_path / "nuclei.csv")
    assert list(nuclei.path) == ["a.png"] * 2 + ["b.png"] * 3
    assert list(nuclei.label) == [1, 2, 1, 2, 3]
    for name in ("area", "perimeter", "eccentricity", "touches_border"):
        assert list(nuclei[name]) == [*one.nuclei[name], *two.nuclei[name]]
    means = two.intensities["intensity_mean"][two.intensities["channel"] == 1]
    assert list(nuclei["intensity_mean-1"][2:]) == list(means)
    assert nuclei["intensity_mean-1"][:2].isna().all()
    assert list(nuclei["intensity_mean-0"][:2]) == list(one.intensities["intensity_mean"])


def test_nuclei_that_somebody_deleted_take_no_intensities_of_others_along(
    archive: Archive, database_url: str, tmp_path: Path
):
    image = image_result(3, channels=2)
    archive.done("a.png", "abc", [image])
    with writing(archive.engine) as connection:
        connection.execute(delete(Nucleus).where(Nucleus.label == 1))

    export(database_url, tmp_path, "--format", "csv")

    nuclei = pd.read_csv(tmp_path / "nuclei.csv")
    assert list(nuclei.label) == [2, 3]
    first_channel = image.intensities["channel"] == 0
    assert list(nuclei["intensity_mean-0"]) == list(image.intensities["intensity_mean"][first_channel][1:])


def test_a_label_image_lies_at_its_file_s_path(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("plate/a.png", "abc", [image_result(3)])

    result = export(database_url, tmp_path, "--format", "labels")

    assert result.exit_code == 0, result.output
    labels = tifffile.imread(tmp_path / "labels/plate/a.png.label.tif")
    assert labels.dtype == np.uint16
    np.testing.assert_array_equal(labels, label_image(3))
    assert not (tmp_path / "images.csv").exists()


def test_the_images_of_a_stack_are_told_apart(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("stack.tif", "abc", [image_result(count, z=count) for count in (1, 2)])

    export(database_url, tmp_path)

    names = sorted(path.name for path in (tmp_path / "labels").iterdir())
    assert names == ["stack.tif.s0.t0.z1.label.tif", "stack.tif.s0.t0.z2.label.tif"]
    assert tifffile.imread(tmp_path / "labels" / names[1]).max() == 2
    nuclei = pd.read_csv(tmp_path / "nuclei.csv")
    assert list(nuclei.z) == [1, 2, 2]
    assert list(nuclei.counted) == [False, True, True]
    assert list(pd.read_csv(tmp_path / "images.csv").counted) == [False, True]


def test_a_duplicate_has_the_rows_of_its_twin(archive: Archive, database_url: str, tmp_path: Path):
    archive.duplicate("b.png", of=archive.done("a.png", "abc", [image_result(2)]))

    export(database_url, tmp_path)

    images, nuclei = pd.read_csv(tmp_path / "images.csv"), pd.read_csv(tmp_path / "nuclei.csv")
    assert list(images.path) == ["a.png", "b.png"]
    assert images.duplicate_of.iloc[1] == "a.png"
    assert nuclei.duplicate_of.isna().tolist() == [True, True, False, False]
    assert nuclei.counted.tolist() == [True, True, False, False]
    assert list(nuclei.path) == ["a.png", "a.png", "b.png", "b.png"]
    assert list(nuclei["intensity_mean-0"][:2]) == list(nuclei["intensity_mean-0"][2:])
    first, second = ((tmp_path / f"labels/{name}.png.label.tif").read_bytes() for name in "ab")
    assert first == second


def test_odd_names_are_written_out(archive: Archive, database_url: str, tmp_path: Path):
    odd = os.fsdecode(b"=cmd\xff\n.png")
    archive.done(odd)

    result = export(database_url, tmp_path)

    assert result.exit_code == 0, result.output
    assert (tmp_path / "labels" / f"{odd}.label.tif").is_file()
    assert list(pd.read_csv(tmp_path / "images.csv").path) == [r"'=cmd\xff\x0a.png"]


def test_a_path_that_leaves_the_folder_is_refused_and_the_rest_written(
    archive: Archive, database_url: str, tmp_path: Path
):
    bad = archive.done("bad.png", "abc")
    archive.done("good.png", "xyz")
    with writing(archive.engine) as connection:
        connection.execute(update(File).where(File.id == bad).values(path="../../bad.png"))

    result = export(database_url, tmp_path / "out" / "deep")

    assert result.exit_code == 1
    assert "../../bad.png: the path leaves its folder" in result.output
    assert (tmp_path / "out/deep/labels/good.png.label.tif").is_file()
    assert not list(tmp_path.rglob("bad.png*"))


def test_an_unknown_format_is_named(tmp_path: Path):
    result = CliRunner().invoke(command, ["--output", str(tmp_path), "--format", "csv,xlsx"])

    assert result.exit_code == 2
    assert "'xlsx'" in result.output
    assert "csv, labels" in result.output


def test_a_snapshot_stays_as_it_was_while_workers_go_on(archive: Archive):
    archive.done("a.png", "abc", [image_result(2)])

    with snapshot(archive.engine) as results:
        assert len(list(results.images())) == 1
        archive.done("b.png", "xyz")
        archive.files.observe([SeenFile("a.png", 99, 99)])
        assert [row["label"] for row in results.nuclei()] == [1, 2]


@pytest.mark.parametrize("fetched", [1, 2, 7])
def test_rows_that_come_in_portions_are_put_together(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, fetched: int
):
    monkeypatch.setattr("nuqleus.database.queries.snapshot.FETCH_SIZE", fetched)
    archive.done("a.png", "abc", [image_result(3, channels=3, z=z) for z in range(2)])

    with snapshot(archive.engine) as results:
        rows = list(results.nuclei())

    assert [(row["z"], row["label"]) for row in rows] == [(z, label) for z in range(2) for label in (1, 2, 3)]
    assert all(row["intensity_mean-2"] == row["intensity_mean-0"] + 2000 for row in rows)


def test_sizes_in_micrometres_are_those_of_the_view(archive: Archive):
    archive.done("a.tif", "abc", [image_result(3, pixel_size_um=0.25), image_result(2, z=1)])

    with reading(archive.engine) as connection:
        view = [
            dict(row) for row in connection.execute(text("SELECT * FROM nuclei_um ORDER BY label")).mappings()
        ]
    with snapshot(archive.engine) as results:
        known, unknown = [], []
        for nucleus in results.nuclei():
            (known if nucleus["z"] == 0 else unknown).append(nucleus)

    assert set(COLUMNS) == set(view[0]) - {
        *("image_id", "label", "scene", "t", "z", "touches_border", "pixel_size_um", "confidence")
    }
    for nucleus, row in zip(known, view, strict=True):
        assert {column: nucleus[column] for column in COLUMNS} == pytest.approx({c: row[c] for c in COLUMNS})
    assert len(unknown) == 2
    assert not any(column in nucleus for nucleus in unknown for column in COLUMNS)


def test_nothing_is_written_where_images_are_sought(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.png")
    bind_folder(archive.engine, str(tmp_path / "inbox"))
    (tmp_path / "link").symlink_to(tmp_path / "inbox")

    for output, options in (
        (tmp_path / "inbox/results", ()),
        (tmp_path / "link", ()),
        (tmp_path / "other/results", ("--input", str(tmp_path / "other"))),
    ):
        result = export(database_url, output, *options)
        assert result.exit_code == 1
        assert f"{output} lies in the watched folder" in result.output
        assert not output.exists()


def test_nothing_is_written_through_a_link_to_where_images_are_sought(
    archive: Archive, database_url: str, tmp_path: Path
):
    archive.done("a.png")
    (tmp_path / "inbox").mkdir()
    bind_folder(archive.engine, str(tmp_path / "inbox"))
    output = tmp_path / "results"
    output.mkdir()
    (output / "labels").symlink_to(tmp_path / "inbox")

    result = export(database_url, output)

    assert result.exit_code == 1
    assert f"{output}/labels lies in the watched folder" in result.output
    assert not list((tmp_path / "inbox").iterdir())


def test_a_confidence_that_is_no_number_is_refused(database_url: str, tmp_path: Path):
    result = export(database_url, tmp_path, "--min-confidence", "nan")

    assert result.exit_code == 2
    assert "0 to 1" in result.output
