"""A generated database holds what was asked for, and what a worker would have stored."""

import numpy as np
from sqlalchemy import Engine

from benchmarks.generated_database import Size, fill
from nuqleus.database.queries.snapshot import snapshot
from nuqleus.results.masks import load_mask


def test_there_are_as_many_nuclei_as_asked_for_and_each_is_in_its_mask(sqlite_engine: Engine):
    images, nuclei = fill(sqlite_engine, Size(nuclei=60, per_image=12, side=128, channels=3, fields=2))

    with snapshot(sqlite_engine) as results:
        rows = list(results.nuclei())
        stored = list(results.images())
        mask = load_mask(results, stored[-1])[:, :]
    assert (len(stored), len(rows)) == (images, nuclei)
    assert nuclei >= 60
    last = [row for row in rows if row["path"] == stored[-1].path]
    assert [row["area"] for row in last] == list(np.bincount(mask.reshape(-1))[1:])
    assert all(row["intensity_mean-2"] > 0 for row in last)


def test_intensities_of_files_that_show_the_same_field_differ(sqlite_engine: Engine):
    fill(sqlite_engine, Size(nuclei=20, per_image=10, side=128, channels=1, fields=1))

    with snapshot(sqlite_engine) as results:
        rows = [row for row in results.nuclei() if row["label"] == 1]
    assert len({row["area"] for row in rows}) == 1
    assert len({row["intensity_mean-0"] for row in rows}) == len(rows) > 1
