"""Promote, on real processes: what a lease holds is copied with its binaries to a PPA that stays."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.cleaning.stage import free_ppas
from tests.commandline import cli
from tests.processes import Daemon, Launchpad, configure, running, running_launchpad

_NUMBERS = itertools.count(1)


@dataclass
class Place:
    """A leased PPA, and one that stays, which no other test uses."""

    launchpad: Launchpad
    daemon: Daemon
    lease: dict[str, Any]
    to: str

    def upload(self, name: str = "hello", version: str = "1.0", ppa: str | None = None, **more: Any) -> None:
        """A source with binaries is published."""
        binaries = more.pop("binaries", [{"name": name, "arch": "amd64"}, {"name": f"{name}-doc", "arch": "all"}])
        self.launchpad.control.upload(ppa or self.lease["ppa"], name, version, binaries=binaries, **more)

    def promote(self, **more: Any) -> httpx.Response:
        """One call."""
        return self.daemon.http.post(f"/v1/leases/{self.lease['id']}/promote", json={"to": self.to, **more})

    def there(self, kind: str = "sources") -> list[tuple[str, str]]:
        """What is active in the PPA that stays."""
        found = self.launchpad.control.packages(self.to)[kind]
        return sorted((one["name"], one["status"]) for one in found if one["status"] in ("Pending", "Published"))

    def copies(self) -> int:
        """How often Launchpad was asked for a copy into it."""
        name = self.to.rpartition("/")[2]
        return len(self.launchpad.control.log(operation="copyPackage", path=rf"/{name}$"))

    def arrive(self) -> None:
        """The jobs run, and then the publisher."""
        self.launchpad.control.run("copies")
        self.launchpad.control.run("publisher")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Launchpad, Daemon]]:
    """PPAs to lend, and others of the same team to promote to."""
    with running_launchpad("--owner", "ci-pool", "--ppas", "0") as launchpad:
        launchpad.control.ppas("ci-pool", count=20, prefix="stable-")
        daemon = configure(tmp_path_factory.mktemp("promote"), launchpad)
        daemon.covered = True
        document = json.loads(daemon.config.read_text())
        document["pools"] = {"default": {"ppas": free_ppas(launchpad, "pool", 20), "settle": "1s"}}
        document["api"]["promote_to"] = ["~ci-pool/ubuntu/stable-*", "~ci-pool/ubuntu/pool-*"]
        daemon.config.write_text(json.dumps(document))
        with running(daemon):
            daemon.start()
            yield launchpad, daemon


@pytest.fixture
def place(stage: tuple[Launchpad, Daemon]) -> Place:
    """A lease of its own, and a PPA that stays."""
    launchpad, daemon = stage
    number = next(_NUMBERS)
    lent = daemon.assign(f"wish-{number}")
    assert lent.status_code == 201, lent.text
    return Place(launchpad, daemon, lent.json(), f"~ci-pool/ubuntu/stable-{number:03}")


def test_what_is_published_is_copied_with_its_binaries(place: Place) -> None:
    """Asked again it tells how far that is, and asks Launchpad once."""
    place.upload()
    for _ in range(3):
        first = place.promote()
        assert first.status_code == 200, first.text
        assert first.json()["state"] == "copying"
    (copy,) = first.json()["copies"]
    assert copy.pop("why").startswith("Launchpad was asked for the copy")
    assert copy == {"name": "hello", "version": "1.0", "series": "noble", "state": "copying"}
    assert place.copies() == 1
    place.launchpad.control.run("copies")
    assert place.promote().json()["state"] == "copying"
    assert place.there() == [("hello", "Pending")]
    place.launchpad.control.run("publisher")
    done = place.promote().json()
    assert (done["state"], {copy["state"] for copy in done["copies"]}) == ("published", {"published"})
    assert ("hello", "Published") in place.there("binaries")
    assert ("hello-doc", "Published") in place.there("binaries")
    assert place.copies() == 1


def test_several_who_ask_at_a_time_have_it_copied_once(place: Place) -> None:
    """A second copy of the same would fail, without a trace."""
    place.upload()
    with ThreadPoolExecutor(8) as threads:
        found = [one.result() for one in [threads.submit(place.promote) for _ in range(8)]]
    assert [one.json().get("state") for one in found] == ["copying"] * 8
    assert place.copies() == 1


def test_what_is_there_already_is_done(place: Place) -> None:
    """No copy is asked for, at a daemon that has never heard of it."""
    place.upload()
    place.promote()
    place.arrive()
    place.daemon.kill()
    place.daemon.start()
    assert place.promote().json()["state"] == "published"
    assert place.copies() == 1


def test_only_named_sources_are_copied(place: Place) -> None:
    """And only those that are published."""
    place.upload("hello")
    place.upload("other")
    place.launchpad.control.dput(place.lease["ppa"], "late", "1.0")
    refused = place.promote()
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "unfinished")
    assert "late 1.0" in refused.json()["detail"]
    assert {one["name"]: one["state"] for one in refused.json()["unfinished"]}["late"] != "published"
    assert place.copies() == 0
    assert place.promote(sources=[{"name": "other", "version": "1.0"}]).json()["state"] == "copying"
    place.arrive()
    assert place.there() == [("other", "Published")]


def test_an_empty_lease_has_nothing_to_promote(place: Place) -> None:
    """Nor what was never uploaded, nor a source without binaries, which Launchpad would take and never copy."""
    assert place.promote().json()["type"].endswith("unfinished")
    assert place.promote(sources=[{"name": "hello", "version": "9"}]).json()["type"].endswith("unfinished")
    place.upload(binaries=[])
    assert place.promote().json()["type"].endswith("unfinished")
    assert place.copies() == 0


def test_into_another_series(place: Place) -> None:
    """It lands beside."""
    place.upload()
    assert place.promote(series=["jammy", "noble"]).json()["state"] == "copying"
    place.arrive()
    done = place.promote(series=["jammy", "noble"]).json()
    assert done["state"] == "published"
    assert sorted(copy["series"] for copy in done["copies"]) == ["jammy", "noble"]


def test_a_version_in_two_series_is_copied_once_into_one(place: Place) -> None:
    """Launchpad makes a copy of a source and version once for each series."""
    for series in ("jammy", "noble"):
        place.upload(series=series)
    for _ in range(2):
        answer = place.promote(series=["noble", "noble"]).json()
        assert [copy["series"] for copy in answer["copies"]] == ["noble"]
    assert place.copies() == 1
    place.arrive()
    assert place.promote(series=["noble"]).json()["state"] == "published"
    assert place.promote().json()["state"] == "copying"
    assert place.copies() == 2


def test_two_versions_do_not_come_into_one_series(place: Place) -> None:
    """One of them is named instead."""
    for version, series in (("1.0", "jammy"), ("1.1", "noble")):
        place.upload(version=version, series=series)
    answer = place.promote(series="noble")
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "not-newer")
    assert "hello 1.0 and 1.1" in answer.json()["detail"]
    assert place.copies() == 0
    named = place.promote(series="noble", sources=[{"name": "hello", "version": "1.1"}])
    assert named.json()["state"] == "copying"


@pytest.mark.parametrize(("version", "code"), [("2.0", 409), ("1.0~rc1", 200), ("1:0.1", 409)])
def test_a_newer_version_there_is_in_the_way(place: Place, version: str, code: int) -> None:
    """By Debian's order of versions; an older one is superseded."""
    place.upload()
    place.upload(version=version, ppa=place.to)
    answer = place.promote()
    assert answer.status_code == code, answer.text
    if code == 409:
        assert answer.json()["type"].endswith("not-newer")
        assert version in answer.json()["detail"]
        assert place.copies() == 0


def test_the_same_version_with_other_files_is_in_the_way(place: Place) -> None:
    """Launchpad would take the copy, and never make it."""
    place.upload(files=[{"name": "hello_1.0.dsc", "content": "ours"}])
    place.upload(ppa=place.to, files=[{"name": "hello_1.0.dsc", "content": "theirs"}])
    answer = place.promote()
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "not-newer")
    assert "hello_1.0.dsc" in answer.json()["detail"]


def test_where_promote_to_says_nothing_nothing_is_copied(place: Place) -> None:
    """403 before anything else is looked at; what is lent itself stays empty; what is not there is said."""
    place.upload()
    for to, status in (("ppa:acme/stable", 403), (place.lease["ppa"], 422), ("~ci-pool/ubuntu/stable-none", 422)):
        place.to = to
        assert place.promote().status_code == status
    assert place.promote(to="nonsense").status_code == 422
    unknown = place.daemon.http.post("/v1/leases/none/promote", json={"to": "~ci-pool/ubuntu/stable-001"})
    assert unknown.status_code == 404


def test_after_the_lease_nothing_is_copied(place: Place) -> None:
    """What was in it is being deleted."""
    place.upload()
    place.daemon.http.delete(f"/v1/leases/{place.lease['id']}")
    assert place.promote().status_code in (404, 410)
    assert place.copies() == 0


def test_what_launchpad_refuses_has_failed(place: Place) -> None:
    """With its reason; asked again, it is tried again."""
    place.upload()
    rule = place.launchpad.control.fault("status", status=400, operation="copyPackage")
    try:
        failed = place.promote().json()
    finally:
        place.launchpad.control.unfault(rule)
    assert failed["state"] == "failed"
    assert "400" in failed["copies"][0]["why"]
    assert place.promote().json()["state"] == "copying"


def test_the_command_ends_when_it_is_published(place: Place) -> None:
    """The stand-in's jobs and publisher run meanwhile."""
    place.upload()
    url = f"unix:{place.daemon.address}"
    late = cli("promote", place.lease["id"], "--to", place.to, "--timeout", "0", url=url)
    assert late.returncode == 65
    assert "not published in time" in late.stderr
    place.arrive()
    done = cli("promote", place.lease["id"], "--to", place.to, "--source", "hello=1.0", url=url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello 1.0 noble: published\n", "")
    whole = cli("promote", "--to", place.to, "--json", url=url, env={"PPA_LEASE_ID": place.lease["id"]})
    assert json.loads(whole.stdout)["state"] == "published"
    refused = cli("promote", place.lease["id"], "--to", "ppa:acme/stable", url=url)
    assert (refused.returncode, "promote_to" in refused.stderr) == (77, True)
