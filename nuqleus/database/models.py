"""The networks that produced results."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, select

from nuqleus.database.engine import writing
from nuqleus.database.tables import Model
from nuqleus.database.upserts import insert_missing


def register_model(
    engine: Engine,
    name: str,
    sha256: str,
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
    code_version: str,
) -> int:
    """The id of a model; the same weights (`sha256`) always have the same one, whoever comes first."""
    row = {
        "name": name,
        "weights_sha256": sha256,
        "config": dict(config),
        "metrics": dict(metrics),
        "code_version": code_version,
    }
    with writing(engine) as connection:
        insert_missing(connection, Model, [row], key="weights_sha256")
        return connection.scalars(select(Model.id).where(Model.weights_sha256 == sha256)).one()
