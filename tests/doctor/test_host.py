"""What `doctor` says of the host: the daemon that may run there, and systemd."""

from __future__ import annotations

import hashlib
import json
import ssl
from pathlib import Path

import pytest

from ppa_assigner.cli import main
from ppa_assigner.cli.doctor import host
from ppa_assigner.config import load

from ..certificate import certified
from ..fakedaemon import FakeDaemon, Reply, problem
from ..processes import Launchpad, configure, running, start_launchpad
from ..rawserver import RawServer
from .site import Site, Told

POOLED = [f"~ci-pool/ubuntu/pool-{number:03}" for number in range(1, 6)]
pytestmark = pytest.mark.xdist_group("doctor")


def test_a_daemon_that_is_not_ready(site: Site) -> None:
    """69, with what the daemon itself says is in the way."""
    with FakeDaemon() as daemon:
        daemon.on("GET", "/readyz", problem(503, "launchpad-unavailable", detail="no look yet"))
        site.api["listen"] = daemon.url.removeprefix("http://")
        told = site.doctor()
    assert told.code == 69
    told.expect("bad", "daemon", "not ready: no look yet")


def test_a_daemon_for_which_launchpad_is_away(site: Site) -> None:
    """69, though it is ready: nothing is lent meanwhile, and its own credentials may be others than these."""
    away = {"ok": False, "since": "2026-11-25T03:14:12Z", "why": "Launchpad refuses our credentials: Expired token"}
    with FakeDaemon() as daemon:
        daemon.on("GET", "/readyz", Reply(200, {"ready": True, "launchpad": away}))
        daemon.on("GET", "/v1/ppas", Reply(200, {"items": [{"ppa": ppa} for ppa in POOLED]}))
        site.api["listen"] = daemon.url.removeprefix("http://")
        told = site.doctor()
    assert told.code == 69
    told.expect("bad", "daemon", "Launchpad is away", "2026-11-25T03:14:12Z", "Expired token", "restart")


READY = {"ready": True}


@pytest.mark.parametrize(
    ("ppas", "grade", "words"),
    [
        (Reply(200, {"items": [{"ppa": "~else/ubuntu/x"}]}), "bad", ("is another's", "none of these", "api.listen")),
        (Reply(200, {"items": []}), "bad", ("is another's", "api.listen")),
        (problem(404, "not-found"), "bad", ("not a PPA assigner", "api.listen")),
        (Reply(200, {"ok": True}), "bad", ("not a PPA assigner",)),
        (problem(401, "unauthorized"), "bad", ("is another's", "wants a token")),
        (Reply(200, {"items": [{"ppa": ppa} for ppa in POOLED[1:]]}), "warning", (POOLED[0], "reload")),
        (Reply(200, {"items": [{"ppa": ppa} for ppa in [*POOLED, "~ci-pool/ubuntu/left"]]}), "good", ("ready",)),
        (problem(429, "too-many-requests"), "note", ("ready", "not shown")),
    ],
    ids=["other PPAs", "no PPAs", "no such path", "something", "with clients", "not reloaded", "one more", "busy"],
)
def test_who_answers_is_not_ready_for_that(site: Site, ppas: Reply, grade: str, words: tuple[str, ...]) -> None:
    """Only what serves the PPAs of this configuration is its daemon."""
    with FakeDaemon() as daemon:
        daemon.on("GET", "/readyz", Reply(200, READY)).on("GET", "/v1/ppas", ppas)
        site.api["listen"] = daemon.url.removeprefix("http://")
        told = site.doctor()
    told.expect(grade, "daemon", *words)
    assert told.code == (69 if grade == "bad" else 0)


@pytest.mark.parametrize("known", [True, False])
def test_a_token_is_shown_to_whom_this_configuration_knows(
    site: Site, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """With it doctor sees the PPAs; without, it does not call the daemon its own."""
    token = "b" * 64
    monkeypatch.setenv("PPA_ASSIGNER_TOKEN", token)
    digest = hashlib.sha256(token.encode()).hexdigest() if known else "0" * 64
    items = Reply(200, {"items": [{"ppa": ppa} for ppa in POOLED]})
    with FakeDaemon() as daemon:
        daemon.on("GET", "/readyz", Reply(200, READY))
        daemon.on("GET", "/v1/ppas", items if known else problem(401, "unauthorized"))
        listen = daemon.url.removeprefix("http://")
        site.api = {"listen": listen, "clients": [{"name": "a", "token_sha256": digest, "role": "operator"}]}
        told = site.doctor()
        sent = {seen.headers.get("Authorization") for seen in daemon.requests}
    assert sent == ({f"Bearer {token}"} if known else {None})
    told.expect("good" if known else "note", "daemon", "ready")


def test_a_daemon_with_a_certificate_for_another_name(site: Site) -> None:
    """It is there; that its name cannot be this host's is no fault."""
    both = certified(site.folder, "ppas.example.com").both
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    client = {"name": "a", "token_sha256": "0" * 64, "role": "client"}
    with RawServer(lambda request, peer: peer.answer(), context) as server:
        tls = {"certificate": str(both), "key": str(both)}
        site.api = {"listen": f"127.0.0.1:{server.port}", "tls": tls, "clients": [client]}
        told = site.doctor()
    assert told.code == 0, told.items
    told.expect("note", "daemon", f"https://127.0.0.1:{server.port}", "certificate is not trusted")


def test_a_daemon_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is asked where the configuration says that it listens, and the records are those that it wrote."""
    launchpad: Launchpad = start_launchpad("--ppas", "2")
    daemon = configure(tmp_path, launchpad, ppas=("~ci-pool/ubuntu/pool-{001..002}",))
    try:
        with running(daemon):
            daemon.start().wait_for_states(free=2)
            code = main(["doctor", "--config", str(daemon.config), "--json"])
    finally:
        launchpad.stop()
    told = Told(code, json.loads(capsys.readouterr().out)["items"])
    assert told.code == 0
    told.expect("good", "daemon", "ready")
    told.expect("good", "records", "2 free, 0 used, 0 dirty")


def test_addresses_of_daemons(site: Site) -> None:
    """One that listens everywhere is called on this host."""

    def at(listen: str) -> str:
        token = {"name": "a", "token_sha256": "0" * 64, "role": "client"}
        site.api = {"listen": listen, "clients": [token]}
        return host.address(load(site.config))

    assert at("0.0.0.0:8020") == "http://127.0.0.1:8020"
    assert at("[::]:8020") == "http://[::1]:8020"
    assert at("[fe80::1]:80") == "http://[fe80::1]:80"
    assert at("unix:/run/a.sock") == "unix:/run/a.sock"


RUNS = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\n"
NONE = "LoadState=not-found\nActiveState=inactive\nUnitFileState=\nNeedDaemonReload=no\n"


@pytest.mark.parametrize(
    ("service", "socket", "grade", "words", "stopped"),
    [
        (RUNS, RUNS, "good", "ppa-assigner.service is active", False),
        (NONE, NONE, "note", "not installed", False),
        (RUNS, NONE, "warning", "ppa-assigner.socket is not-found", False),
        (RUNS.replace("=active", "=inactive"), RUNS, "warning", "ppa-assigner.service is stopped", True),
        (RUNS.replace("=active", "=failed"), RUNS, "bad", "journalctl -u ppa-assigner.service", True),
        (RUNS.replace("=enabled", "=disabled"), RUNS, "warning", "systemctl enable ppa-assigner.service", False),
        (RUNS.replace("Reload=no", "Reload=yes"), RUNS, "warning", "systemctl daemon-reload", False),
        (RUNS + "Type=simple\n", RUNS, "warning", "is not Type=notify", False),
    ],
)
def test_how_systemd_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: str, socket: str, grade: str, words: str, stopped: bool
) -> None:
    """What `systemctl show` says of the units, in one line; tests/systemd asks a real one."""
    script = tmp_path / "systemctl"
    shown = f"Id=ppa-assigner.service\n{service}\nId=ppa-assigner.socket\n{socket}"
    script.write_text(f"#!/bin/sh\ncat <<'END'\n{shown}END\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = list(host.units(booted=tmp_path))
    assert any(one.grade.value == grade and words in f"{one.found} {one.todo}" for one in found), found
    assert host.stopped(booted=tmp_path) is stopped


def test_without_systemd(tmp_path: Path) -> None:
    """It is said, and no fault."""
    assert [one.grade.value for one in host.units(booted=tmp_path / "none")] == ["note"]
    assert not host.stopped(booted=tmp_path / "none")
