"""Whole columns in, the same numbers out, on every database."""

import numpy as np
import pytest
from sqlalchemy import text

from nuqleus.database import bulk_insert
from nuqleus.database.engine import writing
from nuqleus.database.files.results import FileResults
from nuqleus.database.tables import Image, Intensity, Nucleus
from nuqleus.errors import DatabaseUnavailable, LeaseLost
from tests.examples import image_result

pytestmark = pytest.mark.integration

FLOATS = [0.0, -0.0, 1.5, -2.25e300, 5e-324, np.nan, np.inf, -np.inf]

END_THE_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def image_id(archive):
    archive.done(images=[image_result(nuclei=0)])
    (image,) = archive.rows(Image)
    return image.id


def insert(archive, image_id, **columns):
    length = len(next(iter(columns.values())))
    with writing(archive.engine) as connection:
        bulk_insert.insert_columns(
            connection,
            Intensity,
            {
                "image_id": np.full(length, image_id),
                "label": np.arange(1, length + 1),
                "channel": np.zeros(length, np.int64),
                **columns,
            },
        )


def test_numbers_arrive_as_they_are_and_what_is_not_finite_is_null(archive, image_id):
    insert(archive, image_id, intensity_mean=np.array(FLOATS))
    assert [row.intensity_mean for row in archive.rows(Intensity)] == [*FLOATS[:5], None, None, None]


def test_columns_that_are_not_given_are_null(archive, image_id):
    insert(archive, image_id, intensity_mean=np.ones(1))
    assert archive.rows(Intensity)[0].intensity_max is None


def test_small_types_of_numbers_are_widened(archive, image_id):
    insert(
        archive, image_id, intensity_max=np.array([255], np.uint8), intensity_std=np.array([0.5], np.float32)
    )
    (row,) = archive.rows(Intensity)
    assert (row.intensity_max, row.intensity_std) == (255, 0.5)


def test_more_rows_than_fit_at_once_all_arrive(archive, image_id, monkeypatch):
    monkeypatch.setattr(bulk_insert, "ROWS_PER_BATCH", 100)
    means = np.where(np.arange(1050) % 3, np.arange(1050.0), np.nan)
    insert(archive, image_id, intensity_mean=means)
    assert [row.intensity_mean for row in archive.rows(Intensity)] == [
        i if i % 3 else None for i in range(1050)
    ]


def finished(archive, number):
    """A file with two planes, of `number` nuclei and of one more."""
    planes = [image_result(nuclei=number + z, z=z) for z in (1, 0)]
    return FileResults(archive.running(f"{number}.png"), f"content {number}", archive.model_id, planes)


def test_images_of_several_files_written_together_keep_their_own_nuclei(archive):
    files = [finished(archive, number) for number in (2, 0, 1)]
    assert archive.worker_files.complete_all(files[::-1]) == [None] * 3

    images = archive.rows(Image)
    found = {(image.file_id, image.z): image.n_nuclei for image in images}
    assert found == {
        (file.claim.file_id, z): n + z for file, n in zip(files, (2, 0, 1), strict=True) for z in (0, 1)
    }
    for table in (Nucleus, Intensity):
        labels = [(row.image_id, row.label) for row in archive.rows(table)]
        assert sorted(labels) == [(i.id, label) for i in images for label in range(1, i.n_nuclei + 1)]


def test_of_files_written_together_only_those_that_are_still_ours_are_written(archive):
    files = [finished(archive, number) for number in range(3)]
    archive.worker_files.release(files[1].claim)

    outcomes = archive.worker_files.complete_all(files)

    assert [isinstance(outcome, LeaseLost) for outcome in outcomes] == [False, True, False]
    assert [archive.state(file.claim.file_id) for file in files] == ["done", "waiting", "done"]
    assert {image.file_id for image in archive.rows(Image)} == {
        files[0].claim.file_id,
        files[2].claim.file_id,
    }


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_ends_in_the_middle_is_a_database_that_is_away(archive, image_id, monkeypatch):
    to_wire = bulk_insert.to_wire

    def cut_off(table, columns):
        with archive.engine.begin() as other:
            other.execute(text(END_THE_OTHERS))
        return to_wire(table, columns)

    monkeypatch.setattr(bulk_insert, "to_wire", cut_off)
    with pytest.raises(DatabaseUnavailable):
        insert(archive, image_id, intensity_mean=np.ones(10))
    monkeypatch.undo()
    insert(archive, image_id, intensity_mean=np.ones(10))
    assert len(archive.rows(Intensity)) == 10
