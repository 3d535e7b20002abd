"""Who gets in: attacks on the page, and what they get."""

import pytest

from nuqleus.errors import SettingsError
from nuqleus.settings import Settings
from tests.unit.web.conftest import TOKEN
from web.access import access_rules
from web.guard import COOKIE, MAX_BODY
from web.login_limit import IN_ALL, PER_CLIENT, WINDOW_SECONDS, LoginLimit

OUTSIDE = {"web_address": "0.0.0.0", "web_token": TOKEN}
MACHINE = "http://10.0.0.5:8600"


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def log_in(page, token: str = TOKEN, **form: str):
    return page.post("/login", data={"token": token, **form})


def test_on_this_machine_nobody_needs_to_log_in(visit):
    assert visit().get("/").status_code == 200


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.0.0.5", "example.org"])
def test_another_address_without_a_token_is_refused_in_a_sentence(address):
    with pytest.raises(SettingsError, match=r"open to everybody .* NUQLEUS_WEB_TOKEN"):
        access_rules(Settings(web_address=address))


def test_a_token_that_can_be_guessed_is_refused():
    with pytest.raises(SettingsError, match="at least 16 characters"):
        access_rules(Settings(web_token="short"))


def test_proxies_that_are_no_addresses_are_refused():
    with pytest.raises(SettingsError, match="NUQLEUS_WEB_PROXIES lists addresses"):
        access_rules(Settings(web_proxies="the proxy"))


def test_a_page_without_a_token_is_sent_to_the_form_and_a_program_is_told(visit):
    page = visit(**OUTSIDE, base=MACHINE)
    answer = page.get("/files?state=failed")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Ffiles%3Fstate%3Dfailed")
    assert page.get("/api/status").status_code == 401
    assert page.post("/files/retry").status_code == 401


@pytest.mark.parametrize(
    "path", ["/overview", "/images/1", "/images/1/overview.jpg", "/plots/part", "/nowhere"]
)
def test_every_page_asks_for_the_token(visit, path):
    assert visit(**OUTSIDE, base=MACHINE).get(path).status_code == 303


def test_the_form_gives_a_cookie_that_scripts_and_other_sites_never_get(visit):
    page = visit(**OUTSIDE, base=MACHINE)
    answer = log_in(page, next="/files")
    assert (answer.status_code, answer.headers["location"]) == (303, "/files")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert TOKEN not in cookie
    assert page.get("/").status_code == 200


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb: c"]
)
def test_a_login_leads_nowhere_else(visit, onward):
    assert log_in(visit(**OUTSIDE, base=MACHINE), next=onward).headers["location"] == "/"


def test_a_cookie_ends_with_its_time_and_with_the_token(visit, clock):
    page = visit(**OUTSIDE, base=MACHINE)
    log_in(page)
    session = page.cookies[COOKIE]
    other = visit(web_address="0.0.0.0", web_token="another token, as long", base=MACHINE)
    other.cookies.set(COOKIE, session)
    assert other.get("/").status_code == 303
    clock.advance(31 * 24 * 3600)
    page.cookies.set(COOKIE, session)
    assert page.get("/").status_code == 303


@pytest.mark.parametrize("value", ["", "x", "99999999999.", "99999999999.00", "९९९.x", "1.2.3", "é" * 5])
def test_a_made_up_cookie_opens_nothing(visit, value):
    page = visit(**OUTSIDE, base=MACHINE)
    assert page.get("/", headers={"cookie": f"{COOKIE}={value}".encode()}).status_code == 303


def test_logging_out_takes_the_cookie_back(visit):
    page = visit(**OUTSIDE, base=MACHINE)
    log_in(page)
    assert page.get("/logout").status_code == 405
    assert page.get("/").status_code == 200
    page.post("/logout")
    assert page.get("/").status_code == 303


def test_a_program_sends_the_token_in_a_header(visit):
    page = visit(**OUTSIDE, base=MACHINE)
    assert page.get("/", headers=bearer()).status_code == 200
    assert page.get("/", headers=bearer("wrong")).status_code == 303


def test_a_token_in_the_url_counts_for_nothing_and_is_in_no_log(visit, caplog):
    page = visit(**OUTSIDE, base=MACHINE)
    assert page.get(f"/?token={TOKEN}").status_code == 303
    log_in(page, "a wrong token")
    log_in(page)
    page.get("/", headers=bearer())
    assert TOKEN not in caplog.text
    assert "a wrong token" not in caplog.text


@pytest.mark.parametrize("guess", [log_in, lambda page, token: page.get("/", headers=bearer(token))])
def test_who_guesses_has_to_wait(visit, clock, guess):
    page = visit(**OUTSIDE, base=MACHINE)
    for _ in range(PER_CLIENT):
        assert guess(page, "wrong").status_code in (303, 403)
    assert log_in(page).status_code == 429
    assert page.get("/", headers=bearer()).status_code == 429
    clock.advance(WINDOW_SECONDS)
    assert log_in(page).status_code == 303


def test_many_who_guess_together_have_to_wait_together(clock):
    limit = LoginLimit(clock)
    for number in range(IN_ALL):
        assert limit.wait_seconds("10.9.9.9") == 0
        limit.note_failure(f"10.0.0.{number}")
    assert limit.wait_seconds("10.9.9.9") == WINDOW_SECONDS


def test_a_proxy_says_who_somebody_is_and_nobody_else_does(visit):
    rules = {"web_address": "0.0.0.0", "web_proxies": "10.1.0.0/16", "base": MACHINE}
    user = {"remote-user": "somebody"}
    assert visit(**rules, client=("10.1.2.3", 1)).get("/", headers=user).status_code == 200
    assert visit(**rules, client=("10.1.2.3", 1)).get("/").status_code == 403
    assert visit(**rules, client=("10.2.2.3", 1)).get("/", headers=user).status_code == 403
    assert visit(client=("127.0.0.1", 1)).get("/", headers=user).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.5", "", "@", "a b"]
)
def test_a_name_that_is_not_this_machine_s_is_refused(visit, host):
    assert visit().get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8600", "[::1]:8600", "LOCALHOST:8600"])
def test_names_of_this_machine_are_known(visit, host):
    assert visit().get("/", headers={"host": host}).status_code == 200


def test_a_machine_on_the_network_is_known_by_its_address_and_by_names_that_are_set(visit):
    page = visit(**OUTSIDE, web_hosts="scope.lab.example", base=MACHINE)
    for host, status in [("10.0.0.5:8600", 200), ("scope.lab.example", 200), ("evil.example", 421)]:
        assert page.get("/", headers={"host": host, **bearer()}).status_code == status


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9999", "file://"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_of_another_page_is_refused(visit, origin, method):
    assert visit().request(method, "/", headers={"origin": origin}).status_code == 403


def test_a_browser_that_names_no_origin_says_that_it_comes_from_elsewhere(visit):
    assert visit().post("/logout", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert visit().post("/logout", headers={"origin": "http://localhost:8600"}).status_code == 303


def test_every_answer_forbids_scripts_that_are_not_ours(visit):
    page = visit()
    for path in ("/", "/nowhere", "/static/page.css", "/static/../app.py"):
        policy = page.get(path).headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


def test_a_large_body_is_refused(visit):
    page = visit(**OUTSIDE, base=MACHINE)
    assert page.post("/login", content=b"x" * (MAX_BODY + 1)).status_code == 413


def test_a_large_body_that_doesn_t_say_how_long_it_is_is_refused(visit):
    page = visit(**OUTSIDE, base=MACHINE)
    assert page.post("/login", content=(b"x" * 1024 for _ in range(65))).status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/static/%00",
    ],
)
def test_no_path_climbs_out_of_what_is_served(visit, path):
    assert visit().get(path).status_code in (400, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_pages_only_answer_what_they_are_for(visit, method):
    assert visit().request(method, "/").status_code == 405
