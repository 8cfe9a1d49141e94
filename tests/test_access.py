"""Who gets in and what gets out: rates, TLS, the permissions of sockets, and no secret in any log."""

from __future__ import annotations

import grp
import hashlib
import json
import os
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ppa_assigner.access import ClientConfig, Role
from ppa_assigner.api.app import create_app
from ppa_assigner.api.rate_limit import RateLimiter
from ppa_assigner.api.server import ListenError, Server
from ppa_assigner.config import RATE, Listen, Tls

from .api.fakes import FakeBackend, FakeUploads, serving, slug
from .api.test_server import over, running as running_server
from .certificate import certified
from .processes import Launchpad, configure, running, start_launchpad
from .waiting import until

TOKEN, OTHER = "t" * 64, "o" * 64


def client(name: str, token: str, role: Role = Role.OPERATOR) -> ClientConfig:
    """A configured client."""
    return ClientConfig(name, hashlib.sha256(token.encode()).hexdigest(), role)


def bearer(token: str) -> dict[str, str]:
    """As a header."""
    return {"Authorization": f"Bearer {token}"}


# -- rates ------------------------------------------------------------------------------------------------------------


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_a_long_line_are_within_the_rate() -> None:
    """200 assigns at once on top of 2,000 clients that ask once a minute, all with one token, for an hour."""
    clock = Clock()
    limiter = RateLimiter(RATE, clock)
    for _ in range(60):
        assert [limiter.take("ci") for _ in range(2_000 + 200)] == [0.0] * 2_200
        clock.now += 60


def test_a_runaway_client_is_held_back_alone() -> None:
    """It may come again when it is told; somebody else notices nothing."""
    clock = Clock()
    limiter = RateLimiter(10, clock)
    assert [limiter.take("wild") for _ in range(200)] == [0.0] * 200
    pause = limiter.take("wild")
    assert pause == pytest.approx(0.1)
    assert limiter.take("calm") == 0.0
    clock.now += pause
    assert limiter.take("wild") == 0.0
    assert limiter.take("wild") > 0
    clock.now += 3600
    assert [limiter.take("wild") for _ in range(201)].count(0.0) == 200


def test_too_many_requests_are_refused_with_a_time() -> None:
    """429 and Retry-After for that client; others, metrics and health are answered."""
    with serving(clients=[client("wild", TOKEN), client("calm", OTHER)], rate=1) as api:
        until(lambda: api.http.get("/v1/ppas", headers=bearer(TOKEN)).status_code == 429, "too many", 30)
        refused = api.http.get("/v1/ppas", headers=bearer(TOKEN))
        assert slug(refused) == "too-many-requests"
        assert int(refused.headers["Retry-After"]) == 1
        assert "wild" in refused.json()["detail"]
        for path in ("/metrics", "/healthz", "/readyz", "/"):
            assert [api.http.get(path, headers=bearer(TOKEN)).status_code for _ in range(30)] == [200] * 30
        assert api.http.get("/v1/ppas", headers=bearer(OTHER)).status_code == 200


# -- where it listens ---------------------------------------------------------------------------------------------


def test_a_unix_socket_has_the_mode_and_group_that_are_wanted(tmp_path: Path) -> None:
    """Before anybody can connect."""
    group = grp.getgrgid(os.getgroups()[-1] if os.getgroups() else os.getgid())
    path = tmp_path / "api.sock"
    server = Server(
        create_app(FakeBackend(), uploads=FakeUploads()), Listen(path=str(path), mode=0o600, group=group.gr_name)
    )
    with running_server(server), over(path) as http:
        status = path.stat()
        assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o600, group.gr_gid)
        assert http.get("/v1/ppas").status_code == 200


def test_a_group_that_does_not_exist_is_one_clear_line(tmp_path: Path) -> None:
    """And nothing is left behind."""
    path = tmp_path / "api.sock"
    server = Server(create_app(FakeBackend(), uploads=FakeUploads()), Listen(path=str(path), group="no-such-group"))
    with pytest.raises(ListenError, match="there is no group no-such-group"):
        server.bind()
    assert not path.exists()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tls, Tls]:
    """Two for this host, each signed by itself."""
    folder = tmp_path_factory.mktemp("certificates")
    made = [certified(folder, "127.0.0.1", name) for name in ("first", "second")]
    first, second = (Tls(each.certificate, each.key) for each in made)
    return first, second


def status_over_tls(url: str, trusted: Path) -> int:
    """Of a call on a connection of its own, if that certificate is shown."""
    context = ssl.create_default_context(cafile=str(trusted))
    with httpx.Client(base_url=url, verify=context, timeout=30) as http:
        return http.get("/v1/ppas", headers=bearer(TOKEN)).status_code


def test_an_address_speaks_tls_and_renews_its_certificate(certificates: tuple[Tls, Tls]) -> None:
    """Connections to come are shown the new one; files that are wrong change nothing."""
    first, second = certificates
    app = create_app(FakeBackend(), [client("ann", TOKEN)], uploads=FakeUploads())
    server = Server(app, Listen("127.0.0.1", 0), tls=first)
    with running_server(server):
        (url,) = server.addresses
        assert url.startswith("https://127.0.0.1:")
        assert status_over_tls(url, first.certificate) == 200
        server.renew(Tls(second.certificate, first.key))
        assert status_over_tls(url, first.certificate) == 200
        server.renew(second)
        assert status_over_tls(url, second.certificate) == 200
        with pytest.raises(httpx.ConnectError):
            status_over_tls(url, first.certificate)
        with pytest.raises(httpx.TransportError):
            httpx.get(url.replace("https", "http") + "/healthz", timeout=30)


def test_a_certificate_that_cannot_be_used_is_one_clear_line(certificates: tuple[Tls, Tls]) -> None:
    """With both names in it."""
    wrong = Tls(certificates[0].certificate, certificates[1].key)
    server = Server(create_app(FakeBackend(), uploads=FakeUploads()), Listen("127.0.0.1", 0), tls=wrong)
    with pytest.raises(ListenError, match=r"first\.pem and .*second\.key are not a certificate with its key"):
        server.bind()


# -- secrets ----------------------------------------------------------------------------------------------------------

PASSWORD = "proxy-password-5f1c"


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with one PPA."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "1")
    yield launchpad
    launchpad.stop()


def test_no_secret_is_logged_or_told(tmp_path: Path, launchpad: Launchpad) -> None:
    """Tokens, right and wrong, OAuth credentials, a proxy's password: whatever goes wrong with them."""
    clients = [{"name": "ann", "token_sha256": hashlib.sha256(TOKEN.encode()).hexdigest(), "role": "operator"}]
    served, proxied = configure(tmp_path, launchpad, "served"), configure(tmp_path, launchpad, "proxied")
    for daemon, service in ((served, launchpad.service_root), (proxied, "http://launchpad.invalid/")):
        document = json.loads(daemon.config.read_text())
        document["api"]["clients"], document["launchpad"]["service"] = clients, service
        daemon.config.write_text(json.dumps(document))
        proxy = f"http://user:{PASSWORD}@127.0.0.1:1"
        daemon.variables = {"http_proxy": proxy, "https_proxy": proxy, "PYTHONWARNINGS": "default"}
    with running(served, proxied):
        proxied.start(ready=False)
        served.start()
        tokens = (TOKEN, OTHER, OTHER[1:], f"{TOKEN} x")
        told = [served.http.get("/v1/ppas", headers=bearer(token)).text for token in tokens]
        told += [served.http.get(path, headers=bearer(TOKEN)).text for path in ("/metrics", "/openapi.json", "/")]
        told.append(served.http.post("/v1/leases", headers=bearer(TOKEN), content=b"{").text)
        for fault in (401, 500, 503):
            rule = launchpad.control.fault("status", status=fault, text="no")
            told.append(served.http.post("/v1/leases", headers=bearer(TOKEN), json={"owner": "x"}).text)
            launchpad.control.unfault(rule)
        until(lambda: "cannot log in" in proxied.log, "trouble with the proxy", 60, every=0.1)
        told.append(proxied.http.get("/readyz").text)
        assert "proxy" in proxied.log
        assert [daemon.terminate() for daemon in (served, proxied)] == [0, 0]
    for secret in secrets(tmp_path):
        for text in (served.log, proxied.log, *told):
            assert secret not in text, secret


def secrets(folder: Path) -> list[str]:
    """What must be found nowhere."""
    lines = (folder / "launchpad.credentials").read_text().splitlines()
    pairs = [
        line.split(" = ", 1) for line in lines if line.startswith(("access_", "consumer_secret")) and " = " in line
    ]
    found = [TOKEN, OTHER, hashlib.sha256(TOKEN.encode()).hexdigest(), PASSWORD, *(value for _, value in pairs)]
    assert len([secret for secret in found if secret.strip()]) >= 6
    return [secret for secret in found if secret.strip()]
