"""Before an upload, on real processes: files that burn a PPA, tarballs of the distribution, and the check of both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cleaning.stage import free_ppas
from tests.commandline import cli
from tests.processes import Daemon, Launchpad, configure, running, running_launchpad
from tests.recipes.packages import package

ORIG = "hello_2.10.orig.tar.gz"


def content(name: str, text: str) -> dict[str, Any]:
    """A file as the stand-in's control takes it."""
    return {"name": name, "content": text}


def named(name: str, text: str) -> dict[str, str]:
    """A file as the daemon takes it."""
    return {"name": name, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def source(version: str, orig: str, name: str = "hello", series: str | None = None) -> dict[str, Any]:
    """A source with this content of its upstream tarball."""
    upstream = version.partition("-")[0]
    files = [named(f"{name}_{upstream}.orig.tar.gz", orig), named(f"{name}_{version}.dsc", version)]
    return {"name": name, "version": version, "files": files, **({"series": series} if series else {})}


@dataclass
class Place:
    """A pool of two free PPAs that no other test uses."""

    launchpad: Launchpad
    daemon: Daemon
    pool: str

    @property
    def ppas(self) -> list[str]:
        """Both, in the order in which they are lent."""
        return [f"~ci-pool/ubuntu/{self.pool}-{number:03}" for number in (1, 2)]

    def had(self, number: int, version: str, orig: str | None = None, name: str = "hello") -> None:
        """The PPA once had it; it is deleted since, and its files are kept."""
        files = [content(ORIG, orig)] if orig is not None else []
        self.launchpad.control.upload(self.ppas[number], name, version, status="Deleted", files=files)

    def assign(self, request: str, *sources: dict[str, Any], wait: float = 0) -> httpx.Response:
        """Ask for a PPA of the pool."""
        return self.daemon.assign(f"{self.pool}-{request}", pool=self.pool, sources=list(sources), wait=wait)

    def check(self, *sources: dict[str, Any], pool: str | None = None) -> httpx.Response:
        """Ask for no PPA."""
        body = {"sources": list(sources), "pool": pool or self.pool}
        return self.daemon.http.post("/v1/uploads/check", json=body)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Place]]:
    """One stand-in whose distribution has `tool`, and one daemon, with a pool for each test."""
    with running_launchpad("--owner", "ci-pool", "--ppas", "0") as launchpad:
        files = [content("tool_1.0.orig.tar.gz", "theirs"), content("tool_1.0-1.dsc", "dsc")]
        launchpad.control.upload("ubuntu", "tool", "1.0-1", files=files)
        daemon = configure(tmp_path_factory.mktemp("before"), launchpad)
        daemon.covered = True
        document = json.loads(daemon.config.read_text())
        document["pools"] = {
            pool: {"ppas": free_ppas(launchpad, pool, 2), "settle": "1s"} for pool in (f"pool{n}" for n in range(12))
        }
        daemon.config.write_text(json.dumps(document))
        with running(daemon):
            daemon.start()
            yield iter([Place(launchpad, daemon, pool) for pool in document["pools"]])


@pytest.fixture
def place(places: Iterator[Place]) -> Place:
    """A pool of its own."""
    return next(places)


def test_a_ppa_that_had_another_orig_is_passed_by(place: Place) -> None:
    """The other is lent; when both had one, the answer names the file, at once."""
    place.had(0, "2.10-1", "first")
    lent = place.assign("one", source("2.10-2", "second"))
    assert lent.json()["ppa"] == place.ppas[1]
    place.had(1, "2.10-1", "third")
    refused = place.assign("two", source("2.10-2", "second"), wait=60)
    assert refused.status_code == 409
    told = refused.json()
    assert told["type"].endswith("all-burnt")
    assert told["burnt"] == dict.fromkeys(place.ppas, f"{ORIG} with other content, of hello 2.10-1")
    assert ORIG in told["detail"]
    assert place.assign("three", source("2.10-2", "first")).json()["ppa"] == place.ppas[0]


def test_an_orig_that_the_distribution_has_otherwise_is_refused_at_once(place: Place) -> None:
    """With the address of the right one; the same content, and another version of it, are lent for."""
    refused = place.assign("one", source("1.0-9", "ours", "tool"), wait=60)
    told = refused.json()
    assert (refused.status_code, told["type"].rpartition("/")[2]) == (422, "orig-differs")
    assert (told["file"], told["request_id"]) == ("tool_1.0.orig.tar.gz", f"{place.pool}-one")
    assert told["sha256"] == hashlib.sha256(b"theirs").hexdigest()
    assert told["url"].endswith("/tool_1.0.orig.tar.gz")
    assert told["url"] in told["detail"]
    assert place.assign("two", source("1.0-9", "theirs", "tool")).status_code == 201
    assert place.assign("three", source("1.1-1", "ours", "tool")).status_code == 201


def test_a_distribution_that_does_not_answer_keeps_nobody_waiting(place: Place) -> None:
    """The comparison is left out: that is better than no PPA."""
    control = place.launchpad.control
    control.upload("ubuntu", "slow", "1.0-1", files=[content("slow_1.0.orig.tar.gz", "theirs")])
    rule = control.fault("hang", path=r"/ubuntu/\+archive/primary")
    try:
        assert place.assign("one", source("1.0-9", "ours", "slow")).status_code == 201
    finally:
        control.unfault(rule)


def test_a_check_says_it_all_without_a_lease(place: Place) -> None:
    """Series, component, what burns which PPA; both remain free."""
    place.had(0, "2.10-1", "first")
    place.had(0, "1.0-9", name="tool")
    found = place.check(source("2.10-2", "second", series="noble"), source("1.0-9", "theirs", "tool", "noble"))
    assert found.status_code == 200, found.text
    hello, tool = found.json()["sources"]
    assert (hello["known"], hello["component"], hello["orig"]) == (True, None, None)
    assert hello["burnt"] == {place.ppas[0]: f"{ORIG} with other content, of hello 2.10-1"}
    assert (tool["known"], tool["component"], tool["burnt"]) == (True, "main", {place.ppas[0]: "tool 1.0-9"})
    told = found.json()
    assert (told["accepted"], told["takes"], told["unknown"]) == (True, [place.ppas[1]], {})
    assert {ppa["state"] for ppa in place.daemon.ppas(pool=place.pool)} == {"free"}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (source("2.10-2", "x", series="unheard"), "known"),
        (source("1.0-9", "ours", "tool", "noble"), "orig"),
        (source("3-1", "x"), "burnt"),
    ],
)
def test_what_nobody_takes_is_not_accepted(place: Place, asked: dict[str, Any], why: str) -> None:
    """An unknown series, a tarball that differs, a version that every PPA had."""
    place.had(0, "3-1")
    place.had(1, "3-1")
    found = place.check(asked).json()
    assert found["accepted"] is False
    (one,) = found["sources"]
    assert {name: bool(one[name]) for name in ("orig", "burnt")} == {"orig": why == "orig", "burnt": why == "burnt"}
    assert one["known"] is (False if why == "known" else True if asked.get("series") else None)


def test_a_check_of_a_pool_that_is_not_there(place: Place) -> None:
    """404, as for an assign."""
    unknown = place.check(source("1.0-1", "x"), pool="none")
    assert (unknown.status_code, unknown.json()["type"].rpartition("/")[2]) == (404, "unknown-pool")


def test_the_command_says_so_and_ends_with_65(place: Place, tmp_path: Path) -> None:
    """From the .changes file; in words, and as the document."""
    changes, url, pool = package(tmp_path), f"unix:{place.daemon.address}", ("--pool", place.pool)
    done = cli("check-upload", str(changes), *pool, url=url)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"hello 1.0: new in noble\naccepted in 2 PPAs: {', '.join(place.ppas)}\n"
    place.had(0, "1.0")
    place.had(1, "1.0")
    done = cli("check-upload", str(changes), *pool, url=url)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (65, "accepted in none")
    assert f"  {place.ppas[0]} had hello 1.0" in done.stdout.splitlines()
    done = cli("check-upload", str(changes), "--json", *pool, url=url)
    assert (done.returncode, json.loads(done.stdout)["accepted"]) == (65, False)
    refused = cli("assign", "--owner", "x", "--changes", str(changes), *pool, url=url)
    assert refused.returncode == 75


def test_an_assign_that_differs_from_the_distribution_ends_with_65(place: Place, tmp_path: Path) -> None:
    """The command line says where the right tarball is."""
    changes = package(tmp_path, "tool", "1.0-9")
    with (tmp_path / "tool_1.0-9.dsc").open("a") as dsc:
        dsc.write(f"Checksums-Sha256:\n {'0' * 64} 7 tool_1.0.orig.tar.gz\n")
    options = ("--owner", "x", "--changes", str(changes), "--pool", place.pool)
    done = cli("assign", *options, url=f"unix:{place.daemon.address}")
    assert (done.returncode, done.stdout) == (65, "")
    assert "/tool_1.0.orig.tar.gz" in done.stderr
