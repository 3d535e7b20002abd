"""The schema is made by migrations, is what the code declares, and survives processes that start together."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from model.measurements import (
    INTENSITY_COLUMNS,
    NUCLEUS_COLUMNS,
    QUALITY_COLUMNS,
    RING_COLUMNS,
)
from nuqleus.database import engine as engine_module
from nuqleus.database.engine import (
    make_engine,
    open_database,
    reading,
    schema_version,
    upgrade,
    writing,
)
from nuqleus.database.migrations import HEAD
from nuqleus.database.tables import Base
from nuqleus.errors import SchemaError


def test_migrations_lead_to_the_tables_that_the_code_declares(engine: Engine):
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_migration_is_the_one_the_code_asks_for():
    assert ScriptDirectory.from_config(engine_module.alembic_config(None)).get_current_head() == HEAD


def test_every_constraint_has_the_name_that_the_code_gives_it(engine: Engine):
    with reading(engine) as connection:
        inspector = inspect(connection)
        for name, table in Base.metadata.tables.items():
            assert inspector.get_pk_constraint(name)["name"] in {f"pk_{name}", None}
            declared = {str(key.name) for key in table.foreign_key_constraints}
            assert {key["name"] for key in inspector.get_foreign_keys(name)} == declared
        assert [check["name"] for check in inspector.get_check_constraints("files")] == ["ck_files_state"]


def test_nuclei_and_intensities_have_the_columns_that_are_measured():
    tables = Base.metadata.tables

    assert set(tables["nuclei"].columns.keys()) == {"image_id"} | set(NUCLEUS_COLUMNS)
    measured = set(INTENSITY_COLUMNS) | set(RING_COLUMNS)
    assert set(tables["intensities"].columns.keys()) == {"image_id"} | measured
    assert set(tables["image_quality"].columns.keys()) == {"image_id"} | set(QUALITY_COLUMNS)


def test_processes_that_start_together_take_turns(empty_url: str):
    engines = [make_engine(empty_url) for _ in range(8)]
    problems: list[Exception] = []

    def start(engine: Engine) -> None:
        try:
            upgrade(engine)
        except Exception as error:
            problems.append(error)

    _run_together([lambda engine=engine: start(engine) for engine in engines])

    assert problems == []
    assert {schema_version(engine) for engine in engines} == {HEAD}
    for engine in engines:
        engine.dispose()


def test_the_embedded_database_makes_itself(empty_sqlite_url: str):
    engine = open_database(empty_sqlite_url)

    assert schema_version(engine) == HEAD
    engine.dispose()


def test_a_schema_from_the_future_is_left_to_the_version_that_made_it(empty_url: str):
    engine = make_engine(empty_url)
    upgrade(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaError, match="A newer version made it"):
        upgrade(engine)
    assert schema_version(engine) == "9999"
    engine.dispose()


def test_it_isn_t_made_by_those_who_only_look(empty_sqlite_url: str):
    with pytest.raises(SchemaError, match="no database at sqlite"):
        open_database(empty_sqlite_url, create=False)


@pytest.mark.integration
def test_a_database_server_waits_for_the_command(empty_postgresql_url: str):
    with pytest.raises(SchemaError, match="nuqleus db upgrade"):
        open_database(empty_postgresql_url)


def _run_together(functions) -> None:
    threads = [threading.Thread(target=function, daemon=True) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
