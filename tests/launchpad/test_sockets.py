"""Connecting: names, proxies and TLS end in time, and what never left is told so."""

from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

import pytest

from ppa_assigner.launchpad.http import NoResponseError, NotSentError, Timeouts, UnusableProxyError, proxy_for
from ppa_assigner.launchpad.sockets import Resolver
from tests.certificate import certified
from tests.impatient import HEAD, SLACK_S, get, no_proxies, seconds, transport, trickled
from tests.rawserver import Peer, RawServer, Request


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    no_proxies(monkeypatch)


def test_nothing_listens() -> None:
    """A refused connection: nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        root = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    client = transport(root)
    with pytest.raises(NotSentError, match="refused"):
        client.request("PATCH", root, {}, b"{}")
    client.close()


def test_a_name_that_does_not_exist() -> None:
    """An unknown host: nothing was sent."""
    root = "http://no-such-host.invalid/"
    client = transport(root, Timeouts(10, 10, 20))
    with pytest.raises(NotSentError):
        client.request("PATCH", root, {}, b"{}")
    client.close()


def test_a_resolver_that_hangs_is_asked_once_and_not_waited_for() -> None:
    """getaddrinfo has no time-out of its own; many who wait for one name need one thread."""
    over = threading.Event()
    asked: list[str] = []

    def hanging(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        over.wait(30)
        return ["address"]

    names = Resolver(hanging)
    for _ in range(3):
        assert seconds(lambda: names.addresses("slow", 80, 0.05), TimeoutError) < 0.05 + SLACK_S
    assert asked == ["slow"]
    over.set()
    assert names.addresses("slow", 80, 10) == ["address"]


def test_a_connection_that_nobody_takes_ends_in_time() -> None:
    """With a full backlog the handshake stays unanswered: nothing was sent, within the connect time-out."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        root = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        client = transport(root, Timeouts(connect=0.3, read=30, total=60))
        assert seconds(lambda: get(client, root), NotSentError) < 0.3 + SLACK_S
        client.close()
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY"])
def test_a_proxy_of_the_environment_is_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request goes to the proxy, with the whole address and the proxy's own credentials."""
    with RawServer(lambda request, peer: peer.answer(body="proxied")) as proxy:
        monkeypatch.setenv(name, proxy.root.replace("//", "//ann:s%40y@"))
        client = transport("http://launchpad.invalid/")
        assert get(client, "http://launchpad.invalid/x") == b"proxied"
        assert proxy.requests[0].target == "http://launchpad.invalid/x"
        assert proxy.requests[0].headers["proxy-authorization"] == "Basic YW5uOnNAeQ=="
        client.close()


def test_no_proxy_where_the_environment_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """`no_proxy` leads past the proxy."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    monkeypatch.setenv("no_proxy", "launchpad.internal, .example")
    for host in ("launchpad.internal", "api.example"):
        assert proxy_for(f"http://{host}/devel/") is None
    assert proxy_for("http://launchpad.invalid/") == "http://127.0.0.1:1/"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "api.localhost", "[::1]"])
def test_this_host_is_never_asked_by_a_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a proxy that name is the proxy's own host."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    assert proxy_for(f"http://{host}:8080/devel/") is None
    with RawServer(lambda request, peer: peer.answer(body="direct")) as server:
        client = transport(server.root)
        assert get(client, server.root) == b"direct"
        client.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_a_proxy_refuses_is_told_with_its_name(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And without its password: as not sent, for it never came to Launchpad."""
    with RawServer(lambda request, peer: peer.answer(407)) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", proxy.root.replace("//", "//ann:s%40y@"))
        client = transport(f"{scheme}://launchpad.invalid/")
        with pytest.raises(NotSentError, match=f"GET /x by the proxy {proxy.root}: .*407") as caught:
            get(client, f"{scheme}://launchpad.invalid/x")
        assert "s%40y" not in str(caught.value)
        assert "s@y" not in str(caught.value)
        client.close()
    client = transport(f"{scheme}://launchpad.invalid/")
    with pytest.raises(NotSentError, match=f"by the proxy {proxy.root}: no connection to 127.0.0.1.*refused"):
        get(client, f"{scheme}://launchpad.invalid/x")
    client.close()


def test_a_name_is_looked_up_anew_each_time() -> None:
    """A name server that fails is asked again for the next connection, and what it once said is not kept."""
    answers: list[object] = [["first"], socket.gaierror(-3, "try again"), ["second"]]

    def resolver(*_: object, **__: object) -> list[object]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, list)
        return answer

    names = Resolver(resolver)
    assert names.addresses("launchpad.invalid", 443, 10) == ["first"]
    with pytest.raises(socket.gaierror):
        names.addresses("launchpad.invalid", 443, 10)
    assert names.addresses("launchpad.invalid", 443, 10) == ["second"]


def test_a_proxy_that_refuses_the_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was said to the proxy was not the request: nothing was sent."""
    with RawServer(lambda request, peer: peer.answer(407)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.root.removeprefix("http://"))
        client = transport("https://launchpad.invalid/")
        with pytest.raises(NotSentError):
            client.request("PATCH", "https://launchpad.invalid/", {}, b"{}")
        assert [request.method for request in proxy.requests] == ["CONNECT"]
        client.close()


def test_a_proxy_of_an_unknown_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said in one sentence."""
    monkeypatch.setenv("http_proxy", "gopher://127.0.0.1:1")
    with pytest.raises(ValueError, match="gopher:// is not supported"):
        transport("http://launchpad.invalid/")


@pytest.mark.parametrize(
    "proxy", ["http://me:s3cret@[", "http://me:s3cret@h:99999", "http://h:0", "http://", "me@", "http://h h:1"]
)
def test_a_proxy_that_is_no_address(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, and no password."""
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(UnusableProxyError, match=r"^http_proxy in the environment is not an address") as caught:
        transport("http://launchpad.invalid/")
    assert "s3cret" not in str(caught.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1, signed by itself."""
    return certified(tmp_path_factory.mktemp("tls"), "127.0.0.1").both


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_the_system_does_not_trust(certificate: Path) -> None:
    """It is refused, and nothing was sent."""
    with RawServer(lambda request, peer: peer.answer(), tls(certificate)) as server:
        client = transport(server.root, Timeouts(5, 5, 10))
        with pytest.raises(NotSentError, match="certificate verify failed"):
            client.request("PATCH", server.root, {}, b"{}")
        assert server.requests == []
        client.close()


def test_deadlines_hold_over_tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trusted server is talked to; when it trickles, the total deadline holds as without TLS."""

    def script(request: Request, peer: Peer) -> None:
        return trickled(HEAD * 99)(request, peer) if request.target == "/slow" else peer.answer(body="so")

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with RawServer(script, tls(certificate)) as server:
        client = transport(server.root, Timeouts(5, 5, 4))
        assert get(client, server.root) == b"so"
        assert get(client, server.root) == b"so"
        assert server.connections == 1
        assert seconds(lambda: get(client, f"{server.root}slow"), NoResponseError) < 4 + SLACK_S
        client.close()


def test_a_tls_handshake_that_hangs_ends_in_time() -> None:
    """A listener that never says hello: nothing was sent, within the connect time-out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        root = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        client = transport(root, Timeouts(connect=0.3, read=30, total=60))
        assert seconds(lambda: get(client, root), NotSentError) < 0.3 + SLACK_S
        client.close()
