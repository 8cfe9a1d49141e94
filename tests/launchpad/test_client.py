"""Logging in: over our own transport, once, never waiting for a person; and what is kept on the disk."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ppa_assigner import port
from ppa_assigner.launchpad import (
    CredentialsError,
    InsecureEnvironment,
    LaunchpadClient,
    NotAuthorised,
    ServiceUnavailable,
    Timeouts,
    cache_directory,
    load_credentials,
    service_url,
)
from ppa_assigner.reference import Reference
from tests.rawserver import Peer, RawServer, Request

FOR_LONG = "max-age=3153600000"  # the server's date never moves
PPA = Reference("ci", "ubuntu", "one")
CREDENTIALS = "[1]\nconsumer_key = robot\nconsumer_secret = \naccess_token = key\naccess_secret = hidden\n"
WADL = """<?xml version="1.0"?>
<application xmlns="http://research.sun.com/wadl/2006/10">
 <resources base="{root}devel/"><resource path="" type="#service-root"/></resources>
 <resource_type id="service-root"><method id="service-root-get" name="GET"><response>
  <representation href="#service-root-json"/></response></method></resource_type>
 <representation id="service-root-json" mediaType="application/json">
  <param name="resource_type_link" style="plain" path="$['resource_type_link']"><link/></param></representation>
</application>"""


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "LP_DISABLE_SSL_CERTIFICATE_VALIDATION"):
        monkeypatch.delenv(name, raising=False)


def describes_itself(request: Request, peer: Peer) -> None:
    """A service with a root and nothing else."""
    root = f"http://{request.headers['host']}/"
    if "wadl" in request.headers["accept"]:
        body = gzip.compress(WADL.format(root=root).encode())
        kind = "application/vnd.sun.wadl+xml"
        peer.answer(body=body, Content_Type=kind, Content_Encoding="gzip", Cache_Control=FOR_LONG)
    elif request.target == "/devel/":
        peer.json({"resource_type_link": f"{root}devel/#service-root"}, Cache_Control=FOR_LONG)
    else:
        peer.answer(404)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "credentials"
    path.write_text(CREDENTIALS)
    return path


@pytest.fixture
def client(file: Path, tmp_path: Path) -> Iterator[Callable[..., LaunchpadClient]]:
    """Makes clients with one cache."""
    made: list[LaunchpadClient] = []

    def make(root: str, timeouts: Timeouts = Timeouts(2, 5, 10), cache: str = "cache") -> LaunchpadClient:  # noqa: B008 - frozen
        one = LaunchpadClient(
            credentials=load_credentials(file), service_root=root, timeouts=timeouts, cache_dir=tmp_path / cache
        )
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


Make = Callable[..., LaunchpadClient]


@pytest.mark.parametrize("slash", ["", "/"])
def test_login(client: Make, slash: str) -> None:
    """Description, root and a look whether we are taken: three signed requests, with the agent launchpadlib names."""
    with RawServer(describes_itself) as server:
        one = client(server.root.rstrip("/") + slash)
        one.connect()
        one.connect()
        assert [request.target for request in server.requests] == ["/devel/"] * 3
        for request in server.requests:
            assert 'oauth_token="key"' in request.headers["authorization"]
            assert request.headers["user-agent"].startswith("lazr.restfulclient")
        assert isinstance(one.read(PPA), port.Gone)
        assert server.requests[-1].target == "/devel/~ci/+archive/ubuntu/one"
        assert server.requests[-1].headers["user-agent"] == server.requests[0].headers["user-agent"]


def test_the_description_is_kept_on_the_disk(client: Make, tmp_path: Path) -> None:
    """A second start asks once; nothing but description and root is ever in the cache."""
    with RawServer(describes_itself) as server:
        client(server.root).connect()
        again = client(server.root)
        again.connect()
        assert len(server.requests) == 4
        again.read(PPA)
        again.read(PPA)
        assert len(server.requests) == 6
    assert len([path for path in (tmp_path / "cache").rglob("*") if path.is_file()]) == 2


def test_a_kept_description_does_not_hide_an_outage(client: Make) -> None:
    """With all that launchpadlib wants on the disk, Launchpad being down or refusing us is told all the same."""
    status = 200

    def script(request: Request, peer: Peer) -> None:
        if status == 200:
            return describes_itself(request, peer)
        return peer.answer(status, "Expired token (key).", Content_Type="text/plain")

    with RawServer(script) as server:
        client(server.root).connect()
        one = client(server.root)
        status = 503
        with pytest.raises(ServiceUnavailable, match="503"):
            one.connect()
        status = 401
        with pytest.raises(NotAuthorised, match="Expired token"):
            one.connect()
        status = 200
        one.connect()
        assert isinstance(one.read(PPA), port.Gone)


def test_before_login_nothing_is_sent(client: Make) -> None:
    """Every call answers Unavailable."""
    with RawServer(describes_itself) as server:
        answer = client(server.root).read(PPA)
        assert isinstance(answer, port.Unavailable)
        assert "not logged in" in answer.reason
        assert server.requests == []


@pytest.mark.parametrize("status", [302, 404, 500, 502, 503])
def test_a_login_that_fails_is_one_request(client: Make, status: int) -> None:
    """launchpadlib by itself would ask again (docs/explanation/launchpad.md#repeated-requests); the caller decides."""
    with RawServer(lambda request, peer: peer.answer(status, Location="/other")) as server:
        begun = time.monotonic()
        with pytest.raises(ServiceUnavailable):
            client(server.root).connect()
        assert len(server.requests) == 1
        assert time.monotonic() - begun < 5


def test_login_with_refused_credentials(client: Make) -> None:
    """401 is told as such, and nobody is asked for new ones."""
    with RawServer(lambda request, peer: peer.answer(401, "Unknown consumer (robot).")) as server:
        with pytest.raises(NotAuthorised, match="Unknown consumer"):
            client(server.root).connect()
        assert len(server.requests) == 1


def test_login_where_nothing_listens_or_answers(client: Make) -> None:
    """Told in time."""
    with RawServer(lambda request, peer: peer.hang()) as server:
        root = server.root
        with pytest.raises(ServiceUnavailable, match="timed out"):
            client(root, Timeouts(1, 0.2, 1)).connect()
    with pytest.raises(ServiceUnavailable, match="refused"):
        client(root).connect()


@pytest.mark.parametrize("nonsense", ["", "<html>sign in to the hotel", "<application/>"])
def test_a_description_that_is_none_is_not_kept(client: Make, nonsense: str) -> None:
    """Something between answered in Launchpad's place, with leave to cache; the next try asks again and works."""

    def script(request: Request, peer: Peer) -> None:
        if len(server.requests) == 1:
            return peer.answer(body=nonsense, Content_Type="text/html", Cache_Control=FOR_LONG)
        return describes_itself(request, peer)

    with RawServer(script) as server:
        one = client(server.root)
        with pytest.raises(ServiceUnavailable, match="cannot be read"):
            one.connect()
        one.connect()


def test_a_cache_that_cannot_be_written_costs_only_requests(client: Make, tmp_path: Path) -> None:
    """A file stands where the directory should be: login works."""
    (tmp_path / "taken").write_text("")
    with RawServer(describes_itself) as server:
        client(server.root, cache="taken").connect()


def test_no_connections_without_verification(client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable by which launchpadlib stops verifying certificates is refused."""
    monkeypatch.setenv("LP_DISABLE_SSL_CERTIFICATE_VALIDATION", "1")
    with pytest.raises(InsecureEnvironment, match="LP_DISABLE"):
        client("production")


@pytest.mark.parametrize(
    ("service", "url"),
    [
        ("production", "https://api.launchpad.net/"),
        ("staging", "https://api.staging.launchpad.net/"),
        ("qastaging", "https://api.qastaging.launchpad.net/"),
        ("http://127.0.0.1:8085", "http://127.0.0.1:8085/"),
        ("https://lp.example/api/", "https://lp.example/api/"),
    ],
)
def test_services(service: str, url: str) -> None:
    """Names of services, or addresses with or without a slash."""
    assert service_url(service) == url


@pytest.mark.parametrize(
    "service", ["", "edge", "lp.example", "ftp://lp.example/", "http://", "http://ann@lp.example/"]
)
def test_no_services(service: str) -> None:
    """Everything else is a mistake, said so."""
    with pytest.raises(ValueError, match="is neither"):
        service_url(service)


def test_a_root_with_the_version(client: Make) -> None:
    """The version is given apart."""
    with pytest.raises(ValueError, match="without the version"):
        client("https://api.launchpad.net/devel/")


def test_credentials(file: Path) -> None:
    """The file that launchpadlib writes."""
    credentials = load_credentials(file)
    assert (credentials.consumer.key, credentials.access_token.key) == ("robot", "key")
    assert credentials.access_token.secret == "hidden"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hidden",
        b"\xff\xfehidden",
        b"[2]\nconsumer_key = hidden\n",
        b"[1]\nconsumer_key = hidden\n",
        CREDENTIALS.replace("= key", "=").encode(),
        CREDENTIALS.replace("= key", "= key\n  more").encode(),
        CREDENTIALS.replace("hidden", "%(hidden").encode(),
        CREDENTIALS.replace("= key", "= sch\N{LATIN SMALL LETTER O WITH DIAERESIS}n").encode(),
    ],
)
def test_garbled_credentials(file: Path, text: bytes) -> None:
    """One line that names the file and gives nothing of it away."""
    file.write_bytes(text)
    with pytest.raises(CredentialsError) as told:
        load_credentials(file)
    message = str(told.value)
    assert message.startswith(f"{file}: ")
    assert "\n" not in message
    assert "hidden" not in message


def test_missing_credentials(tmp_path: Path) -> None:
    """Not there, or no file."""
    for path, why in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(CredentialsError, match=f"{path}: {why}"):
            load_credentials(path)


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd's directory, the desktop's, the home's; a temporary one when none can be had."""
    monkeypatch.setenv("CACHE_DIRECTORY", f"{tmp_path / 'systemd'}:{tmp_path / 'other'}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_directory() == tmp_path / "systemd"
    monkeypatch.delenv("CACHE_DIRECTORY")
    assert cache_directory() == tmp_path / "xdg" / "ppa-assigner"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory() == tmp_path / "home" / ".cache" / "ppa-assigner"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    found = cache_directory()
    assert found.is_dir()
    assert os.access(found, os.W_OK)
    found.rmdir()
