"""Bulk insert: columns of numbers → rows of a table, the fastest way that each database has.

PostgreSQL takes them by binary COPY, put together from whole columns: no Python object a number. SQLite takes tuples.
What isn't finite becomes NULL, alike in both.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Column, Connection, Table, exc, insert
from sqlalchemy.types import REAL, BigInteger, Boolean, Float, Integer, TypeEngine

from nuqleus.database.tables import Base

Columns: TypeAlias = Mapping[str, NDArray[Any]]
"""Columns of a table by name, equally long."""

ROWS_PER_BATCH = 20_000
"""Rows that are held a second time, as the database takes them."""

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = -1

_WIRE: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (Boolean, "?"),
    (BigInteger, ">i8"),
    (Integer, ">i4"),
    (REAL, ">f4"),
    (Float, ">f8"),
)
"""PostgreSQL's binary forms, as numpy calls them; the first that fits. `Double` is a `Float`."""


def join(key: str, keys: Sequence[int], tables: Sequence[Columns]) -> Columns:
    """Put tables with the same columns below each other, after a column that says which one a row comes from."""
    heights = [len(next(iter(table.values()))) for table in tables]
    joined = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    return {key: np.repeat(np.asarray(keys), heights), **joined}


def insert_columns(connection: Connection, table: type[Base], columns: Columns) -> None:
    """Insert equally long columns, by name.

    Raises:
        DBAPIError: as SQLAlchemy's own statements do.
    """
    write = _copy if connection.dialect.name == "postgresql" else _insert_tuples
    length = len(next(iter(columns.values())))
    for start in range(0, length, ROWS_PER_BATCH):
        some = {name: column[start : start + ROWS_PER_BATCH] for name, column in columns.items()}
        write(connection, table.__table__, some)  # type: ignore[arg-type]


def plain_rows(columns: Columns) -> Iterator[tuple[Any, ...]]:
    """Rows of Python's own values; what isn't finite is None."""
    return zip(*map(_plain, columns.values()), strict=True)


def _insert_tuples(connection: Connection, table: Table, columns: Columns) -> None:
    # the statement as SQLAlchemy writes it, past its handling of rows: that takes longer than SQLite itself
    statement = insert(table).compile(dialect=connection.dialect, column_keys=list(columns))
    assert statement.positiontup is not None
    ordered = {name: columns[name] for name in statement.positiontup}
    connection.exec_driver_sql(str(statement), list(plain_rows(ordered)))


def _plain(column: NDArray[Any]) -> list[Any]:
    values: list[Any] = column.tolist()
    for missing in np.flatnonzero(_missing(column)).tolist():
        values[missing] = None
    return values


def _copy(connection: Connection, table: Table, columns: Columns) -> None:
    statement = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(_HEADER + to_wire(table, columns) + _TRAILER)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, statement, error) from error


def to_wire(table: Table, columns: Columns) -> bytes:
    """Rows in PostgreSQL's binary form: the number of fields, then each field's length and value; NULL has no value."""
    layout = [("fields", ">i2")]
    for name in columns:
        layout += [(f"{name} length", ">i4"), (name, _wire_type(table.columns[name]))]
    rows = np.zeros(len(next(iter(columns.values()))), np.dtype(layout))
    rows["fields"] = len(columns)
    for name, column in columns.items():
        missing = _missing(column)
        rows[name] = np.where(missing, 0, column)  # NaN is no whole number
        rows[f"{name} length"] = np.where(missing, _NULL, rows.dtype[name].itemsize)
    return _without_nulls(rows, columns)


def _without_nulls(rows: NDArray[Any], names: Iterable[str]) -> bytes:
    octets = rows.view(np.uint8).reshape(len(rows), -1)
    kept = np.ones(octets.shape, bool)
    for name in names:
        kind, start = rows.dtype.fields[name][:2]  # type: ignore[index]
        kept[rows[f"{name} length"] == _NULL, start : start + kind.itemsize] = False
    return octets[kept].tobytes()


def _wire_type(column: Column[Any]) -> str:
    return next(wire for kind, wire in _WIRE if isinstance(column.type, kind))


def _missing(column: NDArray[Any]) -> NDArray[np.bool_]:
    return ~np.isfinite(column) if column.dtype.kind == "f" else np.zeros(len(column), bool)


def _as_sqlalchemy(connection: Connection, statement: str, error: Exception) -> Exception:
    """COPY goes past SQLAlchemy: give its errors the names that callers know."""
    lost = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, None)  # type: ignore[arg-type]
    base: Any = connection.dialect.loaded_dbapi.Error
    return exc.DBAPIError.instance(statement, None, error, base, connection_invalidated=lost)
