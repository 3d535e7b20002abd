"""Options come from the command line, else the environment, else the defaults."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from nuqleus.errors import SettingsError
from nuqleus.settings import Settings, get_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"NUQLEUS_{name.upper()}", raising=False)


def test_the_embedded_database_lies_in_the_state_folder():
    assert get_settings().database_url == "sqlite:///state/nuqleus.db"
    assert get_settings(state_dir=Path("/var/nuqleus")).database_url == "sqlite:////var/nuqleus/nuqleus.db"


def test_an_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NUQLEUS_INPUT_DIR", "from the environment")
    monkeypatch.setenv("NUQLEUS_WORKERS", "3")

    settings = get_settings(input_dir=Path("given"), workers=None)

    assert settings.input_dir == Path("given")
    assert settings.workers == 3


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NUQLEUS_BROKER_URL", "")
    monkeypatch.setenv("NUQLEUS_DATABASE_URL", "")

    assert get_settings().broker_url is None
    assert get_settings().database_url == "sqlite:///state/nuqleus.db"


def test_settings_can_t_be_changed():
    with pytest.raises(ValidationError):
        get_settings().workers = 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"workers": "many"}, "NUQLEUS_WORKERS"),
        ({"workers": 0}, "greater than 0"),
        ({"watch": "sometimes"}, "'auto' or 'poll'"),
        ({"lease_seconds": 15.0}, "at least twice heartbeat_seconds"),
        ({"soft_time_limit": 2000}, "time_limit must be larger"),
        ({"colour": "blue"}, "NUQLEUS_COLOUR"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(given, message: str):
    with pytest.raises(SettingsError, match=message):
        get_settings(**given)


def test_passwords_are_in_no_repr_and_no_error():
    url = "postgresql://me:secret@host/db"

    assert "secret" not in repr(get_settings(database_url=url, broker_url="redis://:secret@host"))
    with pytest.raises(SettingsError) as error:
        get_settings(database_url=[url])
    assert "secret" not in str(error.value)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("nuqleus.settings.SECRETS", tmp_path)
    return tmp_path


SERVER = "postgresql+psycopg://nuqleus@postgres/nuqleus"


def test_a_secret_file_gives_the_database_s_password(secrets: Path):
    (secrets / "nuqleus_database_password").write_text("p@ss/word\n")

    url = get_settings(database_url=SERVER).database_url

    assert make_url(url) == make_url(SERVER).set(password="p@ss/word")


def test_the_environment_wins_over_a_secret_file(secrets: Path, monkeypatch: pytest.MonkeyPatch):
    (secrets / "nuqleus_database_password").write_text("in the file")
    monkeypatch.setenv("NUQLEUS_DATABASE_PASSWORD", "given")

    assert make_url(get_settings(database_url=SERVER).database_url).password == "given"


def test_every_setting_can_be_a_secret_file(secrets: Path):
    (secrets / "nuqleus_broker_url").write_text("redis://:secret@redis/0")
    assert get_settings().broker_url == "redis://:secret@redis/0"


@pytest.mark.parametrize(
    "url", ["sqlite:///state/nuqleus.db", "postgresql://me:mine@host/db", "postgresql://host/db", "not a URL"]
)
def test_a_url_without_a_user_or_with_a_password_stays_as_it_is(url: str):
    assert get_settings(database_url=url, database_password="secret").database_url == url


def test_the_broker_s_password_comes_the_same_way(secrets: Path):
    (secrets / "nuqleus_broker_password").write_text("p@ss/word\n")

    assert get_settings(broker_url="redis://default@r/0").broker_url == "redis://default:p%40ss%2Fword@r/0"
    assert get_settings(broker_url="redis://r/0").broker_url == "redis://r/0"
    assert get_settings().broker_url is None


def test_passwords_of_their_own_are_in_no_repr():
    settings = get_settings(
        database_url=SERVER,
        broker_url="redis://default@r",
        database_password="secret",
        broker_password="secret",
    )
    assert "secret" not in repr(settings)


def test_without_a_folder_of_secrets_there_are_none(secrets: Path):
    secrets.rmdir()
    assert get_settings().database_password is None


def test_a_secret_that_can_t_be_read_is_named(secrets: Path, monkeypatch: pytest.MonkeyPatch):
    secret = secrets / "nuqleus_database_password"
    secret.write_text("secret")

    def refuse(path: Path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refuse)  # root may read whatever the mode says
    with pytest.raises(
        SettingsError, match=f"secret in {secrets} can't be read.+Permission denied: '{secret}'"
    ):
        get_settings()


@pytest.mark.parametrize("url", ["sentinel://h:26379", "sentinel://a:1;sentinel://b:1"])
def test_sentinel_is_refused_with_what_to_do(url: str):
    with pytest.raises(SettingsError, match=r"NUQLEUS_BROKER_URL .*redis://host:6379/0"):
        get_settings(broker_url=url)


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("NUQLEUS_CHANEL", "NUQLEUS_CHANNEL"),
        ("NUQLEUS_DIAMTER", "NUQLEUS_DIAMETER"),
        ("nuqleus_neighbour_distance", "NUQLEUS_NEIGHBOR_DISTANCE"),
        ("NUQLEUS_RULE", "NUQLEUS_RULES"),
        ("NUQLEUS_INPUT", "NUQLEUS_INPUT_DIR"),
    ],
)
def test_a_misspelt_variable_is_refused(misspelt: str, meant: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(misspelt, "5")
    with pytest.raises(SettingsError, match=f"There is no {misspelt.upper()}: did you mean {meant}?"):
        get_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("NUQLEUS_SERVICE_HOST", "10.0.0.1"),
            ("NUQLEUS_PORT", "tcp://10.0.0.1:8600"),
            ("NUQLEUS_HOME", "/srv"),
        ),
        *(("NUQLEUS_PORT_8600_TCP_PORT", "8600"), ("NUQLEUS_WEB_SERVICE_PORT", "8600")),
        *(("NUQLEUS_DB_PORT", "tcp://10.0.0.1:5432"), ("NUQLEUS_DB_PORT_5432_TCP_PROTO", "tcp")),
    ],
)
def test_variables_that_are_no_settings_may_be_there(name: str, value: str, monkeypatch: pytest.MonkeyPatch):
    """Kubernetes gives every container variables that are called after its services."""
    monkeypatch.setenv(name, value)
    assert get_settings() == Settings()
