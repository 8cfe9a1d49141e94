"""`sources`, on real processes: the file that it prints is one by which the real apt reads the PPA."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.standin.aptroot import make_root
from tests.commandline import cli
from tests.fakedaemon import FakeDaemon, Reply, problem
from tests.processes import Daemon, Launchpad, configure, running, running_launchpad
from tests.standin.apt import Apt

KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxsBN\n-----END PGP PUBLIC KEY BLOCK-----\n"
SOURCE: dict[str, Any] = {
    "ppa": "~ci-pool/ubuntu/pool-001", "private": False, "uri": "https://ppa.launchpadcontent.net/ci-pool/pool-001/ubuntu",
    "suites": ["jammy", "noble"], "components": ["main"], "key": KEY, "snapshot": None,
}  # fmt: skip
TEXT = """\
Types: deb
URIs: https://ppa.launchpadcontent.net/ci-pool/pool-001/ubuntu
Suites: jammy noble
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 xsBN
 -----END PGP PUBLIC KEY BLOCK-----
"""
PATH = "/v1/leases/4c1f/sources"


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """With PPAs whose owner has a key."""
    with running_launchpad("--ppas", "4") as launchpad:
        yield launchpad


@pytest.fixture(scope="module")
def daemon(launchpad: Launchpad, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One that serves them."""
    one = configure(tmp_path_factory.mktemp("sources"), launchpad)
    with running(one):
        yield one.start()


@pytest.fixture
def lease(daemon: Daemon) -> Iterator[dict[str, Any]]:
    """Given back at the end."""
    document: dict[str, Any] = daemon.assign(wait=60).json()
    yield document
    daemon.http.delete(f"/v1/leases/{document['id']}")


@pytest.fixture
def fake() -> Iterator[FakeDaemon]:
    """It has one lease."""
    with FakeDaemon() as fake:
        fake.on("GET", "/v1/leases", Reply(200, {"items": []}))
        yield fake


def test_apt_reads_the_ppa_by_it(daemon: Daemon, launchpad: Launchpad, lease: dict[str, Any], tmp_path: Path) -> None:
    """Signature checked, with nothing else that apt knows; the series are those that have something."""
    launchpad.control.signing_key("ci-pool")
    launchpad.control.upload(lease["ppa"], "hello", "1.0", binaries=[{"name": "hello"}])
    launchpad.control.run("publisher")
    done = cli("sources", lease["ppa"], url=f"unix:{daemon.address}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\nSuites: noble\n" in done.stdout
    make_root(tmp_path)
    (tmp_path / "etc/apt/sources.list.d/ppa.sources").write_text(done.stdout)
    apt = Apt(tmp_path)
    apt.done("update")
    assert "hello_1.0_amd64.deb" in apt.done("install", "--print-uris", "hello")
    other = done.stdout.replace("noble", "jammy")
    assert cli("sources", lease["id"], "--series", "jammy", url=f"unix:{daemon.address}").stdout == other


def test_without_anything_in_it_the_series_must_be_named(daemon: Daemon, lease: dict[str, Any]) -> None:
    """Nothing else tells it; and a lease that is over has none."""
    done = cli("sources", url=f"unix:{daemon.address}", env={"PPA_LEASE_ID": lease["id"]})
    assert (done.returncode, done.stdout) == (64, "")
    assert "say which series" in done.stderr
    named = daemon.http.get(f"/v1/leases/{lease['id']}/sources?series=noble&series=jammy&series=noble")
    assert named.json()["suites"] == ["noble", "jammy"]
    assert daemon.http.get(f"/v1/leases/{lease['id']}/sources?series=No/ble").status_code == 422
    daemon.http.delete(f"/v1/leases/{lease['id']}")
    assert cli("sources", lease["id"], "--series", "noble", url=f"unix:{daemon.address}").returncode == 77


def test_before_there_is_a_key_nothing_is_printed(daemon: Daemon, launchpad: Launchpad, lease: dict[str, Any]) -> None:
    """A source without one would be taken by nobody, or by apt from anybody."""
    launchpad.control.signing_key("ci-pool", exists=False)
    done = cli("sources", lease["id"], "--series", "noble", url=f"unix:{daemon.address}")
    launchpad.control.signing_key("ci-pool")
    assert (done.returncode, done.stdout) == (75, "")
    assert "no key" in done.stderr


def test_the_text_and_the_document(fake: FakeDaemon) -> None:
    """For /etc/apt/sources.list.d, or as the daemon sent it."""
    fake.on("GET", PATH, Reply(200, SOURCE))
    assert cli("sources", "4c1f", url=fake.url).stdout == TEXT
    assert json.loads(cli("sources", "4c1f", "--json", url=fake.url).stdout) == SOURCE
    fake.on("GET", "/v1/leases/5d2a/sources", problem(503, "launchpad-unavailable", retry_after=0))
    assert cli("sources", "5d2a", url=fake.url).returncode == 69


def test_a_private_ppa_needs_a_login_that_is_the_jobs_own(fake: FakeDaemon, tmp_path: Path) -> None:
    """Without one that is said, in the file too; with one it is in the address alone."""
    private = "https://private-ppa.launchpadcontent.net/ci-pool/pool-001/ubuntu"
    fake.on("GET", PATH, Reply(200, SOURCE | {"private": True, "uri": private}))
    done = cli("sources", "4c1f", url=fake.url)
    assert done.returncode == 0
    first, rest = done.stdout.split("\n", 1)
    assert first.startswith("# ~ci-pool/ubuntu/pool-001 is private: ")
    assert "--auth FILE" in done.stderr
    assert f"URIs: {private}\n" in rest
    auth = tmp_path / "auth.conf"
    other = f"machine {'other.' * 20}example.com login bob password secret"
    auth.write_text(f"{other}\nmachine private-ppa.launchpadcontent.net/ci-pool/ login ann password s3/cret\n")
    done = cli("sources", "4c1f", "--auth", str(auth), url=fake.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"URIs: {private.replace('//', '//ann:s3%2Fcret@')}\n" in done.stdout
    auth.write_text("machine private-ppa.launchpadcontent.net/others/ login ann password s3cret\n")
    done = cli("sources", "4c1f", "--auth", str(auth), url=fake.url)
    assert (done.returncode, done.stdout, "s3cret" in done.stderr) == (64, "", False)
