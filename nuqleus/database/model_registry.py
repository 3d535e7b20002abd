"""Model rows: the networks that produced results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select

from nuqleus.database.engine import reading, writing
from nuqleus.database.tables import Model
from nuqleus.database.upserts import insert_missing


@dataclass(frozen=True)
class KnownModel:
    """A model that produced results once; `sha256` is that of its weights."""

    id: int
    name: str
    sha256: str


def other_models(engine: Engine, sha256: str) -> list[KnownModel]:
    """All models but the one with these weights, in the order of their first results."""
    columns = (Model.id, Model.name, Model.weights_sha256)
    query = select(*columns).where(Model.weights_sha256 != sha256).order_by(Model.id)
    with reading(engine) as connection:
        return [KnownModel(*row) for row in connection.execute(query)]


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
