"""The house holds together: who imports whom, what is documented, what is packed."""

import ast
import json
import re
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import grimp
import pytest

from cli.main import COMMANDS
from nuqleus import __version__
from nuqleus.database.tables import Base
from nuqleus.settings import Settings

ROOT = Path(__file__).parents[2]
ROOMS = ("cli", "nuqleus", "scheduler", "web", "worker", "model")
HEAVY = {"keras", "tensorflow"}
README = (ROOT / "README.md").read_text()

LOADED = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def loaded_after(code):
    """Top-level modules that a fresh interpreter holds after running some code."""
    process = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LOADED}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(process.stdout.splitlines()[-1]))


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def repository_files():
    """What git tracks or would track, so that a file not yet added counts too."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z").stdout
    return {path for path in listed.split("\0") if path and (ROOT / path).is_file()}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_ours_and_not_a_namesake_from_the_package_index(room):
    assert Path(import_module(room).__file__) == ROOT / room / "__init__.py"


def test_the_rooms_import_only_what_they_may():
    result = run(Path(sys.executable).with_name("lint-imports"))
    assert result.returncode == 0, result.stdout


@pytest.fixture(scope="module")
def imports():
    """Who imports whom, module by module: inside functions and for type checking as well."""
    return grimp.build_graph(*ROOMS, include_external_packages=True, cache_dir=None)


def test_no_modules_import_each_other_in_a_circle(imports):
    needed = {module: imports.find_upstream_modules(module) for module in imports.modules}
    circles = {
        frozenset({module, *(other for other in others if module in needed[other])})
        for module, others in needed.items()
    }
    assert [sorted(circle) for circle in circles if len(circle) > 1] == []


def test_only_the_command_line_and_what_needs_a_network_import_inside_functions(imports):
    """The command line, so that `--help` is quick; others to load TensorFlow when it is needed, not before."""
    hidden = [
        (module, imported)
        for module in imports.modules
        if module.startswith(tuple(f"{room}." for room in ROOMS if room != "cli"))
        for imported in imported_inside_functions(module)
        if HEAVY.isdisjoint(imports.find_upstream_modules(imported))
    ]
    assert hidden == []


def imported_inside_functions(module):
    """Modules of ours that the functions of a module import."""
    path = ROOT / module.replace(".", "/")
    source = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    inside = {node for function in functions for node in ast.walk(function)}
    named = {node.module or "" for node in inside if isinstance(node, ast.ImportFrom)}
    named |= {alias.name for node in inside if isinstance(node, ast.Import) for alias in node.names}
    return {name for name in named if name.split(".")[0] in ROOMS}


def test_the_scheduler_never_loads_a_network():
    every_module = "pkgutil.walk_packages(scheduler.__path__, 'scheduler.')"
    code = f"import pkgutil, importlib, scheduler\nfor m in {every_module}: importlib.import_module(m.name)"
    assert loaded_after(code).isdisjoint({"tensorflow", "keras", "model", "worker"})


def test_help_loads_no_library_but_click():
    heavy = {"tensorflow", "keras", "numpy", "scipy", "skimage", "celery", "sqlalchemy", "pydantic", "rich"}
    assert loaded_after(_called("--help")).isdisjoint(heavy)


def test_a_model_s_card_is_read_without_loading_a_network():
    """`nuqleus retry --model-changed` asks it which model is the present one."""
    loaded = loaded_after("from model.weights import SHIPPED, read_card; read_card(SHIPPED)")
    assert loaded.isdisjoint({"tensorflow", "keras", "numpy", "skimage"})


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_loads_no_network(name):
    assert loaded_after(_called(name, "--help")).isdisjoint({"tensorflow", "keras"})


def _called(*arguments):
    call = f"with contextlib.suppress(SystemExit): main({list(arguments)})"
    return f"import contextlib\nfrom cli.main import main\n{call}"


def test_every_command_has_a_module_and_every_module_a_line_in_the_help():
    folder = ROOT / "cli/commands"
    commands = {
        path.stem for path in folder.glob("*.py") if re.search(r"^def command\(", path.read_text(), re.M)
    }
    assert commands == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name):
    assert re.search(rf"`nuqleus {name}\b", README), f"README.md doesn't show `nuqleus {name}`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name):
    assert f"`NUQLEUS_{name.upper()}`" in README


def test_every_reason_for_failure_is_documented():
    raised = re.compile(r'(?:ImageError|FailureReason|failed)\(\s*"([a-z-]+)"')
    sources = [
        path.read_text() for room in ("model", "worker", "nuqleus") for path in (ROOT / room).rglob("*.py")
    ]
    kinds = {kind for source in sources for kind in raised.findall(source)}
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert len(kinds) > 10
    assert {kind for kind in kinds if f"| `{kind}` |" not in page} == set()


def test_every_table_is_documented():
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert [name for name in Base.metadata.tables if f"| `{name}` |" not in page] == []


def test_the_readme_s_queries_are_among_those_that_a_test_runs():
    cookbook = re.findall(r"^```(?:sql|python)\n.+?^```", README.split("## Query cookbook")[1], re.M | re.S)
    tested = (ROOT / "docs/queries.md").read_text()
    assert cookbook
    assert [example for example in cookbook if example not in tested] == []


@pytest.mark.parametrize(
    "document",
    sorted(path for path in repository_files() if path.endswith(".md")),
)
def test_links_between_documents_lead_somewhere(document):
    text = (ROOT / document).read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text) + re.findall(r'src="(?!https?:)([^"]+)"', text)
    missing = [link for link in links if not (ROOT / document).parent.joinpath(link).exists()]
    assert not missing


def test_the_changelog_knows_this_version():
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_no_file_names_a_place_on_the_machine_it_was_written_on():
    homes = re.compile(rb"/(?:home|Users)/\w+/|/root/\.?\w|" + re.escape(f"{ROOT}/".encode()))
    named = [path for path in repository_files() if homes.search((ROOT / path).read_bytes())]
    assert not named


def test_the_lock_names_no_host():
    assert "//" not in (ROOT / "requirements.lock").read_text()


def test_the_wheel_holds_the_rooms_and_nothing_else(tmp_path):
    built = run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path))
    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == {path for path in repository_files() if path.split("/")[0] in ROOMS}


def test_the_wheel_carries_weights_and_migrations():
    files = repository_files()
    assert any(path.startswith("model/weights/") for path in files)
    assert any(re.match(r"nuqleus/database/migrations/versions/\w+\.py", path) for path in files)
