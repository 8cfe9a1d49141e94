"""A daemon that follows uploads on the stand-in: real requests, real processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.standin.control_client import Rejected
from tests.commandline import cli, started
from tests.processes import Daemon, Launchpad, configure, running, running_launchpad
from tests.waiting import until


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """With PPAs, and builds that go by themselves and at once."""
    with running_launchpad("--ppas", "10") as launchpad:
        launchpad.control.building(queue=0, take=0, upload=0, every=0.05)
        yield launchpad


@pytest.fixture(scope="module")
def daemon(launchpad: Launchpad, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One that serves them."""
    one = configure(tmp_path_factory.mktemp("uploads"), launchpad, grant_upload=True)
    one.covered = True
    with running(one):
        yield one.start()


class Lease:
    """A lease of its own for each test."""

    def __init__(self, daemon: Daemon, launchpad: Launchpad, **wish: Any) -> None:
        self.daemon, self.control = daemon, launchpad.control
        document = daemon.assign(wait=60, **wish).json()
        self.id, self.ppa = document["id"], document["ppa"]

    def uploads(self, *sources: str, **query: Any) -> dict[str, Any]:
        """What became of the uploads."""
        response = self.get(*sources, **query)
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json()
        return document

    def get(self, *sources: str, **query: Any) -> Any:
        """The same, whatever is answered."""
        asked = [("source", one) for one in sources] + list(query.items())
        return self.daemon.http.get(f"/v1/leases/{self.id}/uploads", params=asked)

    def build(self, source: str, version: str = "1") -> None:
        """Upload a source, and wait until its builds have ended."""
        before = self.control.runs("builders")
        self.control.dput(self.ppa, source, version)
        self.control.runs("builders", least=before + 2, timeout=30)

    def publish(self, source: str, version: str = "1") -> None:
        """Upload a source, build and publish it."""
        self.build(source, version)
        self.control.run("publisher")

    def release(self) -> None:
        """End the lease."""
        assert self.daemon.http.delete(f"/v1/leases/{self.id}").status_code == 200


@pytest.fixture
def lease(daemon: Daemon, launchpad: Launchpad) -> Iterator[Lease]:
    """Given back at the end."""
    lease = Lease(daemon, launchpad)
    yield lease
    launchpad.control.unfault()
    launchpad.control.build_unrule()
    lease.release()


def events(daemon: Daemon, lease: Lease) -> list[dict[str, Any]]:
    """The events about the uploads of a lease."""
    text = daemon.http.get("/v1/events?follow=false").text
    found = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    return [one["data"] for one in found if one.get("kind") == "upload" and one["data"]["lease"] == lease.id]


def test_from_the_upload_to_the_index(daemon: Daemon, lease: Lease) -> None:
    """Each goal in its turn; and what was seen is an event."""
    lease.build("hello")
    assert lease.uploads("hello=1", **{"for": "built"})["reached"]
    lease.control.run("publisher")
    found = lease.uploads("hello=1", **{"for": "installable", "wait": 60})
    assert (found["reached"], found["final"]) == (True, True)
    (source,) = found["sources"]
    assert source["state"] == "installable"
    assert {build["arch"] for build in source["builds"]} == {"amd64", "arm64"}
    assert {(one["arch"], one["status"]) for one in source["binaries"]} == {
        ("amd64", "Published"), ("arm64", "Published"),
    }  # fmt: skip
    assert [(one["from"], one["to"]) for one in events(daemon, lease)] == [(None, "built"), ("built", "installable")]


def test_who_waits_sees_it_come(lease: Lease) -> None:
    """Nothing is there when it is first asked for."""
    with ThreadPoolExecutor() as pool:
        waits = [pool.submit(lease.uploads, "late=1", **{"for": "published", "wait": 60}) for _ in range(20)]
        until(lambda: "late 1 has not appeared" in lease.uploads("late=1")["why"])
        lease.publish("late")
        assert all(one.result()["reached"] for one in waits)


def test_a_failed_build_ends_the_wait_and_shows_its_log(lease: Lease) -> None:
    """Though others succeed."""
    lease.control.build_rule(state="Failed to build", arch="arm64", ppa=lease.ppa)
    lease.build("broken")
    found = lease.uploads("broken=1", wait=60)
    assert (found["reached"], found["final"], found["sources"][0]["state"]) == (False, True, "failed")
    (failed,) = [one for one in found["sources"][0]["builds"] if one["arch"] == "arm64"]
    assert failed["log"] in found["why"]
    only = lease.uploads("broken=1", arch="amd64", **{"for": "built", "wait": 60})
    assert only["reached"], only["sources"]


def test_what_waits_for_another_source_is_retried_once_that_is_there(lease: Lease) -> None:
    """By the daemon, and not before it was published."""
    lease.control.build_rule(source="app", ppa=lease.ppa, waits_for="libfoo")
    lease.control.dput(lease.ppa, "app", "1")
    until(lambda: {b["state"] for b in lease.control.packages(lease.ppa)["builds"]} == {"Dependency wait"})
    alone = lease.uploads("app=1")
    assert alone["final"]
    assert "libfoo" in alone["why"]
    both = lease.uploads("app=1", "libfoo=1")
    assert not both["final"]
    lease.publish("libfoo")
    found = lease.uploads("app=1", "libfoo=1", wait=60, **{"for": "built"})
    assert found["reached"]


def test_a_lost_builder_is_retried_on_demand(lease: Lease) -> None:
    """A failure that left a log is not."""
    lease.control.build_rule(state="Chroot problem", ppa=lease.ppa, source="unlucky", times=1)
    lease.control.build_rule(state="Failed to build", ppa=lease.ppa, source="broken", times=1)
    lease.build("unlucky")
    lease.build("broken")
    assert lease.uploads("unlucky=1")["final"]
    retried = lease.daemon.http.post(f"/v1/leases/{lease.id}/uploads/retry", json={}).json()["items"]
    assert [one["name"] for one in retried] == ["unlucky"]
    until(lambda: "Chroot problem" not in {b["state"] for b in lease.control.packages(lease.ppa)["builds"]})
    assert lease.uploads("unlucky=1", wait=60, **{"for": "built"})["reached"]


def test_a_version_of_an_earlier_lease_is_rejected_when_it_does_not_appear(
    daemon: Daemon, launchpad: Launchpad
) -> None:
    """Launchpad takes none twice.  Of another one nothing is known."""
    first = Lease(daemon, launchpad)
    first.publish("again")
    assert first.uploads("again=1", **{"for": "accepted"})["reached"]
    first.release()
    second = Lease(daemon, launchpad, ppa=first.ppa)
    found = second.uploads("again=1", "never=1", appear="0s")
    states = {source["name"]: source["state"] for source in found["sources"]}
    assert states == {"again": "rejected", "never": "lost"}
    assert not second.uploads("again=1", "never=1")["final"]
    second.release()


def test_a_full_ppa_is_told_where_an_upload_is_lost(daemon: Daemon, launchpad: Launchpad, lease: Lease) -> None:
    """Launchpad rejects it without a trace; and that it is lost is an event, not that it was not there yet."""
    big = [{"name": "big.tar", "size": 5 * 2**20, "sha256": "0" * 64}]
    launchpad.control.dput(lease.ppa, "big", "1", files=big)
    launchpad.control.settings(lease.ppa, authorized_size=6)
    with pytest.raises(Rejected, match="size limit"):
        launchpad.control.dput(lease.ppa, "more", "1", files=[{**big[0], "name": "more.tar"}])
    assert not lease.uploads("more=1")["final"]
    assert events(daemon, lease) == []
    found = lease.uploads("more=1", appear="0s")
    assert found["sources"][0]["state"] == "lost"
    assert "The PPA may be full: at least 5.0 of 6 MiB are taken" in found["why"]
    assert [(one["from"], one["to"]) for one in events(daemon, lease)] == [(None, "lost")]
    launchpad.control.settings(lease.ppa, authorized_size=8192)


def test_without_the_right_to_upload_nothing_can_have_been_accepted(daemon: Daemon, launchpad: Launchpad) -> None:
    """The lease says who uploads; somebody took the right away."""
    launchpad.control.person("nobody-special")
    lease = Lease(daemon, launchpad, uploader="~nobody-special")
    launchpad.control.uploader(lease.ppa, "nobody-special", remove=True)
    found = lease.uploads("hello=1", appear="0s")
    assert found["sources"][0]["state"] == "rejected"
    assert "~nobody-special" in found["why"]
    lease.release()


def test_the_end_of_the_lease_ends_the_wait(daemon: Daemon, launchpad: Launchpad) -> None:
    """With 410, at once."""
    lease = Lease(daemon, launchpad)
    with ThreadPoolExecutor() as pool:
        wait = pool.submit(lease.get, "hello=1", wait=60)
        until(lambda: "has not appeared" in lease.uploads("hello=1")["why"])
        lease.release()
        assert wait.result().status_code == 410
    assert lease.get("hello=1").status_code == 410


def test_of_a_private_ppa_the_index_cannot_be_read(daemon: Daemon, launchpad: Launchpad, lease: Lease) -> None:
    """422 and what to do, once the daemon has seen that it is private."""
    launchpad.control.settings(lease.ppa, private=True)
    daemon.http.post(f"/v1/leases/{lease.id}/touch", json={"ttl": 86400})
    until(lambda: lease.get("hello=1", **{"for": "installable"}).status_code == 422)
    assert "--auth" in lease.get("hello=1", **{"for": "installable"}).json()["detail"]
    launchpad.control.settings(lease.ppa, private=False)


def test_while_launchpad_is_away_nothing_is_told(lease: Lease) -> None:
    """Not even that nothing is there."""
    lease.control.fault("status", status=503, path="getPublishedSources")
    response = lease.get("hello=1")
    assert response.status_code == 503


def test_a_daemon_that_was_restarted_sees_the_same(launchpad: Launchpad, tmp_path: Path) -> None:
    """Nothing was stored."""
    one = configure(tmp_path, launchpad, "restarted", ppas=["~ci-pool/ubuntu/pool-010"])
    with running(one):
        lease = Lease(one.start(), launchpad)
        lease.publish("kept")
        before = lease.uploads("kept=1", **{"for": "installable", "wait": 60})
        one.kill()
        one.start()
        assert lease.uploads("kept=1", **{"for": "installable", "wait": 60}) == before
        assert before["reached"]


def test_the_command_line_waits_for_it(daemon: Daemon, launchpad: Launchpad) -> None:
    """From nothing to the index, beside a source that fails; and past the end of the lease."""
    lease = Lease(daemon, launchpad)
    url = f"unix:{daemon.address}"
    with started("wait", lease.id, "--source", "cli=1", "--for", "installable", url=url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "cli 1: absent\n"
        lease.publish("cli")
        assert process.wait(90) == 0
        assert "cli 1 noble: installable" in process.stdout.read().splitlines()
    launchpad.control.build_rule(state="Failed to build", source="sad", ppa=lease.ppa)
    lease.build("sad")
    failed = cli("wait", lease.id, "--source", "sad=1", url=url)
    assert (failed.returncode, "buildlog_ubuntu-noble-amd64.sad_1" in failed.stdout) == (65, True)
    launchpad.control.build_unrule()
    lease.release()
    assert cli("wait", lease.id, url=url).returncode == 77
