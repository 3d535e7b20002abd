"""An export shows one moment, though workers go on writing while it is made."""

from pathlib import Path

import pytest

from nuqleus.database.files.records import SeenFile
from nuqleus.database.queries.snapshot import Snapshot
from nuqleus.database.tables import Image
from tests.examples import surrounded_result
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import VARIANTS, export


def files_in(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_results_that_come_meanwhile_are_not_in_it(
    variant: str, archive: Archive, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for path in ("a.tif", "b.tif"):
        archive.done(path, path, [surrounded_result(3)])
    export(database_url, tmp_path / "before", "--format", *variant.split())
    stream, pending = Snapshot._stream, ["a new result", "another content"]

    def interrupted(self, query):
        for row in stream(self, query):
            if pending:  # after the first row, workers commit
                pending.clear()
                archive.done("c.tif", "c", [surrounded_result(5)])
                archive.files.observe([SeenFile("b.tif", 99, 99)])
                archive.done("b.tif", "new", [surrounded_result(7)])
            yield row

    monkeypatch.setattr(Snapshot, "_stream", interrupted)
    result = export(database_url, tmp_path / "meanwhile", "--format", *variant.split())

    assert result.exit_code == 0, result.output
    assert not pending
    assert files_in(tmp_path / "meanwhile") == files_in(tmp_path / "before")
    assert len(archive.rows(Image)) == 3
