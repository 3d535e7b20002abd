"""A migration loses no row and no value that it isn't meant to, and can be taken back."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, Table, inspect, select, text

from model.measurements import NEIGHBOR_COLUMNS, RING_COLUMNS
from nuqleus.database import engine as engine_module
from nuqleus.database.engine import make_engine, migrating, reading, schema_version, upgrade, writing
from nuqleus.errors import DatabaseDamaged
from tests.column_values import column_values

RENAMED = [
    ("files", "choice", "image_options"),
    ("watch", "process", "process_identity"),
    ("workers", "process", "process_identity"),
]
"""Table, and the names of a column before and since version 0006."""

PLATE_TABLES = ["plates", "plate_channels", "wells", "well_statistics", "well_annotations"]

SURROUNDINGS_OF_IMAGES = ("ring_gap", "ring_width", "neighbor_distance", "area_fraction")

NEW_IN_VIEWS = {"nuclei_um": 3, "Per_Object": 6 + 4 * 8, "Per_Image": 4 + 4 * 6}
"""Columns that version 0024 adds."""

VIEWS = [
    "Per_Image",
    "Per_Object",
    "counted_images",
    "dna_content",
    "dna_intensity",
    "grouped_images",
    "nuclei_um",
    "quality",
    "well_summary",
]


VERSIONS_WITH_ROWS = sorted(
    version
    for revision in ScriptDirectory.from_config(engine_module.alembic_config(None)).walk_revisions()
    if (version := revision.revision) >= "0005"
)
"""From the one of `full_0005` on."""


def test_migrations_can_be_taken_back(empty_url: str):
    engine = make_engine(empty_url)
    upgrade(engine)
    assert sorted(_views(engine)) == VIEWS

    _migrate(engine, command.downgrade, "base")

    with reading(engine) as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    assert _views(engine) == []
    engine.dispose()


@pytest.fixture
def full_0005(empty_url: str) -> Iterator[Engine]:
    """A database of version 0005 with a row in every table, and a value in every column."""
    engine = make_engine(empty_url)
    with writing(engine) as connection:
        command.upgrade(engine_module.alembic_config(connection), "0005")
        for table in _reflect(connection):
            values = column_values(table)
            connection.execute(table.insert(), values | {"state": "done"} if "state" in values else values)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(("old", "new"), [*pairwise(VERSIONS_WITH_ROWS)])
def test_what_a_migration_made_can_be_taken_back(full_0005: Engine, old: str, new: str):
    """Rows, views and triggers are what they were: SQLite loses them with a table that is recreated."""
    _migrate(full_0005, command.upgrade, old)
    before = _contents(full_0005), sorted(_views(full_0005)), _triggers(full_0005)

    _migrate(full_0005, command.upgrade, new)
    _migrate(full_0005, command.downgrade, old)

    assert (_contents(full_0005), sorted(_views(full_0005)), _triggers(full_0005)) == before


def test_new_names_lose_no_row_and_no_value(full_0005: Engine):
    """SQLite deletes what refers to a table that is replaced; nothing here may be."""
    before = _contents(full_0005)
    assert all(rows for rows in before.values())

    _migrate(full_0005, command.upgrade, "0006")

    after = _contents(full_0005)
    after["watch"] = after.pop("scheduler_lease")
    for table, old, new in RENAMED:
        (row,) = after[table]
        row[old] = row.pop(new)
    assert after == before


def test_a_new_state_loses_no_row_in_any_table(full_0005: Engine):
    """SQLite recreates `files` for it, and would delete all that refers to the table it drops."""
    _migrate(full_0005, command.upgrade, "0006")
    before = _contents(full_0005)
    assert all(rows for rows in before.values())

    _migrate(full_0005, command.upgrade, "0007")

    after = _contents(full_0005)
    assert [row.pop("ignored_by") for row in after["files"]] == [None]
    for column in ("nuclear_channel_by", "pixel_size_from", "scene_name"):
        assert [row.pop(column) for row in after["images"]] == [None]
    assert after == before


def test_a_new_state_can_be_taken_back(full_0005: Engine):
    _migrate(full_0005, command.upgrade, "0006")
    before = _contents(full_0005)
    _migrate(full_0005, command.upgrade, "0007")
    with writing(full_0005) as connection:
        connection.execute(text("UPDATE files SET state = 'ignored', ignored_by = 'mask'"))

    _migrate(full_0005, command.downgrade, "0006")

    (file,) = before["files"]
    file |= {"state": "failed", "error_kind": "not-an-image", "error": "mask"}
    assert _contents(full_0005) == before


def test_stamps_lose_no_row_in_any_table_and_what_vanished_is_gone(full_0005: Engine):
    _migrate(full_0005, command.upgrade, "0008")
    with writing(full_0005) as connection:
        connection.execute(text("UPDATE files SET state = 'failed', error_kind = 'vanished', mtime_ns = 0"))
    before = _contents(full_0005)
    assert all(rows for rows in before.values())

    _migrate(full_0005, command.upgrade, "0009")

    after = _contents(full_0005)
    (file,) = after["files"]
    assert file.pop("gone_at") == file["finished_at"]
    assert not file.pop("suspected")
    assert [file.pop(column) for column in ("inode", "ctime_ns", "previous_state")] == [None] * 3
    assert [after["scheduler_lease"][0].pop(column) for column in ("failing_since", "trouble")] == [None] * 2
    assert after == before


def test_another_key_loses_no_row_in_any_table(full_0005: Engine):
    _migrate(full_0005, command.upgrade, "0009")
    before = _contents(full_0005)
    assert all(rows for rows in before.values())

    _migrate(full_0005, command.upgrade, "0010")

    assert _contents(full_0005) == before


def test_plates_lose_no_row_in_any_table(full_0005: Engine):
    _migrate(full_0005, command.upgrade, "0010")
    before = _contents(full_0005)
    assert all(rows for rows in before.values())

    _migrate(full_0005, command.upgrade, "0011")

    after = _contents(full_0005)
    assert [after.pop(table) for table in PLATE_TABLES] == [[]] * len(PLATE_TABLES)
    for column in ("well_id", "site", "missing_channels"):
        assert [row.pop(column) for row in after["images"]] == [None]
    assert after == before


def test_confidence_is_unknown_of_what_is_there_and_loses_no_row(full_0005: Engine):
    _migrate(full_0005, command.upgrade, "0011")
    before = _contents(full_0005)

    _migrate(full_0005, command.upgrade, "0012")

    after = _contents(full_0005)
    (image,), (nucleus,) = after["images"], after["nuclei"]
    assert [image.pop(name) for name in ("nuclear_diameter", "zoom", "confidence")] == [None] * 3
    assert nucleus.pop("confidence") is None
    assert after == before


def test_overviews_lose_no_row_in_any_table(full_0005: Engine):
    _migrate(full_0005, command.upgrade, "0013")
    before = _contents(full_0005)

    _migrate(full_0005, command.upgrade, "0014")
    assert _contents(full_0005) == before | {"overviews": []}


def test_fields_keep_views_and_triggers(full_0005: Engine):
    _migrate(full_0005, command.upgrade, "0014")
    before = _views(full_0005), _triggers(full_0005)

    _migrate(full_0005, command.upgrade, "0015")

    assert (_views(full_0005), _triggers(full_0005)) == before


def test_image_groups_lose_no_row_in_any_table(full_0005: Engine):
    _migrate(full_0005, command.upgrade, "0019")
    before = _contents(full_0005)

    _migrate(full_0005, command.upgrade, "0020")

    made: dict[str, list[Any]] = {"image_groups": [], "group_statistics": [], "g1_peaks": []}
    assert _contents(full_0005) == before | made


def test_surroundings_are_unknown_of_what_is_there_and_lose_no_row(full_0005: Engine):
    _migrate(full_0005, command.upgrade, "0017")
    before = _contents(full_0005)

    _migrate(full_0005, command.upgrade, "0018")

    after = _contents(full_0005)
    assert [after.pop(table) for table in ("image_quality", "textures")] == [[], []]
    for table, columns in {
        "images": SURROUNDINGS_OF_IMAGES,
        "nuclei": NEIGHBOR_COLUMNS,
        "intensities": RING_COLUMNS,
    }.items():
        (row,) = after[table]
        assert [row.pop(name) for name in columns] == [None] * len(columns)
    assert after == before


def test_views_of_surroundings_say_nothing_of_what_is_there_and_can_be_taken_back(full_0005: Engine):
    _migrate(full_0005, command.upgrade, "0023")
    before, views = _contents(full_0005), _definitions(full_0005)

    _migrate(full_0005, command.upgrade, "0024")

    assert _contents(full_0005) == before
    assert sorted(_views(full_0005)) == VIEWS
    for view, of_others in NEW_IN_VIEWS.items():
        with reading(full_0005) as connection:
            (row,) = connection.execute(text(f'SELECT * FROM "{view}"')).mappings()
        added = [
            name for name in row if re.search("neighbor|ring|quality|corrected|sharp|occupied", name, re.I)
        ]
        assert len(added) == of_others
        assert [row[name] for name in added] == [None] * of_others

    _migrate(full_0005, command.downgrade, "0023")
    assert _definitions(full_0005) == views


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
def test_numbers_of_deleted_files_aren_t_given_again_after_an_upgrade(full_0005: Engine):
    with writing(full_0005) as connection:
        connection.execute(text("DELETE FROM files"))
    upgrade(full_0005)

    values = "'b', 1, 1, 'done', 1, '2026-11-23 10:15:00'"
    with writing(full_0005) as connection:
        insert = f"INSERT INTO files (path, size, mtime_ns, state, attempts, discovered_at) VALUES ({values})"
        connection.execute(text(insert))
        assert connection.scalar(text("SELECT id FROM files")) == 2


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
def test_foreign_keys_are_enforced_again_after_an_upgrade(full_0005: Engine):
    upgrade(full_0005)

    with writing(full_0005) as connection:
        connection.execute(text("DELETE FROM files"))
    assert _contents(full_0005)["nuclei"] == []


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
def test_an_upgrade_that_finds_rows_astray_changes_nothing(full_0005: Engine):
    with full_0005.connect() as connection:
        driver = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        driver.execute("UPDATE images SET file_id = 77")
        driver.execute("PRAGMA foreign_keys = ON")

    with pytest.raises(DatabaseDamaged, match="row 1 of images refers to one of files"):
        upgrade(full_0005)

    assert schema_version(full_0005) == "0005"


def _reflect(connection: Connection) -> list[Table]:
    """All tables but Alembic's own, as the database has them; those that others refer to come first."""
    tables = MetaData()
    tables.reflect(connection)
    return [table for table in tables.sorted_tables if table.name != "alembic_version"]


def _contents(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    with reading(engine) as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in _reflect(connection)
        }


def _migrate(engine: Engine, to: Callable[..., None], version: str) -> None:
    with migrating(engine) as connection:
        to(engine_module.alembic_config(connection), version)


def _views(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return inspect(connection).get_view_names()


def _definitions(engine: Engine) -> dict[str, str | None]:
    with reading(engine) as connection:
        inspector = inspect(connection)
        return {name: inspector.get_view_definition(name) for name in inspector.get_view_names()}


def _triggers(engine: Engine) -> list[str]:
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname",
    }
    with reading(engine) as connection:
        return list(connection.scalars(text(query[engine.dialect.name])))
