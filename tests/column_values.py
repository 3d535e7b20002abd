"""Rows of tables as an earlier version had them, which the code declares no more."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table
from sqlalchemy import types as sqltypes

LONG_AGO = datetime(2022, 11, 23, 10, 15, tzinfo=UTC)

VALUES = {
    sqltypes.BigInteger: 1,
    sqltypes.Boolean: True,
    sqltypes.DateTime: LONG_AGO,
    sqltypes.Double: 1.5,
    sqltypes.Float: 1.5,
    sqltypes.Integer: 1,
    sqltypes.JSON: {"base": 16},
    sqltypes.LargeBinary: b"TIFF",
    sqltypes.String: "text",
    sqltypes.Text: "text",
}


def column_values(table: Table) -> dict[str, Any]:
    """A value for each column of a reflected table, by its type; 1 for a number, so that rows refer to each other."""
    return {column.name: VALUES[column.type.as_generic().__class__] for column in table.columns}
