"""What docker-compose.yml says is valid, and exists in the program."""

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from compose_spec import PyCompose
from sqlalchemy import make_url

from nuqleus.database.engine import make_engine
from nuqleus.queue import make_app
from nuqleus.settings import SECRETS, Settings, get_settings
from tests.unit.deployment.files import (
    COMPOSE,
    ROOT,
    VARIABLE,
    environment,
    environment_with,
    interpolated,
    ours,
    parse,
    program,
    seconds,
    services,
)
from web.access import access_rules

EXAMPLE = (ROOT / ".env.example").read_text()
ONE_SHOTS = {"password", "migrate"}
STAYING = sorted(services().keys() - ONE_SHOTS)
PORTS = {"postgres": 5432, "redis": 6379}
MONITORING = {name for name, service in services().items() if service.get("profiles") == ["monitoring"]}


def validate(compose: str):
    PyCompose.from_json(json.dumps(yaml.safe_load(compose))).validate()


class TestSpecification:
    def test_the_file_follows_it(self):
        validate(interpolated(COMPOSE))

    @pytest.mark.parametrize(
        ("right", "wrong", "complaint"),
        [
            ("healthcheck:", "healthchek:", "extension key `healthchek`"),
            ("memory: 2g", "memory: 2 apples", "unknown unit"),
        ],
    )
    def test_a_slip_would_be_noticed(self, right: str, wrong: str, complaint: str):
        with pytest.raises(ValueError, match=complaint):
            validate(interpolated(COMPOSE).replace(right, wrong))

    def test_every_variable_has_a_default_so_that_the_file_works_as_it_stands(self):
        assert "$" not in interpolated(COMPOSE).replace("$$", "")


class TestCommands:
    @pytest.mark.parametrize("name", ours())
    def test_every_command_is_one_of_the_program(self, name: str):
        parse(ours()[name]["command"])

    @pytest.mark.parametrize("name", sorted(ours().keys() & set(STAYING)))
    def test_every_health_check_is_one_of_the_program(self, name: str):
        kind, program, *arguments = ours()[name]["healthcheck"]["test"]
        assert (kind, program) == ("CMD", "nuqleus")
        parse(arguments)

    @pytest.mark.parametrize("arguments", [["schedle"], ["work", "--nonsense"], ["status", "--healthy", "x"]])
    def test_a_slip_would_be_noticed(self, arguments: list[str]):
        with pytest.raises(click.UsageError):
            parse(arguments)

    @pytest.mark.parametrize("name", services())
    def test_commands_are_lists_so_that_signals_reach_the_program(self, name: str):
        service = services()[name]
        assert isinstance(service.get("command", []), list)
        assert isinstance(service.get("entrypoint", []), list)

    def test_each_password_is_made_once(self, tmp_path):
        command = program(services()["password"]["entrypoint"], tmp_path)
        made = []
        for _ in range(2):
            subprocess.run(command, check=True, env=environment_with(Path(sys.executable).parent))
            made.append({path.name: path.read_text().strip() for path in tmp_path.iterdir()})

        assert made[0] == made[1]
        assert made[0].keys() == {
            "nuqleus_database_password",
            "nuqleus_broker_password",
            "nuqleus_web_token",
        }
        assert all(len(password) > 30 for password in made[0].values())
        assert len({*made[0].values()}) == 3

    def test_a_password_that_is_there_already_is_kept(self, tmp_path):
        (tmp_path / "nuqleus_database_password").write_text("chosen")
        command = program(services()["password"]["entrypoint"], tmp_path)
        subprocess.run(command, check=True, env=environment_with(Path(sys.executable).parent))
        assert (tmp_path / "nuqleus_database_password").read_text() == "chosen"


class TestImages:
    """Engines that build one tag twice at the same time end with `already exists`."""

    def test_each_image_is_built_by_one_service_and_pulled_by_none(self):
        mine = {name: service for name, service in services().items() if "nuqleus:" in service["image"]}
        built = {name: service["image"] for name, service in mine.items() if "build" in service}
        assert built == {"worker": "nuqleus:cpu", "worker-gpu": "nuqleus:gpu"}
        assert {service["image"] for service in mine.values()} == set(built.values())
        assert {service["pull_policy"] for service in mine.values()} == {"never"}


class TestEnvironment:
    @pytest.mark.parametrize("name", ours())
    def test_every_setting_is_passed_on(self, name: str):
        """Those of `nuqleus run` alone are not."""
        fields = Settings.model_fields.keys() - {"state_dir", "workers"}
        assert ours()[name]["environment"].keys() == {f"NUQLEUS_{field.upper()}" for field in fields}

    @pytest.mark.parametrize("name", services())
    def test_no_name_of_the_compose_file_s_own_reaches_a_container(self, name: str):
        """A container is replaced when its environment changes: more workers would stop all of them."""
        assert "env_file" not in services()[name]
        compose_s_own = {variable for variable, _ in VARIABLE.findall(COMPOSE) if "NUQLEUS_" not in variable}
        assert not compose_s_own & services()[name].get("environment", {}).keys()

    def test_the_number_of_workers_changes_nothing_but_their_number(self):
        few, many = services(), services(WORKERS="8", GPU_WORKERS="2")
        for workers in (few["worker"], few["worker-gpu"], many["worker"], many["worker-gpu"]):
            del workers["deploy"]["replicas"]
        assert few == many

    @pytest.mark.parametrize("name", ours())
    def test_its_values_make_sense(self, name: str, monkeypatch, tmp_path):
        monkeypatch.setattr("nuqleus.settings.SECRETS", tmp_path)
        (tmp_path / "nuqleus_database_password").write_text("secret\n")
        (tmp_path / "nuqleus_broker_password").write_text("another\n")
        for variable, value in ours()[name]["environment"].items():
            if value is not None:
                monkeypatch.setenv(variable, value)

        settings = get_settings()

        assert make_engine(settings.database_url).url.password == "secret"
        assert make_app(settings).conf.broker_url == settings.broker_url
        assert make_url(settings.broker_url).password == "another"

    @pytest.mark.parametrize("variable", ["NUQLEUS_DATABASE_URL", "NUQLEUS_BROKER_URL"])
    def test_every_url_leads_to_a_service_and_its_port(self, variable: str):
        url = make_url(ours()["worker"]["environment"][variable])
        assert (url.port or 5432) == PORTS[url.host]
        assert PORTS[url.host] == {"postgresql+psycopg": 5432, "redis": 6379}[url.drivername]

    def test_the_server_makes_the_database_that_the_url_names(self):
        url = make_url(ours()["worker"]["environment"]["NUQLEUS_DATABASE_URL"])
        made = services()["postgres"]["environment"]
        assert (made["POSTGRES_USER"], made["POSTGRES_DB"]) == (url.username, url.database)
        assert made["POSTGRES_PASSWORD_FILE"] == f"{SECRETS}/nuqleus_database_password"

    def test_the_example_lists_every_variable_with_its_default(self):
        listed = dict(re.findall(r"^#([A-Z_]+)=(.*)$", EXAMPLE, re.M))
        assert listed == dict(VARIABLE.findall(COMPOSE))

    def test_no_password_is_in_the_repository(self):
        assert not re.search(r"PASSWORD: *\S|:[^/\s{]+@", COMPOSE + EXAMPLE)


class TestHealth:
    @pytest.mark.parametrize("name", STAYING)
    def test_every_service_that_stays_has_a_check(self, name: str):
        check = services()[name]["healthcheck"]
        assert seconds(check["timeout"]) <= seconds(check["interval"])

    def test_the_database_answers_a_query_and_the_broker_a_command(self):
        assert services()["postgres"]["healthcheck"]["test"][1] == "psql"
        assert services()["redis"]["healthcheck"]["test"][1].endswith("redis-cli -e ping")

    @pytest.mark.parametrize("name", services())
    def test_what_is_waited_for_can_come_true(self, name: str):
        for other, wait in services()[name].get("depends_on", {}).items():
            awaited = {"service_healthy": STAYING, "service_completed_successfully": ONE_SHOTS}
            assert other in awaited[wait["condition"]]

    @pytest.mark.parametrize("name", services())
    def test_what_ends_is_started_again(self, name: str):
        assert services()[name]["restart"] == ("on-failure" if name in ONE_SHOTS else "unless-stopped")

    @pytest.mark.parametrize("name", ["worker", "worker-gpu"])
    def test_a_worker_may_finish_the_longest_job(self, name: str):
        assert seconds(services()[name]["stop_grace_period"]) > get_settings().time_limit


class TestWorkers:
    """`--scale` lasts until the next `up`, for instance that which starts what watches the others."""

    @pytest.mark.parametrize(("name", "variable"), [("worker", "WORKERS"), ("worker-gpu", "GPU_WORKERS")])
    def test_there_is_one_unless_the_settings_file_says_how_many(self, name: str, variable: str):
        assert services()[name]["deploy"]["mode"] == "replicated", "or podman-compose starts a single one"
        assert services()[name]["deploy"]["replicas"] == 1
        assert services(**{variable: "8"})[name]["deploy"]["replicas"] == 8

    def test_graphics_processors_may_do_all_the_work(self):
        few = services(WORKERS="0", GPU_WORKERS="2")
        assert [few[name]["deploy"]["replicas"] for name in ("worker", "worker-gpu")] == [0, 2]

    def test_no_page_starts_several_in_a_way_that_the_next_start_undoes(self):
        pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
        assert [page.name for page in pages if re.search(r"^docker .*--scale", page.read_text(), re.M)] == []


class TestConfinement:
    @pytest.mark.parametrize("name", services())
    def test_nobody_is_root(self, name: str):
        service = services()[name]
        assert service["user"].split(":")[0] not in ("root", "0")
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]

    @pytest.mark.parametrize("name", services())
    def test_memory_is_limited(self, name: str):
        assert services()[name]["deploy"]["resources"]["limits"]["memory"]

    @pytest.mark.parametrize("name", ours())
    def test_the_folder_is_mounted_where_it_is_watched_and_only_ever_read(self, name: str):
        mounts = {mount["target"]: mount for mount in ours()[name]["volumes"]}
        inbox = mounts[ours()[name]["environment"]["NUQLEUS_INPUT_DIR"]]
        assert inbox["read_only"]
        assert inbox["target"] == environment()["NUQLEUS_INPUT_DIR"]

    @pytest.mark.parametrize("name", sorted(services().keys() - {"password"}))
    def test_passwords_can_only_be_read(self, name: str):
        mounts = [mount for mount in services()[name].get("volumes", []) if mount["source"] == "secrets"]
        assert all(mount["read_only"] and mount["target"] == str(SECRETS) for mount in mounts)

    def test_the_page_starts_with_the_token_that_is_made(self, monkeypatch, tmp_path):
        monkeypatch.setattr("nuqleus.settings.SECRETS", tmp_path)
        (tmp_path / "nuqleus_web_token").write_text("a token that was made\n")
        monkeypatch.setenv("NUQLEUS_WEB_ADDRESS", ours()["web"]["environment"]["NUQLEUS_WEB_ADDRESS"])
        assert access_rules(get_settings()).token == "a token that was made"

    def test_no_port_is_open_to_the_outside(self):
        opened = {name: service["ports"] for name, service in services().items() if "ports" in service}
        assert opened.keys() == MONITORING | {"web"}
        assert all(port.startswith("127.0.0.1:") for (port,) in opened.values())

    def test_what_must_last_is_in_named_volumes(self):
        named = set(yaml.safe_load(COMPOSE)["volumes"])
        mounts = [mount for service in services().values() for mount in service.get("volumes", [])]
        assert named == {mount["source"] for mount in mounts if mount["type"] == "volume"}


class TestBroker:
    def test_it_keeps_what_is_queued_and_evicts_nothing(self):
        options = services()["redis"]["command"]
        given = dict(zip(options[::2], options[1::2], strict=True))
        assert given["--appendonly"] == "yes"
        assert given["--maxmemory-policy"] == "noeviction"


class TestGraphicsProcessors:
    def test_they_are_only_asked_for_in_their_profile(self):
        profiles = {
            name: service["profiles"] for name, service in services().items() if "profiles" in service
        }
        assert profiles == {"worker-gpu": ["gpu"], **{name: ["monitoring"] for name in MONITORING}}

    def test_their_worker_is_the_other_one_on_another_image_with_a_device(self):
        plain, gpu = services()["worker"], services()["worker-gpu"]
        different = {key for key in gpu if gpu[key] != plain.get(key)}
        assert different == {"profiles", "image", "build", "deploy"}
        (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
        assert (device["driver"], device["capabilities"], len(device["device_ids"])) == ("nvidia", ["gpu"], 1)
