"""From the first version of the schema to today's, with files in every state: nothing is processed that was before."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy import Connection, Engine, MetaData, text

from cli.commands import retry
from nuqleus.database.engine import alembic_config, make_engine, upgrade, writing
from tests.column_values import LONG_AGO, column_values
from tests.conftest import Clock
from tests.integration.everyday.conftest import Lab, archive, drop_image

NOT_ENDED = dict.fromkeys(
    ("sha256", "finished_at", "duplicate_of", "error_kind", "error", "lease_owner", "lease_expires_at")
)


class FirstVersion:
    """A database of the first version, and the folder that its files lie in."""

    def __init__(self, connection: Connection, inbox: Path) -> None:
        self._connection = connection
        self._inbox = inbox
        tables = MetaData()
        tables.reflect(connection)
        self._tables = tables.tables

    def insert(self, table: str, **given: Any) -> int:
        values = column_values(self._tables[table])
        values.pop("id", None)
        return self._connection.execute(self._tables[table].insert(), values | given).inserted_primary_key[0]

    def file(self, name: str, state: str, nuclei: int, **given: Any) -> int:
        path = drop_image(self._inbox / name, nuclei)
        stamp = {"size": path.stat().st_size, "mtime_ns": path.stat().st_mtime_ns}
        return self.insert("files", path=name, state=state, **stamp, **(NOT_ENDED | given))

    def done(self, name: str, nuclei: int, model_id: int) -> int:
        content = drop_image(self._inbox / name, nuclei).read_bytes()
        ended = {"sha256": hashlib.sha256(content).hexdigest(), "finished_at": LONG_AGO}
        file_id = self.file(name, "done", nuclei, **ended)
        plane = {"scene": 0, "t": 0, "z": 0, "n_nuclei": nuclei, "model_id": model_id}
        image_id = self.insert("images", file_id=file_id, **plane)
        self.insert("masks", image_id=image_id)
        for label in range(1, nuclei + 1):
            self.insert("nuclei", image_id=image_id, label=label)
            self.insert("intensities", image_id=image_id, label=label, channel=0)
        return file_id

    def copy(self, name: str, nuclei: int, of: int) -> int:
        content = drop_image(self._inbox / name, nuclei).read_bytes()
        ended = {"sha256": hashlib.sha256(content).hexdigest(), "finished_at": LONG_AGO}
        return self.file(name, "duplicate", nuclei, duplicate_of=of, **ended)


@pytest.fixture
def lab(empty_url: str, tmp_path: Path, clock: Clock) -> Iterator[Lab]:
    """Upgraded; what was not processed before the upgrade are three files, of 4, 5 and 6 nuclei."""
    inbox, engine = tmp_path / "inbox", make_engine(empty_url)
    try:
        yield _upgraded(engine, inbox, clock)
    finally:
        engine.dispose()


def _upgraded(engine: Engine, inbox: Path, clock: Clock) -> Lab:
    with writing(engine) as connection:
        command.upgrade(alembic_config(connection), "0001")
        first = FirstVersion(connection, inbox)
        first.insert("workers")
        old = first.insert("models", name="old", weights_sha256="of an old model")
        original = first.done("plate/done.png", 3, old)
        first.copy("plate/copy.png", 3, original)
        first.done("archived/gone.png", 7, old)
        first.file("bad.png", "failed", 2, error_kind="damaged", error="bad", finished_at=LONG_AGO)
        first.file("waiting.png", "waiting", 4)
        first.file("queued.png", "queued", 5)
        first.file("running.png", "running", 6, lease_owner="killed", lease_expires_at=LONG_AGO)
    upgrade(engine)
    lab = Lab(inbox, engine, clock)
    archive(lab, "archived")
    return lab


NOW = {"plate/done.png": 3, "plate/copy.png": 3, "archived/gone.png": 7}
THEN = NOW | {"waiting.png": 4, "queued.png": 5, "running.png": 6}


def settle(lab: Lab) -> None:
    lab.tick(301)  # what was queued when the old version ended is sent again
    lab.settle()


def test_every_table_of_the_first_version_had_rows(lab: Lab):
    with writing(lab.engine) as connection:
        for table in ("files", "models", "images", "masks", "nuclei", "intensities"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")), table
    assert lab.exported() == NOW


def test_only_what_was_not_processed_is_processed(lab: Lab):
    images, rows = lab.image_ids(), {row.path: row for row in lab.rows()}

    settle(lab)

    assert lab.segmenter.segmented == 3
    assert lab.exported() == THEN
    assert lab.image_ids()[: len(images)] == images
    assert lab.states() == {
        **dict.fromkeys(
            ("plate/done.png", "archived/gone.png", "waiting.png", "queued.png", "running.png"), "done"
        ),
        "plate/copy.png": "duplicate",
        "bad.png": "failed",
    }
    for name in ("plate/done.png", "plate/copy.png", "archived/gone.png", "bad.png"):
        now, before = lab.row(name), rows[name]
        for column in ("sha256", "started_at", "finished_at", "duplicate_of", "error_kind", "attempts"):
            assert getattr(now, column) == getattr(before, column), (name, column)


def test_after_a_restart_nothing_happens_any_more(lab: Lab):
    settle(lab)
    before = {row.path: (row.state, row.started_at, row.finished_at) for row in lab.rows()}

    lab.restart()
    settle(lab)

    assert {row.path: (row.state, row.started_at, row.finished_at) for row in lab.rows()} == before


def test_a_folder_that_is_renamed_takes_results_of_the_first_version_along(lab: Lab):
    settle(lab)
    (lab.inbox / "plate").rename(lab.inbox / "renamed")

    settle(lab)

    assert lab.segmenter.segmented == 3
    assert {path: nuclei for path, nuclei in lab.exported().items() if nuclei == 3} == {
        "renamed/done.png": 3,
        "renamed/copy.png": 3,
    }


def test_another_model_processes_again_what_the_old_one_did_and_keeps_what_is_not_there(lab: Lab):
    settle(lab)
    lab.segmenter.segmented = 0
    database = lab.engine.url.render_as_string(hide_password=False)

    result = CliRunner().invoke(
        retry.command,
        ["--model-changed", "--database", database, "plate", "archived", "--input", str(lab.inbox)],
    )
    assert "2 files will be processed again.\n2 of them by old" in result.output
    began = lab.clock.now
    settle(lab)

    assert lab.segmenter.segmented == 1
    assert lab.exported() == THEN
    assert lab.row("archived/gone.png").missed_at == began + 301
    assert lab.states()["plate/copy.png"] == "duplicate"
