"""The images are what docker-compose.yml asks for, locked, and nobody's playground."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nuqleus import __version__
from nuqleus.settings import SECRETS, Settings
from tests.unit.deployment.files import (
    DOCKERFILE,
    ROOT,
    environment,
    exec_form,
    instructions,
    of_kind,
    parse,
    services,
)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
GPU_LOCK = (ROOT / "requirements-gpu.lock").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()


def stages() -> dict[str, str]:
    """What each stage is built from."""
    return {instruction.stage: instruction.rest.split()[0] for instruction in of_kind("FROM")}


def pinned(lock: str) -> dict[str, str]:
    """Versions by package; a package that is pinned without a hash is none."""
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)[^\n]*\\\n    --hash=sha256:\w{64}", lock, re.M))


class TestImages:
    @pytest.mark.skipif(sys.platform == "win32", reason="hadolint has no wheel for Windows")
    def test_the_linter_has_nothing_to_say(self):
        linter = Path(sys.executable).with_name("hadolint")
        result = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
        assert (result.returncode, result.stdout) == (0, "")

    def test_there_is_a_stage_for_each_image_and_the_last_one_is_for_processors(self):
        targets = {service["build"]["target"] for service in services().values() if "build" in service}
        assert targets == {"cpu", "gpu"} <= stages().keys()
        assert list(stages())[-1] == "cpu"

    @pytest.mark.parametrize("target", ["cpu", "gpu"])
    def test_an_image_starts_a_command_of_the_program_as_somebody_who_isn_t_root(self, target: str):
        said = {each.name: each for each in instructions() if each.stage in (target, stages()[target])}
        assert int(said["USER"].rest.split(":")[0]) > 0
        program, *arguments = [*exec_form(said["ENTRYPOINT"]), *exec_form(said["CMD"])]
        assert program in PROJECT["project"]["scripts"]
        parse(arguments)

    def test_every_variable_is_a_setting(self):
        settings = {f"NUQLEUS_{field.upper()}" for field in Settings.model_fields}
        assert {name for name in environment() if name.startswith("NUQLEUS_")} <= settings

    def test_there_is_a_folder_for_secrets_that_any_user_may_put_one_into(self):
        assert f"--mode 1777 {SECRETS}" in DOCKERFILE

    def test_the_label_tells_this_version(self):
        labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="(.+?)"', DOCKERFILE))
        assert (labels["title"], labels["version"]) == (PROJECT["project"]["name"], __version__)
        assert labels["description"] == PROJECT["project"]["description"]
        assert labels["licenses"] == PROJECT["project"]["license"]


class TestContent:
    def test_everything_copied_exists_and_is_let_through_to_the_builder(self):
        copied = [each.rest.split()[:-1] for each in of_kind("COPY") if "--from" not in each.rest]
        sources = {source for sources in copied for source in sources}
        let_through = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.M))
        assert sources == let_through
        assert {source for source in sources if not (ROOT / source).exists()} == set()
        assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= sources

    def test_every_package_s_hash_is_checked(self):
        installing = [
            line for each in of_kind("RUN") for line in each.rest.split("&&") if "pip install" in line
        ]
        assert len(installing) == 5
        assert [line for line in installing if "--require-hashes" not in line] == [
            line for line in installing if "--no-deps dist/" in line
        ]

    @pytest.mark.parametrize("target", ["cpu", "gpu"])
    def test_an_image_takes_the_extras_that_the_settings_file_names_and_none_of_its_own(self, target: str):
        stage = [each for each in instructions() if each.stage == f"{target}-libraries"]
        (argument,) = [each.rest for each in stage if each.name == "ARG"]
        (installing,) = [line for each in stage for line in each.rest.split("&&") if "pip install" in line]
        assert argument == 'EXTRAS=""'
        assert '-r pyproject.toml ${EXTRAS:+--extra="$EXTRAS"}' in installing
        assert "--constraints requirements.lock" in installing
        built = [service["build"] for service in services(EXTRAS="vendor").values() if "build" in service]
        assert [build["args"]["EXTRAS"] for build in built if build["target"] == target] == ["vendor"]

    def test_the_extra_for_microscopes_is_locked(self):
        named = PROJECT["project"]["optional-dependencies"]["vendor"]
        assert {re.match(r"[\w.-]+", line)[0] for line in named} <= pinned(LOCK).keys()

    def test_the_gpu_s_lock_is_for_the_python_that_is_in_the_images(self):
        version = re.search(r"python:(3\.\d+)-slim", stages()["python"])[1]
        recipe = re.search(r"tensorflow\[and-cuda\].+?-o requirements-gpu\.lock", MAKEFILE, re.S)[0]
        assert f"--python-version {version} " in recipe
        assert set(re.findall(r"python(3\.\d+)/", DOCKERFILE)) == {version}


class TestTheLockOfTheGraphicsProcessorsImage:
    def test_it_differs_from_the_other_only_by_nvidia_s_libraries_and_tensorflow_s_kind(self):
        plain, gpu = pinned(LOCK), pinned(GPU_LOCK)
        assert {name for name in gpu.keys() - plain.keys() if not name.startswith("nvidia-")} == set()
        assert {name: version for name, version in gpu.items() if plain.get(name, version) != version} == {}
        assert "tensorflow" in gpu
        assert "tensorflow-cpu" not in gpu

    def test_it_holds_all_that_the_project_needs(self):
        named = {re.match(r"[\w.-]+", line)[0] for line in PROJECT["project"]["dependencies"]}
        assert named - {"tensorflow-cpu", "psycopg"} <= pinned(GPU_LOCK).keys()
        assert len(pinned(GPU_LOCK)) == len(re.findall(r"^[\w.-]+==", GPU_LOCK, re.M))

    def test_it_names_no_host(self):
        assert "//" not in GPU_LOCK
