"""The recipe for nginx, in a real nginx before a real daemon."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from .. import needs
from ..certificate import certified
from ..ports import free_port
from ..processes import configure, running
from ..waiting import until
from .site import PATIENCE_S, PPAS, RECIPES, TOKEN, Site

pytestmark = pytest.mark.xdist_group("recipes")


@dataclass
class Proxy:
    """nginx with the recipe, twice: before the daemon, and before one without clients."""

    url: str
    open_url: str
    certificate: Path

    def client(self, token: str | None = TOKEN) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(self.certificate))
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, verify=context, headers=headers, timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def proxy(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    program = needs.program("nginx", "nginx")
    folder = tmp_path_factory.mktemp("nginx")
    certified(folder, "localhost", "cert")
    port, open_port = free_port(), free_port()
    recipe = (RECIPES / "nginx.conf").read_text()
    servers = server(recipe, "ppas", folder, port, f"unix:{site.daemon.address}")
    servers += server(recipe, "open", folder, open_port, f"127.0.0.1:{site.open_port}")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    main = f"{user}pid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n"
    (folder / "nginx.conf").write_text(f"{main}{temporary}{servers}}}\n")
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with process([*command, "-g", "daemon off;"]) as nginx:
        made = Proxy(f"https://localhost:{port}", f"https://localhost:{open_port}", folder / "cert.pem")
        until(lambda: answers(made) or nginx.poll() is not None, "nginx", PATIENCE_S, every=0.05)
        assert nginx.poll() is None, (folder / "error.log").read_text()
        yield made


def server(recipe: str, name: str, folder: Path, port: int, upstream: str) -> str:
    """The recipe with the places of this host, and nothing else changed."""
    here = {
        "upstream ppa-assigner": f"upstream {name}",
        "proxy_pass http://ppa-assigner": f"proxy_pass http://{name}",
        "server 127.0.0.1:8020": f"server {upstream}",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/certs/ppas.example.com.pem": f"{folder}/cert.pem",
        "/etc/ssl/private/ppas.example.com.key": f"{folder}/cert.key",
    }
    for said, place in here.items():
        assert recipe.count(said) == 1
        recipe = recipe.replace(said, place)
    return recipe


@contextmanager
def process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Ended at the end of the block, in order if it can be."""
    with subprocess.Popen(command) as running_:
        try:
            yield running_
        finally:
            running_.terminate()
            try:
                running_.wait(20)
            except subprocess.TimeoutExpired:
                running_.kill()


def answers(proxy: Proxy) -> bool:
    with proxy.client() as client:
        try:
            return client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False


def test_clients_come_through_the_proxy(site: Site, proxy: Proxy, tmp_path: Path) -> None:
    """The command line over HTTPS; without a token nobody."""
    variables = {"PPA_ASSIGNER_URL": proxy.url, "SSL_CERT_FILE": str(proxy.certificate)}
    done = site.sh("ppa-assigner exec --owner proxied --wait 30s -- sh -c 'echo \"$PPA\"'", tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    (ppa,) = site.had("proxied")
    assert done.stdout.strip().removeprefix("ppa:") == ppa.removeprefix("~")
    with proxy.client(token=None) as client:
        assert client.get("/v1/ppas").status_code == 401
        assert client.get("/").status_code == 200


def test_events_come_through_at_once(site: Site, proxy: Proxy) -> None:
    """While the stream is open: none waits for a buffer to be full."""
    with proxy.client() as client, client.stream("GET", "/v1/events") as stream:
        lines = stream.iter_lines()
        lease = site.daemon.assign(owner="streamed", wait=30).json()
        assert any(lease["id"] in line for line in lines)
        assert site.daemon.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
        assert any(lease["id"] in line and '"dirty"' in line for line in lines)


def test_who_hangs_up_at_the_proxy_loses_the_place(site: Site, proxy: Proxy) -> None:
    """The proxy hangs up at the daemon too.  Its patience is longer than any wait."""
    held = [site.daemon.assign(owner="crowd", wait=30).json()["id"] for _ in range(PPAS)]

    def waiting() -> int:
        pools: list[dict[str, Any]] = site.daemon.http.get("/v1/pools").json()["items"]
        return int(pools[0]["waiting"])

    with proxy.client() as client, pytest.raises(httpx.ReadTimeout):
        client.post("/v1/leases", json={"owner": "impatient", "wait": 3600}, timeout=httpx.Timeout(20, read=1))
    until(lambda: waiting() == 0, "an empty line", PATIENCE_S)
    for lease in held:
        site.daemon.http.delete(f"/v1/leases/{lease}")
    assert site.had("impatient") == []
    patience = re.search(r"proxy_read_timeout (\d+)s;", (RECIPES / "nginx.conf").read_text())
    assert patience is not None
    assert int(patience[1]) > 3600 + 60


def test_the_proxy_is_no_way_around_the_names_of_this_host(site: Site, proxy: Proxy, tmp_path: Path) -> None:
    """A daemon without clients, at the address where it listens by itself, refuses what comes for the proxy's name."""
    daemon = configure(tmp_path, site.launchpad, name="open")
    document = json.loads(daemon.config.read_text())
    document["api"]["listen"] = f"127.0.0.1:{site.open_port}"
    daemon.config.write_text(json.dumps(document))

    def status(host: str) -> int:
        with proxy.client(token=None) as client:
            return client.get(f"{proxy.open_url}/v1/ppas", headers={"Host": host}).status_code

    with running(daemon):
        daemon.launch()
        until(lambda: status("localhost") == 200, "the daemon", PATIENCE_S, every=0.05)
        assert status("ppas.example.com") == 403
