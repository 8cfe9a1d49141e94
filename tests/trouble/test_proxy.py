"""Launchpad behind a proxy: by absolute addresses and by CONNECT; a proxy that is down or wants another password."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..certificate import certified
from ..processes import Launchpad, start_launchpad
from .proxy import NAME, Proxy, serving
from .site import SLACK, TOTAL, Site, eventually, site, together

SECRET = "s@cret"  # in a URL its @ must be written %40
GOOD, BAD = f"ann:{SECRET}", "ann:changed"


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in."""
    launchpad = start_launchpad("--owner", "ci-pool")
    yield launchpad
    launchpad.stop()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for the name, signed by itself."""
    return certified(tmp_path, NAME).both


def is_away(one: Site, said: str) -> None:
    """Told so everywhere, in one line that names the proxy and not its password; assigns are not none-free."""
    eventually(lambda: set(one.conditions()) == {"unreachable"}, "unreachable")
    told = one.assign("now")
    assert (told.kind, told.seconds < TOTAL + SLACK) == ("launchpad-unavailable", True), told
    eventually(lambda: said in one.daemon.log, said)
    everything = one.daemon.log + one.daemon.http.get("/v1/ppas").text + one.daemon.http.get("/readyz").text
    assert said in one.daemon.http.get("/v1/ppas").text
    assert SECRET not in everything
    assert "s%40cret" not in everything


def is_there(one: Site, name: str) -> None:
    """By itself, soon."""
    told = one.assign(name, wait=30)
    assert told.status == 201, told
    assert one.ask("DELETE", f"/v1/leases/{told.document['id']}").status == 200


def goes_through(one: Site, proxy: Proxy) -> None:
    """Everything goes by the proxy, also after it wanted another password, and after it was down."""
    with serving(proxy):
        one.start()
        is_there(one, "first")
        assert proxy.seen
        whole = f"{NAME}:443" if proxy.context else proxy.front
        assert all(seen.split()[1].startswith(whole) for seen in proxy.seen), proxy.seen
        proxy.user = BAD
        proxy.hang_up()  # a tunnel that stands is not refused
        is_away(one, f"by the proxy {proxy.root}: {'Tunnel connection failed: ' if proxy.context else ''}407")
        proxy.user = GOOD
        is_there(one, "second")
    port = proxy.server_address[1]
    is_away(one, f"by the proxy {proxy.root}: no connection to 127.0.0.1: [Errno 111] Connection refused")
    with serving(Proxy(proxy.upstream, GOOD, proxy.context, port)):
        is_there(one, "third")


def test_launchpad_behind_a_proxy(
    tmp_path: Path, launchpad: Launchpad, certificate: Path, record_property: Callable[[str, object], None]
) -> None:
    """Over HTTP and over TLS, and past a proxy that is named for what is on this host."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    plain, secure = Proxy(launchpad.service_root, GOOD), Proxy(launchpad.service_root, GOOD, context)
    with (
        site(tmp_path, launchpad, "plain", 3, root=f"{plain.front}/") as http,
        site(tmp_path, launchpad, "secure", 3, root=f"{secure.front}/") as https,
        site(tmp_path, launchpad, "beside", 1) as beside,
    ):
        user = GOOD.replace("@", "%40")
        http.daemon.variables["http_proxy"] = plain.root.replace("//", f"//{user}@")
        https.daemon.variables |= {"https_proxy": secure.root.replace("//", f"//{user}@")}
        https.daemon.variables |= {"SSL_CERT_FILE": str(certificate)}
        beside.daemon.variables |= {"http_proxy": "http://127.0.0.1:1/", "HTTP_PROXY": "http://127.0.0.1:1/"}
        together([lambda: goes_through(http, plain), lambda: goes_through(https, secure), beside.start])
        is_there(beside, "direct")
    record_property("troubles", 2)
