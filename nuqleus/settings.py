"""Settings: each is declared once; one is `--input` on the command line and `NUQLEUS_INPUT_DIR` in the environment.

What nobody else may read can come from a file instead, as containers get their secrets: `nuqleus_database_password` in
`/run/secrets` is read where `NUQLEUS_DATABASE_PASSWORD` isn't set.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import (
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from nuqleus.errors import SettingsError
from nuqleus.image_options import AUTO, Channel, Diameter, ImageOptions, Length, Requested, Smallest, ZStacks
from nuqleus.rules import Plates, Rules, load_rules

SECRETS = Path("/run/secrets")
"""Where Docker, Podman and Kubernetes put a container's secrets, each a file."""

ENVIRONMENT_PREFIX = "NUQLEUS_"

_NEARLY = 0.85
"""How alike (`difflib`) a misspelt variable is to the one that was meant."""

_OF_KUBERNETES = ("tcp://", "udp://")
"""Where a service is, for which Kubernetes sets `NUQLEUS_DB_PORT` in all containers if it is called `nuqleus-db`."""

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LogFormat = Literal["text", "json"]
Port = Annotated[int, Field(ge=1, le=65535)]


def _embedded_database(given: dict[str, Any]) -> str:
    return f"sqlite:///{(given['state_dir'] / 'nuqleus.db').as_posix()}"


def _with_password(url: str, password: str | None) -> str:
    """A URL with a password, if it names a user and has none."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    if not password or not user or ":" in user:
        return url
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


class Settings(BaseSettings):
    """What all parts need to agree on. Built by `get_settings` when a command starts; at import only by `worker.app`.

    Attributes:
        input_dir: the watched folder; only ever read.
        state_dir: database and broker files of the embedded kind live here.
        database_url: SQLAlchemy's form of URL: `sqlite:///file.db`, `postgresql://user:password@host/name`.
        database_password: put into a `database_url` that names a user but no password.
        broker_password: the same for a `broker_url`.
        broker_url: `redis://…`; None starts a server of our own.
        workers: worker processes that `nuqleus run` starts.
        settle_seconds: a file is complete when its size and time of change stood still for this long.
        scan_seconds: time between two scans of the whole folder.
        lease_seconds: a running file whose worker was silent for this long may be given to another.
        heartbeat_seconds: how often a worker renews its lease.
        field_seconds: a field of a plate that lacks files waits this long for them, from the plate's last new file.
        max_attempts: workers that a file may kill before it is failed.
        resend_seconds: a queued file's message is sent again when it seems to be lost after this long.
        chunk_files: small files that a worker takes together, at most, where many wait.
        urgent: patterns of paths whose files go before others, with commas between; see `nuqleus.path_patterns`.
        channel: the channel that shows the nuclei: a name, or a number counted from 0, or `auto`.
        z: what becomes of a z-stack: `planes`, an image each, or one image, `max` or `mean`; None: `planes`, but `max`
            for the steps of a plate's field, which are files.
        diameter: of the nuclei: a number of pixels, or of micrometres with `um`; None: it is looked for.
        smallest: nuclei of fewer pixels are dropped; None: as the network's thresholds say.
        ring_gap: between a nucleus and the ring around it: pixels, or micrometres with `um`; None, as for the next two:
            a share of the nuclei's diameter.
        ring_width: of the ring around a nucleus.
        neighbor_distance: another nucleus that is this near is a neighbour.
        measure: what is measured only on request, `texture` or `granularity`, with a comma between.
        rules: a file that sets channel, z and more for files at some paths; see `nuqleus.rules`.
        plates: `auto` takes files that are named like a field's for parts of one image; `off`: each is one of its own.
        ignore: patterns of paths whose files are ignored, with commas between; see `nuqleus.path_patterns`.
        max_pixels: images with more pixels than this are failed, from their header; None: `model.reading` says.
        soft_time_limit: seconds after which a file's task is asked to end.
        time_limit: seconds after which a file's task is killed.
        weights: a weights file instead of the one that comes with the package.
        overlay_dir: where pictures of the outlines go; None draws none.
        log_level: the least severe level that is logged.
        log_format: `text` for people, `json` for programs: an object a line.
        metrics_port: where the scheduler is asked for its metrics; None: nowhere.
        worker_metrics_port: the same for workers; several on one machine take the next free ports.
        metrics_address: the address that both listen on.
        outside_links: whether links in the watched folder may lead to files elsewhere.
        watch: `auto` uses the operating system's events where they work; `poll` never does.
        overviews: whether workers store a small picture of each image.
        web_address: the address that the page listens on; any but this machine's own demands a token or a proxy.
        web_port: its port; where it isn't set, and is taken, the next free one.
        web_token: what people log in with.
        web_proxies: addresses, with commas between, whose header `Remote-User` is believed.
        web_hosts: names of this machine, with commas between, that browsers may call it by.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        validate_default=True,
    )

    input_dir: Path = Path("inbox")
    state_dir: Path = Path("state")
    # are passwords, or may hold some: never in a repr, and so in no log
    database_password: Annotated[str | None, Field(repr=False)] = None
    database_url: Annotated[str, Field(repr=False, default_factory=_embedded_database)]
    broker_password: Annotated[str | None, Field(repr=False)] = None
    broker_url: Annotated[str | None, Field(repr=False)] = None
    workers: PositiveInt = 1
    settle_seconds: Annotated[float, Field(ge=0)] = 2.0
    scan_seconds: PositiveFloat = 5.0
    lease_seconds: PositiveFloat = 60.0
    heartbeat_seconds: PositiveFloat = 10.0
    field_seconds: Annotated[float, Field(ge=0)] = 300.0
    max_attempts: PositiveInt = 3
    resend_seconds: PositiveFloat = 300.0
    chunk_files: PositiveInt = 16
    urgent: str = "priority/*,*/priority/*"
    channel: Channel = AUTO
    z: ZStacks | None = None
    diameter: Diameter | None = None
    smallest: Smallest | None = None
    ring_gap: Length | None = None
    ring_width: Length | None = None
    neighbor_distance: Length | None = None
    measure: Requested = ""
    rules: Path | None = None
    plates: Plates = "auto"
    ignore: str = ""
    max_pixels: PositiveInt | None = None
    soft_time_limit: PositiveInt = 1800
    time_limit: PositiveInt = 1860
    weights: Path | None = None
    overlay_dir: Path | None = None
    outside_links: bool = False
    log_level: LogLevel = "INFO"
    log_format: LogFormat = "text"
    metrics_port: Port | None = None
    worker_metrics_port: Port | None = None
    metrics_address: str = "127.0.0.1"
    watch: Literal["auto", "poll"] = "auto"
    overviews: bool = True
    web_address: str = "127.0.0.1"
    web_port: Port = 8600
    web_token: Annotated[str | None, Field(repr=False)] = None
    web_proxies: str = ""
    web_hosts: str = ""

    @field_validator("database_url")
    @classmethod
    def _with_database_password(cls, url: str, given: ValidationInfo) -> str:
        return _with_password(url, given.data["database_password"])

    @field_validator("broker_url")
    @classmethod
    def _with_broker_password(cls, url: str | None, given: ValidationInfo) -> str | None:
        if url and url.startswith("sentinel"):
            raise ValueError(
                "Redis Sentinel is not spoken. Name the primary itself, by an address that follows it in a failover "
                "(a proxy, a service's name): redis://host:6379/0. Through the failover, nuqleus waits."
            )
        return url and _with_password(url, given.data["broker_password"])

    @field_validator("rules")
    @classmethod
    def _rules_make_sense(cls, rules: Path | None) -> Path | None:
        if rules is not None:
            load_rules(rules)
        return rules

    @model_validator(mode="after")
    def _times_fit_together(self) -> Self:
        if 2 * self.heartbeat_seconds > self.lease_seconds:
            raise ValueError(
                "lease_seconds must be at least twice heartbeat_seconds, or a late heartbeat loses files"
            )
        if self.soft_time_limit >= self.time_limit:
            raise ValueError("time_limit must be larger than soft_time_limit: it is the harder of the two")
        return self

    @property
    def busy_seconds(self) -> float:
        """How long to wait for another writer of an embedded database.

        A quarter of a lease: whoever waited in vain has time to renew the lease once more.
        """
        return self.lease_seconds / 4

    def image_rules(self) -> Rules:
        """Load the rules, with the settings for what they leave open."""
        return Rules(load_rules(self.rules) if self.rules else (), self.image_options, self.z or "max")

    @property
    def image_options(self) -> ImageOptions:
        """How images are looked at of which no rule says otherwise."""
        return ImageOptions(
            self.channel,
            self.z or "planes",
            diameter=self.diameter,
            smallest=self.smallest,
            ring_gap=self.ring_gap,
            ring_width=self.ring_width,
            neighbor_distance=self.neighbor_distance,
            measure=self.measure,
        )


def as_environment(values: Mapping[str, Any]) -> dict[str, str]:
    """Environment variables in which another process finds these settings; None stands for "not given"."""
    return {
        f"{ENVIRONMENT_PREFIX}{name.upper()}": str(value)
        for name, value in values.items()
        if value is not None
    }


def get_settings(**given: Any) -> Settings:
    """Settings from the command line's options, else the environment, else secret files, else the defaults.

    Args:
        given: options by the names above; None stands for "not given".

    Raises:
        SettingsError: with one line for each value that makes no sense or misspelt variable, or a secret that can't be
            read.
    """
    _refuse_misspelt(os.environ)
    options = {name: value for name, value in given.items() if value is not None}
    if SECRETS.is_dir():
        options["_secrets_dir"] = SECRETS
    try:
        return Settings(**options)
    except SourceError as error:
        raise SettingsError(
            f"A secret in {SECRETS} can't be read; the user that runs nuqleus must be allowed to: {error.__cause__}"
        ) from error
    except ValidationError as error:
        raise SettingsError("\n".join(map(_explain, error.errors(include_url=False)))) from None


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    """Refuse variables that nearly have a setting's name; others may be there.

    Raises:
        SettingsError: names them, and the settings that were probably meant.
    """
    known = [f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in Settings.model_fields]
    ours = {name.upper() for name, value in environment.items() if not value.startswith(_OF_KUBERNETES)}
    unknown = {name for name in ours if name.startswith(ENVIRONMENT_PREFIX)} - {*known}
    meant = {name: get_close_matches(name, known, 1, _NEARLY) for name in sorted(unknown)}
    lines = [f"There is no {name}: did you mean {close[0]}?" for name, close in meant.items() if close]
    if lines:
        raise SettingsError("\n".join(lines))


def _explain(problem: Any) -> str:
    """One line that names the variable; what was given is not repeated, since it may hold a password."""
    name = "_".join(map(str, problem["loc"]))
    message = problem["msg"].removeprefix("Value error, ")
    return f"{ENVIRONMENT_PREFIX}{name.upper()} (or its option): {message}" if name else message
