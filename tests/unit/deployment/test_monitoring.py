"""What watches the containers asks whom there is, at the right ports, for what they tell."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from nuqleus.database.file_states import FileState
from nuqleus.settings import Settings
from scheduler.metrics import SchedulerCollector
from tests.unit.deployment.files import ROOT, environment_with, ours, program, services
from worker.metrics import OUTCOMES, Metrics, WorkerInfoCollector

FOLDER = ROOT / "monitoring"
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
JOBS = {
    job["job_name"]: job for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
}


def read(name: str):
    return yaml.safe_load((FOLDER / name).read_text())


def mounted(service: str) -> dict[str, str]:
    """Where each file of this folder lies in a container."""
    mounts = services()[service]["volumes"]
    return {mount["source"].removeprefix("./monitoring/"): mount["target"] for mount in mounts}


@pytest.fixture
def told(sqlite_engine) -> dict[str, set[str]]:
    """The labels of each sample that scheduler and workers tell."""
    registry = Metrics().registry
    registry.register(WorkerInfoCollector("host:1:2", "gpu:0", "net", memory=lambda _device: (1, 2)))
    scheduler = CollectorRegistry()
    ProcessCollector(registry=scheduler)
    scheduler.register(SchedulerCollector(sqlite_engine, lambda: 0, 60, "me"))
    labels: dict[str, set[str]] = {}
    for metric in [*registry.collect(), *scheduler.collect()]:
        for name in (metric.name, *(sample.name for sample in metric.samples)):
            labels.setdefault(name, set()).update(*(sample.labels for sample in metric.samples))
    # there is no failure, and no image yet
    labels["nuqleus_failed_files"].add("error_kind")
    labels["nuqleus_worker_stage_seconds_bucket"] = {"stage", "le"}
    return labels


def names(query: str) -> set[str]:
    return set(re.findall(r"\b(?:nuqleus|process)_\w+", query))


class TestDashboard:
    @pytest.mark.parametrize("query", QUERIES)
    def test_every_metric_that_a_query_names_is_told(self, query: str, told):
        assert names(query)
        assert names(query) <= told.keys()

    def test_a_slip_would_be_noticed(self, told):
        assert not names("rate(nuqleus_image_total[1m])") <= told.keys()

    @pytest.mark.parametrize("query", [query for query in QUERIES if " by (" in query])
    def test_every_label_that_a_query_groups_by_is_one_of_its_metric(self, query: str, told):
        labels, name = re.search(r" by \(([^)]+)\).*?\b(nuqleus_\w+)", query).groups()
        assert set(labels.split(", ")) <= told[name]

    def test_every_state_and_outcome_that_a_query_picks_exists(self):
        picked = {label: set() for label in ("state", "outcome", "job")}
        for query in QUERIES:
            for label, values in re.findall(r'(\w+)=~"([^"]+)"', query):
                picked[label].update(values.split("|"))
        assert picked["state"] <= set(FileState)
        assert picked["outcome"] <= set(OUTCOMES.values())
        assert picked["job"] <= JOBS.keys()

    def test_panels_don_t_overlap_and_have_names(self):
        cells = set()
        for panel in DASHBOARD["panels"]:
            place = panel["gridPos"]
            mine = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not mine & cells
            assert panel["title"]
            cells |= mine
        assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
        assert max(x for x, _ in cells) < 24


class TestPrometheus:
    @pytest.mark.parametrize(
        ("job", "setting"), [("scheduler", "metrics_port"), ("worker", "worker_metrics_port")]
    )
    def test_it_asks_every_container_of_a_service_at_the_port_that_is_set(self, job: str, setting: str):
        (found,) = JOBS[job]["dns_sd_configs"]
        assert setting in Settings.model_fields
        for name in found["names"]:
            assert int(ours()[name]["environment"][f"NUQLEUS_{setting.upper()}"]) == found["port"]
        workers = {name for name in ours() if name.startswith(job)}
        assert set(found["names"]) == workers

    def test_the_lines_for_further_workers_are_for_the_job_and_the_port_of_the_others(self):
        page = (ROOT / "docs" / "monitoring.md").read_text()
        opened, asked = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.+?)```", page, re.S))
        (ports,) = opened["services"]["worker"]["ports"]
        ((job, further),) = ((each["job_name"], each) for each in asked["scrape_configs"])
        address, first, last, inside = re.fullmatch(r"([\d.]+):(\d+)-(\d+):(\d+)", ports).groups()
        assert job == "worker"
        assert int(inside) == JOBS[job]["dns_sd_configs"][0]["port"] == further["dns_sd_configs"][0]["port"]
        assert further["static_configs"][0]["targets"] == [
            f"{address}:{port}" for port in range(int(first), int(last) + 1)
        ]

    def test_it_asks_flower_where_that_listens(self):
        ((target,),) = [config["targets"] for config in JOBS["flower"]["static_configs"]]
        name, port = target.split(":")
        assert f"--port={port}" in services()[name]["entrypoint"][-1]

    def test_metrics_are_told_to_other_containers(self):
        assert {service["environment"]["NUQLEUS_METRICS_ADDRESS"] for service in ours().values()} == {
            "0.0.0.0"
        }

    def test_it_reads_our_file(self):
        assert (
            f"--config.file={mounted('prometheus')['prometheus.yml']}" in services()["prometheus"]["command"]
        )


class TestGrafana:
    def test_every_file_is_mounted_read_only_and_exists(self):
        for name in ("prometheus", "grafana"):
            for mount in services()[name]["volumes"]:
                if mount["type"] == "bind":
                    assert mount["read_only"]
                    assert (ROOT / mount["source"]).is_file()
        assert {*mounted("grafana"), *mounted("prometheus")} >= {path.name for path in FOLDER.iterdir()}

    def test_it_finds_the_dashboard_where_it_is_told_to_look(self):
        (provider,) = read("dashboards.yml")["providers"]
        path = mounted("grafana")["dashboard.json"]
        assert path.rpartition("/")[0] == provider["options"]["path"]
        assert path == services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]

    def test_every_panel_asks_the_source_that_is_chosen_at_first_ours(self):
        """Wherever else the dashboard is imported, Prometheus has another uid."""
        (source,) = read("datasource.yml")["datasources"]
        (chosen,) = DASHBOARD["templating"]["list"]
        panels = DASHBOARD["panels"]
        asking = [*panels, *(target for panel in panels for target in panel["targets"])]
        assert {each["datasource"]["uid"] for each in asking} == {f"${{{chosen['name']}}}"}
        assert {each["datasource"]["type"] for each in asking} == {chosen["query"]} == {source["type"]}
        assert (chosen["type"], chosen["current"]["value"]) == ("datasource", source["uid"])
        assert source["url"] == "http://prometheus:9090"
        assert "prometheus" in services()

    def test_nobody_can_change_anything_and_there_is_no_password(self):
        variables = services()["grafana"]["environment"]
        assert variables["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
        assert variables["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        (None, "redis://default:s3cret@redis:6379/0"),
        ("redis://:mine@elsewhere/3", "redis://:mine@elsewhere/3"),
    ],
)
def test_flower_listens_to_the_broker_of_the_workers(tmp_path, url, seen):
    (tmp_path / "nuqleus_broker_password").write_text("s3cret\n")
    (tmp_path / "celery").write_text('#!/bin/sh\necho "$CELERY_BROKER_URL" "$@"\n')
    (tmp_path / "celery").chmod(0o755)
    given = services(**{"NUQLEUS_BROKER_URL": url} if url else {})
    flower = given["flower"]
    assert flower["environment"]["BROKER_URL"] == given["worker"]["environment"]["NUQLEUS_BROKER_URL"]
    said = subprocess.run(
        program(flower["entrypoint"], tmp_path),
        env=environment_with(tmp_path, Path(sys.executable).parent) | flower["environment"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.split() == [seen, "flower", "--port=5555"]


@pytest.mark.parametrize("name", ["prometheus", "grafana", "flower"])
def test_a_health_check_asks_the_port_that_is_published(name: str):
    service = services()[name]
    (published,) = service["ports"]
    inside = published.split(":")[-1]
    assert service["healthcheck"]["test"][-1].startswith(f"http://127.0.0.1:{inside}/")
    assert re.fullmatch(r"\S+:v?\d+\.\d+\.\d+", service["image"])
