"""What SECURITY.md promises: nothing that is dropped, sent or loaded runs, and nothing leaves its folder.

CSV formulas, messages, paths and passwords in logs have tests beside their modules (test_csvfiles, test_messages,
test_paths, test_logs, test_source).
"""

import ast
import pickle
from pathlib import Path

import h5py
import pytest
from sqlalchemy import Engine, inspect

from model.errors import WeightsError
from model.hashing import hash_file
from model.segmentation.segmenter import Segmenter
from model.weights import SHIPPED, ModelCard, read_card, write_card
from nuqleus.database.engine import reading
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.queue import make_app
from nuqleus.settings import Settings

ROOT = Path(__file__).parents[2]
SOURCES = [
    path for room in ("nuqleus", "scheduler", "worker", "model") for path in (ROOT / room).rglob("*.py")
]

RUNS_DATA = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_room_unpickles_or_evaluates(path: Path):
    tree = ast.parse(path.read_text())
    imported = {alias.name.split(".")[0] for node in _all(tree, ast.Import) for alias in node.names}
    imported |= {(node.module or "").split(".")[0] for node in _all(tree, ast.ImportFrom)}
    called = {node.func.id for node in _all(tree, ast.Call) if isinstance(node.func, ast.Name)}
    named = {(word.arg, ast.unparse(word.value)) for node in _all(tree, ast.Call) for word in node.keywords}
    assert imported.isdisjoint(RUNS_DATA)
    assert called.isdisjoint({"eval", "exec", "compile"})
    assert named.isdisjoint({("allow_pickle", "True"), ("safe_mode", "False"), ("shell", "True")})


def _all(tree: ast.AST, kind):
    return (node for node in ast.walk(tree) if isinstance(node, kind))


def test_a_message_that_is_no_json_is_refused_before_it_is_decoded():
    with make_app(Settings(broker_url="memory://")) as app:
        assert app.conf.accept_content == ["json"]
        with app.connection_for_read() as connection:
            assert app.amqp.TaskConsumer(connection, queues=[]).accept == {"application/json"}


class Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def weights_from(folder: Path, content: bytes) -> Path:
    """Weights of the shipped kind, whose card vouches for them."""
    weights = folder / "mine.weights.h5"
    weights.write_bytes(content)
    shipped = read_card(SHIPPED)
    card = ModelCard("mine", hash_file(weights), shipped.config, {}, "tests")
    write_card(card, weights)
    return weights


def test_weights_that_are_a_pickle_run_nothing(tmp_path: Path):
    weights = weights_from(tmp_path, pickle.dumps(Trap(tmp_path / "trace")))
    with pytest.raises(WeightsError):
        Segmenter.load(weights)
    assert not (tmp_path / "trace").exists()


@pytest.mark.filterwarnings("ignore:Skipping nested container")  # Keras says what it refuses twice
def test_weights_that_refer_to_another_file_are_refused(tmp_path: Path):
    """HDF5 can point at any file of the machine, and would show what is in it as numbers."""
    weights = weights_from(tmp_path, SHIPPED.read_bytes())
    with h5py.File(weights, "r+") as file:
        place = next(name for name in _datasets(file))
        shape, kind = file[place].shape, file[place].dtype
        del file[place]
        secret = [(str(tmp_path / "secret"), 0, h5py.h5f.UNLIMITED)]
        (tmp_path / "secret").write_bytes(bytes(10**6))
        file.create_dataset(place, shape, kind, external=secret)
    with pytest.raises(WeightsError):
        Segmenter.load(weights_from(tmp_path, weights.read_bytes()))


def _datasets(file: h5py.File) -> list[str]:
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found


def test_a_name_that_looks_like_sql_is_a_name(engine: Engine):
    name = "'); DROP TABLE files; --.png"
    files = SchedulerFiles(engine)
    files.observe([SeenFile(name, 1, 1)])
    assert [file.path for file in files.known()] == [name]
    with reading(engine) as connection:
        assert inspect(connection).has_table("files")


def test_passwords_are_in_no_log_of_a_broker_that_is_away(caplog):
    settings = Settings(
        broker_url="redis://user:s3cret@127.0.0.1:1/0", database_url="postgresql://u:s3cret@h/d"
    )
    assert "s3cret" not in repr(settings)
    with make_app(settings) as app:
        assert "s3cret" not in app.connection_for_write().as_uri()
