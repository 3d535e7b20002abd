"""What became of the files, on both databases."""

import numpy as np
import pytest

from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import SeenFile
from nuqleus.database.queries.file_summaries import failures, summarise
from tests.examples import image_result


def test_failed_files_come_first_with_the_reason_and_then_paths_in_order(archive):
    archive.done("b.png", sha256="b")
    archive.done("a.png", sha256="a")
    archive.failed("z.png", "truncated", "The file ends early.")
    first, *others = summarise(archive.engine, limit=10)
    assert (first.path, first.state, first.error_kind, first.error) == (
        *("z.png", FileState.FAILED, "truncated", "The file ends early."),
    )
    assert [file.path for file in others] == ["a.png", "b.png"]


def test_there_are_no_more_than_asked_for(archive):
    for name in "abc":
        archive.waiting(name)
    assert [file.path for file in summarise(archive.engine, limit=2)] == ["a", "b"]


def test_files_without_results_have_no_numbers(archive):
    archive.queued("a.png")
    (file,) = summarise(archive.engine, limit=10)
    assert (file.nuclei, file.median_area) == (None, None)


def test_an_image_without_nuclei_has_none_and_no_area(archive):
    archive.done(images=[image_result(nuclei=0)])
    (file,) = summarise(archive.engine, limit=10)
    assert (file.nuclei, file.median_area) == (0, None)


@pytest.mark.parametrize("sizes", [[1], [3], [4], [2, 3, 1], [3, 1]], ids=str)
def test_scenes_are_added_up(archive, sizes):
    images = [image_result(nuclei=count, scene=scene) for scene, count in enumerate(sizes)]
    archive.done(images=images)
    (file,) = summarise(archive.engine, limit=10)
    areas = np.concatenate([image.nuclei["area"] for image in images])
    assert (file.nuclei, file.median_area) == (sum(sizes), np.median(areas))
    assert (file.counted, file.planes) == (len(sizes), len(sizes))


def test_of_a_stack_the_plane_with_most_nuclei_counts_and_of_a_series_the_first_time_point(archive):
    sizes = {(0, 0): 2, (0, 1): 3, (0, 2): 1, (1, 0): 7, (1, 1): 5}
    images = {(t, z): image_result(nuclei=count, t=t, z=z) for (t, z), count in sizes.items()}
    archive.done(images=list(images.values()))
    (file,) = summarise(archive.engine, limit=10)
    assert (file.nuclei, file.median_area) == (3, np.median(images[0, 1].nuclei["area"]))
    assert (file.counted, file.planes) == (1, 5)


def test_nuclei_that_the_border_cuts_are_counted_but_not_sized(archive):
    image = image_result(nuclei=3, cut=True)
    archive.done(images=[image])
    (file,) = summarise(archive.engine, limit=10)
    assert (file.nuclei, file.median_area) == (3, np.median(image.nuclei["area"][1:]))


def test_ignored_files_are_not_among_them(archive):
    archive.files.observe([SeenFile("a.txt", 1, 1, "metadata")])
    assert summarise(archive.engine, limit=10) == []


def test_a_duplicate_has_the_numbers_of_the_file_that_it_duplicates(archive):
    of = archive.done("a.png")
    archive.duplicate("b.png", of)
    one, other = summarise(archive.engine, limit=10)
    assert other.state is FileState.DUPLICATE
    assert (other.nuclei, other.median_area) == (one.nuclei, one.median_area)


def test_all_failures_are_listed_however_many(archive):
    archive.done("a.png")
    for name in ("c.png", "b.png"):
        archive.failed(name)
    assert [file.path for file in failures(archive.engine)] == ["b.png", "c.png"]
