"""`doctor` against a stand-in in a process of its own: what it says of each thing that can be wrong, that it writes
nothing, and that it asks little.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.cli import doctor_host, main
from ppa_assigner.config import load
from ppa_assigner.record import Record, State, compose, parse_time
from ppa_assigner.standin.remote import Control
from ppa_assigner.standin.standin import credentials_text

from .apart import Apart, standin_apart
from .fakedaemon import FakeDaemon, free_port, problem
from .processes import Launchpad, configure, running, start_launchpad
from .rawserver import RawServer

POOL = "~ci-pool/ubuntu/pool-{001..005}"
FIRST = "~ci-pool/ubuntu/pool-001"
SINCE = parse_time("2026-11-25T03:14:12Z")
USED = Record(
    serial=7, nonce="a", state=State.USED, since=SINCE, touched=SINCE, until=SINCE, pool="default", owner="ticket-1",
    lease="4c1f", request="r",
)  # fmt: skip
DIRTY = replace(USED, state=State.DIRTY, until=None)
FREE = Record(serial=7, nonce="a", state=State.FREE, since=SINCE, touched=SINCE, pool="default")


@dataclass
class Site:
    """A stand-in's world and the files of a daemon for it."""

    standin: Apart
    folder: Path
    capsys: pytest.CaptureFixture[str]
    pool: dict[str, Any] = field(default_factory=lambda: {"ppas": [POOL], "settle": "1s"})
    launchpad: dict[str, Any] = field(default_factory=dict)
    api: dict[str, Any] = field(default_factory=dict)

    @property
    def control(self) -> Control:
        return self.standin.control

    @property
    def credentials(self) -> Path:
        return self.folder / "launchpad.credentials"

    def act_as(self, token: dict[str, str]) -> None:
        self.credentials.write_text(credentials_text(token))
        self.credentials.chmod(0o600)

    @property
    def config(self) -> Path:
        """The configuration, written anew."""
        document = {
            "pools": {"default": self.pool},
            "launchpad": {"service": self.standin.service_root, "credentials": str(self.credentials), **self.launchpad},
            "api": {"listen": f"unix:{self.folder}/none.sock", **self.api},
            "name": "one",
        }
        path = self.folder / "ppas.yaml"
        path.write_text(json.dumps(document))
        return path

    def doctor(self) -> Told:
        """What it finds, as JSON."""
        code = main(["doctor", "--config", str(self.config), "--json"])
        document = json.loads(self.capsys.readouterr().out)
        assert (document["exit_code"], document["ok"]) == (code, code == 0)
        return Told(code, document["items"])


@dataclass
class Told:
    """An exit code and the findings."""

    code: int
    items: list[dict[str, str]]

    def graded(self, grade: str) -> list[str]:
        """The lines of that grade."""
        return [f"{one['check']}: {one['found']} -> {one['todo']}" for one in self.items if one["grade"] == grade]

    def expect(self, grade: str, *words: str) -> None:
        """One line of that grade has all these words."""
        lines = self.graded(grade)
        assert any(all(word in line for word in words) for line in lines), self.items


@pytest.fixture(scope="module")
def standin() -> Iterator[Apart]:
    with standin_apart() as apart:
        yield apart


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service's description is loaded once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def site(
    standin: Apart, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Site:
    monkeypatch.setenv("CACHE_DIRECTORY", str(cache))
    made = Site(standin, tmp_path, capsys)
    credentials = made.control.reset(owner="ci-pool", ppas=5)["credentials"]
    made.act_as(credentials["ppa-bot"])
    for number in range(1, 6):
        made.control.describe(f"~ci-pool/ubuntu/pool-00{number}", compose("Ours.", FREE))
    made.control.forget()
    return made


# -- all is well ------------------------------------------------------------------------------------------------------


def test_all_is_well(site: Site) -> None:
    """0; one line each, with a mark; nothing but GET was sent."""
    code = main(["doctor", "--config", str(site.config)])
    lines = site.capsys.readouterr().out.splitlines()
    assert code == 0, lines
    assert {line[:2] for line in lines} == {"✓ ", "· "}
    told = {line.split()[1] for line in lines}
    assert {"configuration", "credentials", "launchpad", "account", "clock", "rights", "records", "daemon"} <= told
    assert any("5 free, 0 used, 0 dirty" in line for line in lines)
    assert {each["method"] for each in site.control.log()} == {"GET"}


def test_three_hundred_ppas_cost_few_requests(site: Site) -> None:
    """As many as five."""
    site.doctor()
    five = len(site.control.log())
    site.act_as(site.control.reset(owner="ci-pool", ppas=300)["credentials"]["ppa-bot"])
    site.pool["ppas"] = ["~ci-pool/ubuntu/pool-{001..300}"]
    told = site.doctor()
    assert told.code == 0
    told.expect("good", "rights", "~ppa-bot may write to the 300 public PPAs")
    assert len(site.control.log()) <= five <= 8


# -- what can be wrong ------------------------------------------------------------------------------------------------


def stranger(site: Site) -> None:
    site.act_as(site.control.token("stranger"))


def only_reads(site: Site) -> None:
    site.act_as(site.control.token("ppa-bot", level="READ_PUBLIC"))


def private(site: Site) -> None:
    site.act_as(site.control.token("ppa-bot", level="READ_PRIVATE"))
    site.control.settings(FIRST, private=True)


def private_and_hidden(site: Site) -> None:
    site.act_as(site.control.token("ppa-bot", level="WRITE_PUBLIC"))
    site.control.settings(FIRST, private=True)


def expired(site: Site) -> None:
    site.act_as(site.control.token("ppa-bot", expired=True))


def missing(site: Site) -> None:
    site.pool["ppas"] = [POOL, "~ci-pool/ubuntu/typo"]


def deleted(site: Site) -> None:
    site.control.remove_ppa(FIRST)


def no_owner(site: Site) -> None:
    site.pool["ppas"] = [POOL, "~ci-poool/ubuntu/pool-001"]


def wrong_list(site: Site) -> None:
    site.pool = {"ppas": ["~ci-pool/ubuntu"], "ttl": "soon"}


def no_credentials(site: Site) -> None:
    site.credentials.unlink()


@pytest.mark.parametrize(
    ("wrong", "code", "words"),
    [
        (stranger, 77, ("rights", "~stranger may not write", FIRST, "is no member of ~ci-pool")),
        (only_reads, 77, ("rights", "~ppa-bot may not write", "its token lacks access", "WRITE_PUBLIC")),
        (private, 77, ("rights", FIRST, "WRITE_PRIVATE")),
        (private_and_hidden, 77, (FIRST, "not shown to us", "WRITE_PRIVATE")),
        (expired, 77, ("account", "Expired token", "ppa-assigner login")),
        (missing, 78, ("ppas", "~ci-pool/ubuntu/typo: not there", "create: true")),
        (deleted, 78, ("ppas", FIRST, "deleted")),
        (no_owner, 78, ("ppas", "~ci-poool: there is no such owner")),
        (wrong_list, 78, ("configuration", "ppas.yaml:1", "soon")),
        (no_credentials, 78, ("configuration", "launchpad.credentials")),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_the_daemon_cannot_work_with(
    site: Site, wrong: Callable[[Site], None], code: int, words: tuple[str, ...]
) -> None:
    """It is named, with what to do, and the exit code is that of the gravest."""
    wrong(site)
    told = site.doctor()
    assert told.code == code, told.items
    told.expect("bad", *words)


def test_an_environment_without_verified_certificates(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """78, and no credentials were sent."""
    monkeypatch.setenv("LP_DISABLE_SSL_CERTIFICATE_VALIDATION", "1")
    told = site.doctor()
    assert told.code == 78
    told.expect("bad", "launchpad", "LP_DISABLE_SSL_CERTIFICATE_VALIDATION")
    assert site.control.log() == []


def as_it_is(site: Site) -> None:
    pass


def to_create(site: Site) -> None:
    site.pool |= {"ppas": [POOL, "~ci-pool/ubuntu/new"], "create": True}


def to_create_by_a_member(site: Site) -> None:
    site.control.team("other", "stranger", ["ppa-bot"])
    site.pool |= {"ppas": ["~other/ubuntu/new"], "create": True}


def unpublished(site: Site) -> None:
    site.control.settings(FIRST, publish=False)


def private_indexes(site: Site) -> None:
    site.control.settings(FIRST, private=True)
    site.pool["proof"] = "index"


def unreadable(site: Site) -> None:
    site.control.describe(FIRST, 'ppa-assigner: {"v":1}')


def foreign(site: Site) -> None:
    site.control.describe(FIRST, 'ppa-assigner: {"v":99}')


def without(site: Site) -> None:
    site.control.describe(FIRST, "Somebody's.")


def quarantined(site: Site) -> None:
    site.control.describe(FIRST, compose(None, replace(DIRTY, quarantined="5 tries failed")))


def cleaned_by_another(site: Site) -> None:
    site.control.describe(FIRST, compose(None, replace(DIRTY, cleaner="build-host-2/1764126852000/ab12")))


def own_cleaner(site: Site) -> None:
    site.control.describe(FIRST, compose(None, replace(DIRTY, cleaner="one/1764126852000/ab12")))


def used(site: Site) -> None:
    site.control.describe(FIRST, compose("text", USED))


def open_credentials(site: Site) -> None:
    site.credentials.chmod(0o640)


def other_clock(site: Site) -> None:
    site.control.clock(step=3600)


@pytest.mark.parametrize(
    ("odd", "grade", "words"),
    [
        (to_create, "good", ("~ci-pool/ubuntu/new: not there, the daemon will create it",)),
        (to_create_by_a_member, "warning", ("~other/ubuntu/new", "~ppa-bot is an administrator of ~other")),
        (unpublished, "warning", (FIRST, "publishing is off")),
        (private_indexes, "warning", (FIRST, "proof: index")),
        (unreadable, "warning", (FIRST, "cannot be read", "adopt")),
        (foreign, "warning", (FIRST, "cannot be read")),
        (without, "note", (FIRST, "no record yet", "adopt")),
        (quarantined, "warning", (f"{FIRST} is in quarantine: 5 tries failed", f"resume {FIRST}")),
        (cleaned_by_another, "note", ("daemons", "build-host-2")),
        (own_cleaner, "good", ("4 free, 0 used, 1 dirty",)),
        (used, "good", ("4 free, 1 used, 0 dirty",)),
        (open_credentials, "warning", ("credentials", "0640", "chmod 600")),
        (other_clock, "warning", ("clock", "behind Launchpad's", "NTP")),
        (as_it_is, "note", ("quota", "5 x 8192 MiB")),
        (as_it_is, "note", ("access", "no clients: everybody who reaches unix:")),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_a_person_may_want_to_know(
    site: Site, odd: Callable[[Site], None], grade: str, words: tuple[str, ...]
) -> None:
    """It is told, and the exit code is 0: the daemon works."""
    odd(site)
    told = site.doctor()
    assert told.code == 0, told.items
    told.expect(grade, *words)
    assert ("build-host-2" in str(told.items)) is (odd is cleaned_by_another)


# -- outages ----------------------------------------------------------------------------------------------------------


def gone(site: Site) -> None:
    site.launchpad["service"] = f"http://127.0.0.1:{free_port()}/"


def hangs(site: Site) -> None:
    site.control.fault("hang")


def overloaded(site: Site) -> None:
    site.control.fault("status", status=503, text="too busy")


def hangs_at_the_listing(site: Site) -> None:
    site.control.fault("hang", path="/ppas")


def hangs_at_the_rights(site: Site) -> None:
    site.control.fault("hang", operation="getNamedAuthTokens")


@pytest.mark.parametrize("outage", [gone, hangs, overloaded, hangs_at_the_listing, hangs_at_the_rights])
def test_launchpad_is_down(site: Site, outage: Callable[[Site], None]) -> None:
    """69 and a line that says so, within the deadline of a request or two; what is here is told all the same."""
    site.launchpad["timeout"] = {"connect": "1s", "read": "2s", "total": "2s"}
    outage(site)
    begun = time.monotonic()
    told = site.doctor()
    assert time.monotonic() - begun < 20
    assert told.code == 69
    told.expect("bad", "launchpad", "does not answer")
    assert "daemon" in {one["check"] for one in told.items}
    site.control.unfault()
    site.control.release(verdict="drop")


# -- this host --------------------------------------------------------------------------------------------------------


def test_a_daemon_that_is_not_ready(site: Site) -> None:
    """69, with what the daemon itself says is in the way."""
    with FakeDaemon() as daemon:
        daemon.on("GET", "/readyz", problem(503, "launchpad-unavailable", detail="no look yet"))
        site.api["listen"] = daemon.url.removeprefix("http://")
        told = site.doctor()
    assert told.code == 69
    told.expect("bad", "daemon", "not ready: no look yet")


def test_a_daemon_with_a_certificate_for_another_name(site: Site) -> None:
    """It is there; that its name cannot be this host's is no fault."""
    both = site.folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=ppas.example.com", "-keyout", str(both), "-out", "-"]
    made = subprocess.run(command, capture_output=True, timeout=60, check=True)
    both.write_bytes(both.read_bytes() + made.stdout)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    client = {"name": "a", "token_sha256": "0" * 64, "role": "client"}
    with RawServer(lambda request, peer: peer.answer(), context) as server:
        tls = {"certificate": str(both), "key": str(both)}
        site.api = {"listen": f"127.0.0.1:{server.port}", "tls": tls, "clients": [client]}
        told = site.doctor()
    assert told.code == 0, told.items
    told.expect("note", "daemon", f"https://127.0.0.1:{server.port}", "certificate for another name")


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
        return doctor_host.address(load(site.config))

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
        (RUNS + "Type=simple\n", RUNS, "warning", "no Type=notify", False),
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
    found = list(doctor_host.units(booted=tmp_path))
    assert any(one.grade.value == grade and words in f"{one.found} {one.todo}" for one in found), found
    assert doctor_host.stopped(booted=tmp_path) is stopped


def test_without_systemd(tmp_path: Path) -> None:
    """It is said, and no fault."""
    assert [one.grade.value for one in doctor_host.units(booted=tmp_path / "none")] == ["note"]
    assert not doctor_host.stopped(booted=tmp_path / "none")
