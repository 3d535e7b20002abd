"""`nuqleus export --format anndata`: nuclei, read back by AnnData."""

import os
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pytest
from sqlalchemy import update

from nuqleus.database.engine import writing
from nuqleus.database.queries.snapshot import snapshot
from nuqleus.database.tables import Nucleus
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export


@pytest.fixture
def exported(
    archive: Archive, database_url: str, tmp_path: Path
) -> tuple[anndata.AnnData, list[dict[str, Any]]]:
    """A stack and its copy, read back, and the rows that they are of."""
    archive.done("a.tif", "abc", [image_result(3, channels=2, pixel_size_um=0.5), image_result(2, z=1)])
    archive.duplicate("b.tif", of=1)
    result = export(database_url, tmp_path, "--format", "anndata")
    assert result.exit_code == 0, result.output
    with snapshot(archive.engine) as results:
        rows = list(results.nuclei())
    return anndata.read_h5ad(tmp_path / "nuclei.h5ad"), rows


def test_every_nucleus_is_there_and_says_where_it_is(exported):
    data, rows = exported
    assert data.shape[0] == len(rows) == 10
    assert list(data.obs_names[:4]) == ["1-1", "1-2", "1-3", "2-1"]
    assert data.obs_names.is_unique
    for name in ("path", "image_id", "z", "label", "touches_border", "counted"):
        assert data.obs[name].tolist() == [row[name] for row in rows]
    assert data.obs.duplicate_of.astype(object).fillna("-").tolist() == ["-"] * 5 + ["a.tif"] * 5
    centroids = [(row["centroid_col"], row["centroid_row"]) for row in rows]
    np.testing.assert_array_equal(data.obsm["spatial"], centroids)


def test_all_that_was_measured_is_there_and_nothing_else_is_a_variable(exported):
    data, rows = exported
    assert {"area", "area_um2", "eccentricity", "intensity_mean-1"} <= set(data.var_names)
    assert not {"path", "label", "centroid_row", "bbox_row0", "touches_border"} & set(data.var_names)
    expected = [[row.get(name) for name in data.var_names] for row in rows]
    np.testing.assert_allclose(data.X, np.array(expected, float), rtol=1e-6)
    assert np.isnan(data[data.obs.z == 1, "intensity_mean-1"].X).all()
    assert not np.isnan(data[data.obs.z == 0, "area_um2"].X).any()


def test_rows_that_are_written_in_portions_are_all_there(
    archive: Archive, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("cli.exports.anndata.ROWS", 2)
    archive.done("a.png", "abc", [image_result(3), image_result(2, z=1)])

    export(database_url, tmp_path, "--format", "anndata")

    data = anndata.read_h5ad(tmp_path / "nuclei.h5ad")
    assert data.obs.label.tolist() == [1, 2, 3, 1, 2]
    assert data.obs.z.tolist() == [0, 0, 0, 1, 1]


def test_what_is_not_known_is_not_a_number(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.png")
    with writing(archive.engine) as connection:
        connection.execute(update(Nucleus).where(Nucleus.label == 2).values(form_factor=None))

    export(database_url, tmp_path, "--format", "anndata")

    data = anndata.read_h5ad(tmp_path / "nuclei.h5ad")
    assert np.isnan(data[:, "form_factor"].X.reshape(-1)).tolist() == [False, True, False]
    assert data.obs.well.isna().all()


def test_nothing_is_a_file_without_nuclei(database_url: str, tmp_path: Path):
    export(database_url, tmp_path, "--format", "anndata")

    assert anndata.read_h5ad(tmp_path / "nuclei.h5ad").n_obs == 0


def test_names_that_look_alike_once_they_are_defused_are_one_category(
    archive: Archive, database_url: str, tmp_path: Path
):
    for path in ("=a.tif", "'=a.tif"):
        archive.done(path, path, [image_result(1)])

    export(database_url, tmp_path, "--format", "anndata")

    data = anndata.read_h5ad(tmp_path / "nuclei.h5ad")
    assert data.obs.path.tolist() == ["'=a.tif", "'=a.tif"]
    assert data.obs.image_id.nunique() == 2


def test_odd_names_are_defused_as_in_csv(archive: Archive, database_url: str, tmp_path: Path):
    archive.done(os.fsdecode(b"=cmd\xff\n.png"))

    export(database_url, tmp_path, "--format", "anndata")

    data = anndata.read_h5ad(tmp_path / "nuclei.h5ad")
    assert list(data.obs.path.cat.categories) == [r"'=cmd\xff\x0a.png"]
